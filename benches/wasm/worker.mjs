// The workloads in a worker, where the playground lets its engine run as well.
import init, { headless_run } from "../floodgate-playground.js";
import { run } from "./run.mjs";

const texts = {};
for (const workload of ["w1", "w2", "w3"]) {
  texts[workload] = await (await fetch(new URL(`${workload}.toml`, import.meta.url))).text();
}
await init({ module_or_path: new URL("../floodgate-playground_bg.wasm", import.meta.url) });
// The playground's own listener goes: here nobody sends it commands.
self.onmessage = ({ data: { workload, until } }) => {
  try {
    self.postMessage({ result: run(headless_run, texts[workload], until) });
  } catch (error) {
    self.postMessage({ problem: String(error) });
  }
};
self.postMessage({ ready: true });
