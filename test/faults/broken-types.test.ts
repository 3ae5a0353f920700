/**
 * Operation types that do not load: their operations fail at once. Workers that cannot start:
 * operations wait.
 */
import { cpSync, existsSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { newId } from "../../protocol/id.js";
import type { Operation } from "../../protocol/operation.js";
import { TestDaemon } from "../harness/daemon.js";
import { temporaryDirectory } from "../harness/temporary.js";
import { counts, patience } from "./mode.js";
import { runBin } from "./run-bin.js";
import { eventually, inStage, operations, recordThat, untilFinished } from "./start.js";
import { compareOnce, record } from "./tally.js";

/** Writes a line when it runs, and a gate keeps it from ending where one is given. */
const MARKS = `
import { appendFileSync, existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";
export class Marks extends LiveOperation {
  static params = z.object({ side: z.string(), name: z.string(), gate: z.string().optional() });
  async run(p) {
    const { side, name, gate } = this.params;
    appendFileSync(side, name + "\\n");
    while (gate && !existsSync(gate)) await delay(5, undefined, { signal: p.signal });
  }
}
`;
const BROKEN = "export class Marks extends LiveOperation {";

const OTHER = `
import { LiveOperation } from "liveops";
export class Other extends LiveOperation {
  async run(p) { p.result("ran"); }
}
`;

/**
 * Holds the only slot until the returned function is called: what is submitted meanwhile is queued.
 */
async function holdSlot(daemon: TestDaemon): Promise<() => void> {
  const gate = join(daemon.world.dir, `slot-${newId()}`);
  const { id } = await daemon.submit("gate", { params: { gate } });
  await inStage(daemon, id, "Wait");
  return () => writeFileSync(`${gate}.1`, "");
}

async function submitMarks(daemon: TestDaemon, side: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let from = 0; from < count; from += 500) {
    const bodies = Array.from({ length: Math.min(500, count - from) }, (_, n) => ({
      op: "marks",
      params: { side, name: `m${from + n}` },
    }));
    ids.push(...(await daemon.client.submit(bodies, newId())).map(({ id }) => id));
  }
  return ids;
}

const names = (count: number) => Array.from({ length: count }, (_, n) => `m${n}`);
const linesOf = (file: string) =>
  existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
const isBlocked = ({ blocked }: Operation) => typeof blocked?.reason === "string";

test("a type that does not load: its queued operations fail at once, and a retry runs them once it loads", {
  timeout: patience(60_000, 180_000),
}, async () => {
  const count = counts(20, 500);
  await using daemon = await TestDaemon.start({
    ops: { ...operations("gate"), "marks.mjs": MARKS, "other.mjs": OTHER },
    concurrency: 1,
  });
  const { world, client } = daemon;
  const side = join(world.dir, "side");
  const openSlot = await holdSlot(daemon);
  const ids = await submitMarks(daemon, side, count);
  const other = await daemon.submit("other");
  world.writeOp("marks.mjs", BROKEN);
  openSlot();
  for (const id of ids) {
    const { state, attempt, error } = await untilFinished(daemon, id);
    expect({ state, attempt, code: error?.code }).toEqual({
      state: "failed",
      attempt: 0,
      code: "LIVEOPS_LOAD_FAILED",
    });
    expect(error?.message).toMatch(
      /marks\.mjs does not load: .+; mend the file, then run: liveops retry/,
    );
    expect(error?.message).toContain(`liveops retry ${id}`);
  }
  expect(await untilFinished(daemon, other.id)).toMatchObject({ state: "succeeded" });
  world.writeOp("marks.mjs", MARKS);
  for (const id of ids) await client.retry(id);
  for (const id of ids)
    expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded" });
  const compared = compareOnce(names(count), linesOf(side));
  record({ fault: "type does not load", injected: 1, ...compared }, compared.details);
});

/** An own `shell`, which counts before the shipped one. */
const SHELL = MARKS.replaceAll("Marks", "Shell");

test("a file that does not load keeps its names: no other file's type runs instead, and none is submitted", async () => {
  await using daemon = await TestDaemon.start({
    ops: { ...operations("gate"), "mine.mjs": SHELL, "later.mjs": SHELL },
    concurrency: 1,
  });
  const { world, client } = daemon;
  const side = join(world.dir, "side");
  const touched = join(world.dir, "touched");
  const submit = () =>
    client.submit({ op: "shell", params: { command: `touch ${touched}` } }, newId());
  const later = join(world.opsDir, "later.mjs");
  expect(await client.types()).toMatchObject({ shadowed: [{ op: "shell" }, { op: "shell" }] });
  const openSlot = await holdSlot(daemon);
  const { id } = await daemon.submit("shell", { params: { side, name: "a" } });
  // The first of the two files: neither the second nor the shipped type may take the name.
  const names = [
    ["later.mjs", "export class {", "mine.mjs", MARKS],
    ["later.mjs", "", "mine.mjs", MARKS],
    [
      "later.mjs",
      SHELL.replace("static params", 'static title = ""; static params'),
      "mine.mjs",
      MARKS,
    ],
  ] as const;
  for (const [file, text, other, marks] of names) {
    world.writeOp(other, marks);
    world.writeOp(file, text);
    const refused = await submit().then(
      () => null,
      (error: Error) => error.message,
    );
    expect(refused).toMatch(
      /there is no operation type "shell": .*later\.mjs (does not load|has no operation type): /,
    );
  }
  const { notLoaded, shadowed, ops } = await client.types();
  expect(notLoaded).toEqual([
    { op: "shell", file: later, reason: expect.stringContaining("static title must be text") },
  ]);
  expect(shadowed).toEqual([
    { op: "shell", file: expect.stringMatching(/dist\/ops\/shell/), by: later },
  ]);
  expect(ops.map(({ op }) => op)).not.toContain("shell");
  openSlot();
  expect((await untilFinished(daemon, id)).error?.message).toMatch(/later\.mjs does not load: /);
  // The next daemon never loaded the file: its text and its name count.
  world.writeOp("later.mjs", `${SHELL}(`);
  await daemon.kill();
  await daemon.startAgain();
  await expect(submit()).rejects.toThrow(/later\.mjs does not load/);
  expect(existsSync(touched)).toBe(false);
  world.writeOp("later.mjs", SHELL);
  await client.retry(id);
  expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded", attempt: 1 });
  expect(linesOf(side)).toEqual(["a"]);
});

test("a file that does not load is in the status and once in the log, until it loads", async () => {
  await using daemon = await TestDaemon.start({ ops: { "other.mjs": OTHER } });
  const { world, client } = daemon;
  const problems = async () => (await client.daemon()).problems;
  await eventually("all are loaded", async () => (await client.types()).ops.length > 1);
  world.writeOp("broken.mjs", "boom = = 1");
  const told = await eventually("it is told", async () => (await problems())[0] ?? null);
  expect(told).toMatch(/broken\.mjs does not load: SyntaxError/);
  expect((await runBin(world, "liveopsd", ["status"])).stdout).toContain(`problem     ${told}`);
  world.writeOp("other.mjs", `${OTHER}// edited`);
  await problems();
  world.writeOp("broken.mjs", OTHER.replace("Other", "Mended"));
  await eventually("it loads", async () => (await problems()).length === 0);
  const log = readFileSync(join(world.stateDir, "liveopsd.log"), "utf8");
  expect(log.split("the operation file does not load")).toHaveLength(2);
  expect(log.split("the operation file is no longer broken")).toHaveLength(2);
});

test("a type that the daemon can load and a worker cannot: the operation fails at once", async () => {
  const odd = `import { basename } from "node:path";
    if (basename(process.argv[1]) === "worker.js") throw new Error("not in a worker");
    ${MARKS}`;
  await using daemon = await TestDaemon.start({ ops: { "marks.mjs": odd } });
  const [id = ""] = await submitMarks(daemon, join(daemon.world.dir, "side"), 1);
  const { state, error } = await untilFinished(daemon, id);
  expect({ state, code: error?.code }).toEqual({ state: "failed", code: "LIVEOPS_LOAD_FAILED" });
  expect(error?.message).toMatch(
    /marks\.mjs does not load: not in a worker; mend the file, then run: /,
  );
});

test("edits while many workers are warm: a worker that leaves for an edit is no loss of its operation", async () => {
  const concurrency = 5;
  await using daemon = await TestDaemon.start({ ops: { "marks.mjs": MARKS }, concurrency });
  const side = join(daemon.world.dir, "side");
  const gate = join(daemon.world.dir, "gate");
  const held = await Promise.all(
    Array.from({ length: concurrency }, (_, n) =>
      daemon.submit("marks", { params: { side, name: `held${n}`, gate } }),
    ),
  );
  await eventually("all of them run", () => linesOf(side).length === concurrency);
  writeFileSync(gate, "");
  for (const { id } of held) await untilFinished(daemon, id);
  daemon.world.writeOp("marks.mjs", `${MARKS}// edited\n`);
  // All warm workers have loaded the file: the one operation meets them one after the other.
  const [id = ""] = await submitMarks(daemon, side, 1);
  expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded", attempt: 1 });
});

test("workers that cannot be started: operations wait, shown with the reason, and run when they can", async () => {
  using dir = temporaryDirectory();
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const dist = join(dir.path, "dist");
  cpSync(join(root, "dist"), dist, { recursive: true });
  symlinkSync(join(root, "node_modules"), join(dir.path, "node_modules"));
  writeFileSync(join(dir.path, "package.json"), readFileSync(join(root, "package.json")));
  await using daemon = await TestDaemon.start({
    ops: { "marks.mjs": MARKS },
    concurrency: 1,
    dist,
  });
  const side = join(daemon.world.dir, "side");
  const gate = join(daemon.world.dir, "gate");
  // It holds the one worker there is, which is not used again: its successor cannot be made.
  const held = await daemon.submit("marks", { params: { side, name: "held", gate } });
  await recordThat(daemon, held.id, ({ state }) => state === "running");
  renameSync(join(dist, "worker.js"), join(dist, "worker.away"));
  await daemon.client.cancel(held.id);
  const ids = await submitMarks(daemon, side, 20);
  const { blocked } = await recordThat(daemon, ids.at(-1)!, isBlocked);
  expect(blocked?.reason).toMatch(
    /worker process ended before it was ready \(exit code 1\): Error: Cannot find module/,
  );
  expect(await daemon.client.daemon()).toMatchObject({ workers: { blocked } });
  expect((await runBin(daemon.world, "liveopsd", ["status"])).stdout).toMatch(
    /problem +no worker can be started: /,
  );
  renameSync(join(dist, "worker.away"), join(dist, "worker.js"));
  for (const id of ids)
    expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded", attempt: 1 });
  expect(await daemon.client.daemon()).toMatchObject({ workers: { blocked: null } });
  const compared = compareOnce(["held", ...names(20)], linesOf(side));
  record({ fault: "workers cannot be started", injected: 1, ...compared }, compared.details);
});
