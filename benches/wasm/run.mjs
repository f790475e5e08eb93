// A run of the playground's own wasm and how long it took by the clock: the same for Node and for Chromium's worker.
export function run(headlessRun, text, until) {
  const start = performance.now();
  const said = headlessRun(text, "1", until, "");
  const ms = performance.now() - start;
  const { events, digest, error } = JSON.parse(said);
  if (error !== undefined) throw new Error(error);
  return { ms, events, digest };
}
