/**
 * A pipeline that has nothing to do, beside a no-op build of ninja over the same files; and steps
 * side by side, beside GNU parallel with the same commands.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { rounds, row } from "../harness/measure.js";
import { requirePeers } from "../harness/peers.js";
import { timed } from "../harness/processes.js";
import { timeOf } from "../harness/submitter.js";
import { benchWorld, temporary } from "../harness/world.js";

const STAGES = [...Array(20).keys()];
const FILES = [...Array(500).keys()];
/**
 * ms in which a file that has just been written is read again; see
 * `ops/features/up-to-date/files/content.ts`.
 */
const SETTLES_MS = 3000;

requirePeers("ninja", "GNU parallel");
const { client } = await benchWorld();
const cwd = temporary();
for (const n of STAGES) {
  mkdirSync(join(cwd, `src${n}`));
  for (const file of FILES)
    writeFileSync(join(cwd, `src${n}`, `${file}.c`), `${n} ${file} `.repeat(333));
}
const command = (n: string) => `cat src${n}/*.c | cksum >out${n}`;
const builds = STAGES.map((n) => {
  const inputs = FILES.map((file) => `src${n}/${file}.c`);
  return `build out${n}: sum ${inputs.join(" ")}\n  n = ${n}\n`;
});
writeFileSync(
  join(cwd, "build.ninja"),
  `rule sum\n  command = ${command("$n")}\n${builds.join("")}`,
);
const stages = STAGES.map(
  (n) => `  - { name: S${n}, needs: [src${n}/**], makes: [out${n}], run: "${command(`${n}`)}" }\n`,
);
const upToDate = () => run(`stages:\n${stages.join("")}`);

execFileSync("ninja", { cwd, stdio: "ignore" });
await upToDate();
await sleep(SETTLES_MS);
// Reads all once more, and keeps the times of the files.
await upToDate();
const nothing = await rounds(9, { ours: upToDate, ninja: () => timed(["ninja"], { cwd }) });
row(`up to date: ${STAGES.length} stages, 10,000 files`, "ms", "≤ 5 ×", nothing.ours, {
  ninja: nothing.ninja,
});

const each = [...Array(100).keys()];
const steps = `stages: [{ name: All, each: { n: [${each}] }, at_once: 8, run: [true] }]`;
const sideBySide = await rounds(7, {
  ours: () => run(steps),
  parallel: () => timed(["parallel", "-j8", "-N0", "true"], { input: each.join("\n") }),
});
row("100 steps of true, 8 at once", "ms", "≤ 2 ×", sideBySide.ours, {
  "GNU parallel": sideBySide.parallel,
});

/** Milliseconds of the pipeline, submit to end. */
function run(text: string): Promise<number> {
  return timeOf(client, {
    op: "pipeline",
    params: { text, path: join(cwd, "bench.yaml"), params: {} },
    cwd,
  });
}
