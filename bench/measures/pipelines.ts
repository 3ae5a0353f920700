/**
 * Pipelines that have nothing to do, beside a no-op build of ninja over the same files; and steps side by side, beside
 * GNU parallel with the same commands.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { present, programVersion } from "../harness/peer.js";
import { interleave, type MeasureOptions, type Row, row } from "../harness/rows.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";

const STAGES = 20;
const FILES_OF_A_STAGE = 500;
const FILE_BYTES = 2000;

/** ms in which a file that has just been written is read again; see `ops/features/up-to-date/files/content.ts`. */
const SETTLES_MS = 3000;

export default async function pipelines({ quick }: MeasureOptions): Promise<Row[]> {
  const world = await benchWorld();
  try {
    return [...(await nothingToDo(world, quick)), ...(await sideBySide(world, quick))];
  } finally {
    world.stop();
  }
}

async function nothingToDo(world: BenchWorld, quick: boolean): Promise<Row[]> {
  const dir = join(world.dir, "files");
  const stages = Array.from({ length: STAGES }, (_, n) => n);
  for (const n of stages) {
    mkdirSync(join(dir, `src${n}`), { recursive: true });
    for (let file = 0; file < FILES_OF_A_STAGE; file++)
      writeFileSync(join(dir, `src${n}`, `${file}.c`), `${n} ${file} `.repeat(FILE_BYTES / 6));
  }
  const command = (n: number) => `cat src${n}/*.c | cksum >out${n}`;
  const stage = (n: number) =>
    `  - { name: S${n}, needs: [src${n}/**], makes: [out${n}], run: "${command(n)}" }\n`;
  const run = await submitter(world, dir, `stages:\n${stages.map(stage).join("")}`);
  const first = await run();
  await delay(SETTLES_MS);
  // Reads all once more, and keeps the times of the files.
  await run();
  const name = `up to date: ${STAGES} stages, ${(STAGES * FILES_OF_A_STAGE).toLocaleString("en-US")} files`;
  const notes = `submit to end on a daemon that is there; the first run, which reads all files, took ${Math.round(first)} ms`;
  const ninja = present("ninja", programVersion("ninja"));
  const edges = stages.map((n) => {
    const inputs = Array.from({ length: FILES_OF_A_STAGE }, (_, file) => `src${n}/${file}.c`);
    return `build out${n}: sum ${inputs.join(" ")}\n  n = ${n}\n`;
  });
  writeFileSync(
    join(dir, "build.ninja"),
    `rule sum\n  command = cat src$n/*.c | cksum >out$n\n${edges.join("")}`,
  );
  execFileSync("ninja", { cwd: dir, stdio: "ignore" });
  // ninja wrote the files of `makes` anew, with the same content.
  await run();
  await delay(SETTLES_MS);
  await run();
  const samples = await interleave({ ours: run, ninja: () => timeOf("ninja", [], dir) }, quick ? 3 : 15);
  return [
    row({
      name: `${name}, beside ninja`,
      unit: "ms",
      ours: samples.ours,
      beside: { what: `ninja ${ninja}`, samples: samples.ninja },
      goal: "≤ 5 ×",
      notes: `${notes}; ninja looks at the times only`,
    }),
  ];
}

async function sideBySide(world: BenchWorld, quick: boolean): Promise<Row[]> {
  const parallel = present("GNU parallel", programVersion("parallel"));
  const numbers = Array.from({ length: 100 }, (_, n) => n);
  const text = `stages:\n  - name: All\n    each: { n: [${numbers.join(", ")}] }\n    at_once: 8\n    run: [true]\n`;
  const run = await submitter(world, world.dir, text);
  const input = numbers.join("\n");
  const samples = await interleave(
    { ours: run, parallel: () => timeOf("parallel", ["-j8", "-N0", "true"], world.dir, input) },
    quick ? 3 : 11,
  );
  return [
    row({
      name: "100 steps of true, 8 at once, beside GNU parallel",
      unit: "ms",
      ours: samples.ours,
      beside: { what: `GNU parallel ${parallel}`, samples: samples.parallel },
      goal: "≤ 2 ×",
      notes: "submit to end on a daemon that is there; each step has its events, its log and its exit code",
    }),
  ];
}

/** A function that runs the pipeline once and returns how long that took, in ms. */
async function submitter({ client }: BenchWorld, cwd: string, text: string): Promise<() => Promise<number>> {
  const path = join(cwd, "bench.yaml");
  writeFileSync(path, text);
  const params = { text: readFileSync(path, "utf8"), path, params: {} };
  return async () => {
    const start = performance.now();
    const { id } = await client.submit({ op: "pipeline", params, cwd }, crypto.randomUUID());
    for await (const line of client.events(id, { follow: true }))
      if (line.type === "end" && line.state !== "succeeded")
        throw new Error(`the pipeline has ${line.state}`);
    return performance.now() - start;
  };
}

function timeOf(program: string, words: string[], cwd: string, input = ""): number {
  const start = performance.now();
  const { status } = spawnSync(program, words, { cwd, input, stdio: ["pipe", "ignore", "inherit"] });
  if (status !== 0) throw new Error(`${program} ended with ${status}`);
  return performance.now() - start;
}
