// The golden digests under Node, by the very wasm and glue that the page loads: run.mjs BUNDLE_DIRECTORY CASES.json
// (`cargo xtask test --only wasm` builds the one and writes the other).
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const PLAYGROUND = "floodgate-playground";

const [bundle, casesFile] = process.argv.slice(2);
if (!bundle || !casesFile) {
  console.error("usage: node tests/wasm/run.mjs BUNDLE_DIRECTORY CASES.json");
  process.exit(2);
}

// The glue is an ES module without a package.json beside it: handed over as text it is one whatever the version of Node thinks.
// Snippets that the glue imports lie beside it, so it has to be loaded from its place when there are any.
async function load() {
  const glue = join(bundle, `${PLAYGROUND}.js`);
  const text = await readFile(glue, "utf8");
  const relativeImports = /^\s*import\s[^;]*from\s+['"]\.\.?\//m.test(text);
  const module = relativeImports
    ? await import(pathToFileURL(glue).href)
    : await import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`);
  await module.default({ module_or_path: await readFile(join(bundle, `${PLAYGROUND}_bg.wasm`)) });
  return module;
}

const { headless_run: headlessRun } = await load();
if (typeof headlessRun !== "function") {
  console.error("the playground exports no headless_run(scenario, seed, until, variant)");
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
  console.error(`NOT RUN: ${unsupported} variants, because headless_run takes no variant`);
}
console.log(`${compared - failed} of ${compared} golden digests agree under Node ${process.version}`);
process.exit(failed === 0 && unsupported === 0 ? 0 : 1);
