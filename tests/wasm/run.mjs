// The golden digests under Node, by the very wasm and glue that the page loads: run.mjs BUNDLE_DIRECTORY CASES.json
// (`cargo xtask test --only wasm` builds the one and writes the other).
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const PLAYGROUND = "floodgate-playground";

const [bundle, casesFile] = process.argv.slice(2);
if (!bundle || !casesFile) {
  console.error("usage: node tests/wasm/run.mjs BUNDLE_DIRECTORY CASES.json");
  process.exit(2);
}

const module = await import(pathToFileURL(resolve(bundle, `${PLAYGROUND}.js`)).href);
await module.default({ module_or_path: await readFile(join(bundle, `${PLAYGROUND}_bg.wasm`)) });
const { headless_run: headlessRun } = module;
if (typeof headlessRun !== "function") {
  console.error("the playground exports no headless_run(scenario, seed, until[, variant])");
  process.exit(1);
}
const cases = JSON.parse(await readFile(casesFile, "utf8"));
if (cases.length === 0) {
  console.error("there is no golden to compare with");
  process.exit(1);
}

const takesVariant = headlessRun.length >= 4;
let [compared, failed, unsupported] = [0, 0, 0];
for (const golden of cases) {
  // An argument too many would be dropped without a word, and the plain run compared with the variant's golden.
  if (golden.variant !== "" && !takesVariant) {
    unsupported += 1;
    continue;
  }
  compared += 1;
  try {
    const words = [golden.text, golden.seed, golden.until, ...(takesVariant ? [golden.variant] : [])];
    const { events, digest } = JSON.parse(headlessRun(...words));
    if (events === golden.events && digest === golden.digest) {
      console.log(`ok   ${golden.name}: ${events} events, ${digest}`);
      continue;
    }
    console.error(`FAIL ${golden.name}: native ${golden.events} events ${golden.digest}, wasm ${events} events ${digest}`);
  } catch (error) {
    console.error(`FAIL ${golden.name}: ${error?.stack ?? error}`);
  }
  failed += 1;
}
if (unsupported > 0) {
  console.error(`NOT RUN here: ${unsupported} variants, because headless_run takes no variant; natively they were`);
}
console.log(`${compared - failed} of ${compared} golden digests agree under Node ${process.version}`);
process.exit(failed === 0 ? 0 : 1);
