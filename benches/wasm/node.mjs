// The workloads under Node: node.mjs, in a bundle that `cargo xtask bench` has built. Answers each line `WORKLOAD UNTIL` on
// its input with `MS_BY_THE_CLOCK MS_OF_PROCESSOR EVENTS DIGEST`, after a line with Node's version.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import init, { headless_run } from "../floodgate-playground.js";
import { run } from "./run.mjs";

const beside = (name) => readFile(new URL(name, import.meta.url));
await init({ module_or_path: await beside("../floodgate-playground_bg.wasm") });
console.log(`Node ${process.version}`);
for await (const line of createInterface({ input: process.stdin })) {
  const [workload, until] = line.split(" ");
  const text = (await beside(`${workload}.toml`)).toString();
  const before = process.cpuUsage();
  const { ms, events, digest } = run(headless_run, text, until);
  // Of the whole process: what the compiler and the collector of garbage do meanwhile counts.
  const { user, system } = process.cpuUsage(before);
  console.log(`${ms} ${(user + system) / 1000} ${events} ${digest}`);
}
