/**
 * What `liveops submit` costs as a whole process, against `node -e 0` in the same run.
 *
 *     npm run build && npx tsx bench/submit.ts [rounds]
 *
 * A real daemon in a temporary directory, the real bins. Rounds are interleaved and the medians compared, so that a
 * busy machine slows both alike. Its one worker is kept busy by a sleep, so that what is submitted waits in the
 * queue and takes no CPU from what is measured.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const LIMIT = 1.7;
const ROUNDS = Number(process.argv[2] ?? 60);
const bin = (name: string) => fileURLToPath(new URL(`../dist/bin/${name}.cjs`, import.meta.url));
// The Node of node_modules where there is one, as npx and npm scripts take it.
const own = fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url));
const node = existsSync(own) ? own : process.execPath;

const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
const { NODE_EXTRA_CA_CERTS: _slow, NODE_OPTIONS: _loaders, ...inherited } = process.env;
const env = { ...inherited, HOME: dir, LIVEOPS_STATE_DIR: dir, LIVEOPS_SOCKET: join(dir, "liveopsd.sock") };
const run = (...words: string[]) => execFileSync(node, words, { env, encoding: "utf8" });

/** Milliseconds from spawn to exit. */
function timed(...words: string[]): Promise<number> {
  const start = process.hrtime.bigint();
  return new Promise((resolve, reject) => {
    spawn(node, words, { env, stdio: ["ignore", "pipe", "inherit"] }).on("exit", (code) => {
      if (code === 0) resolve(Number(process.hrtime.bigint() - start) / 1e6);
      else reject(new Error(`${words.join(" ")} ended with ${code}`));
    });
  });
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

const bare: number[] = [];
const submit: number[] = [];
try {
  run(bin("liveopsd"), "start", "--concurrency", "1");
  run(bin("liveops"), "submit", "shell", "--", "sleep", "3600");
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(await timed("-e", "0"));
    submit.push(await timed(bin("liveops"), "submit", "shell", "--", "true"));
  }
} finally {
  run(bin("liveopsd"), "stop", "--now");
  rmSync(dir, { recursive: true, force: true });
}

const [reference, cost] = [median(bare), median(submit)];
const ratio = cost / reference;
console.log(`node -e 0       ${reference.toFixed(1)} ms`);
console.log(`liveops submit  ${cost.toFixed(1)} ms`);
console.log(`ratio           ${ratio.toFixed(2)} (at most ${LIMIT})`);
process.exitCode = ratio <= LIMIT ? 0 : 1;
