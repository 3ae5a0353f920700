/**
 * `npm run fuzz -- [target] [--seconds N] [--seed N]`: the fuzz targets, for longer than `npm test` gives them.
 *
 * Without a target all of them run, one after the other, each for N seconds (default: 60). Exits 1 where an input broke a
 * law, with the seed and the smallest such input; 2 for wrong usage.
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));
const targets = readdirSync(join(root, "test/fuzz"))
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => name.slice(0, -".test.ts".length));

interface Run {
  chosen: string[];
  seconds: number;
  seed: number;
}

/** @throws Error in words for people */
function readWords(words: string[]): Run {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: { seconds: { type: "string" }, seed: { type: "string" } },
  });
  for (const name of positionals)
    if (!targets.includes(name))
      throw new Error(`there is no fuzz target ${name}; there are ${targets.join(", ")}`);
  return {
    chosen: positionals.length > 0 ? positionals : targets,
    seconds: readNumber("--seconds", values.seconds ?? "60", 1, 1_000_000),
    seed: readNumber("--seed", values.seed ?? String(Math.floor(Math.random() * 2 ** 31)), 0, 2 ** 31 - 1),
  };
}

function readNumber(name: string, text: string, low: number, high: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= low && number <= high) return number;
  throw new Error(`${name} takes a whole number from ${low} to ${high}, not ${text}`);
}

function fuzz({ chosen, seconds, seed }: Run): number {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const files = chosen.map((name) => `test/fuzz/${name}.test.ts`);
  const words = ["run", "--config", "test/vitest.config.ts", "--no-file-parallelism", ...files];
  const { status } = spawnSync(process.execPath, [vitest, ...words], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, LIVEOPS_FUZZ_SECONDS: String(seconds), LIVEOPS_FAULTS_SEED: String(seed) },
  });
  return status === 0 ? 0 : 1;
}

try {
  process.exitCode = fuzz(readWords(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(
    `fuzz: ${(error as Error).message}; npm run fuzz -- [target] [--seconds N] [--seed N]\n`,
  );
  process.exitCode = 2;
}
