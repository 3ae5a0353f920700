/** Operation types that do not load, and workers that cannot start: queued operations wait, and none is lost. */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
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

/** Holds the only slot until the returned function is called: what is submitted meanwhile is queued. */
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
const linesOf = (file: string) => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []);
const isBlocked = ({ blocked }: Operation) => typeof blocked?.reason === "string";

/** The reason the daemon logged, each time it took a type's operations out of the queue. */
function blocks(daemon: TestDaemon): number {
  const log = readFileSync(join(daemon.world.stateDir, "liveopsd.log"), "utf8");
  return log.split("the operation type does not load").length - 1;
}

test("a type that does not load: its operations wait, hold up no other, and all run once when it loads", {
  timeout: patience(60_000, 180_000),
}, async () => {
  const count = counts(60, 2000);
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
  const first = await recordThat(daemon, ids[0]!, isBlocked);
  expect(first).toMatchObject({ state: "queued", attempt: 0, queuePosition: null });
  expect(first.blocked?.reason).toMatch(/marks\.mjs does not load: .+/);
  expect(await untilFinished(daemon, other.id)).toMatchObject({ state: "succeeded" });
  expect(await client.show(ids.at(-1)!)).toMatchObject({ state: "queued", blocked: first.blocked });
  expect(await client.daemon()).toMatchObject({ blockedTypes: [{ op: "marks", operations: count }] });

  // Where people look.
  expect((await runBin(world, "liveops", ["ls"])).stdout).toContain("blocked");
  expect((await runBin(world, "liveops", ["show", first.id])).stdout).toMatch(/blocked since .*marks\.mjs/);
  expect((await runBin(world, "liveopsd", ["status"])).stdout).toMatch(
    new RegExp(`problem +${count} queued operations wait for the type marks: .*marks\\.mjs does not load`),
  );

  expect(await client.cancel(ids[1]!)).toMatchObject({ state: "cancelled", blocked: null });
  // Another mistake of the author's is another reason, and no operation is tried for it.
  world.writeOp("marks.mjs", 'throw new Error("still wrong");');
  await recordThat(daemon, first.id, ({ blocked }) => /still wrong/.test(blocked?.reason ?? ""));
  expect(blocks(daemon)).toBe(1);

  // The next daemon knows since when they wait.
  await daemon.kill();
  await daemon.startAgain();
  expect((await recordThat(daemon, ids[0]!, isBlocked)).blocked?.since).toBe(first.blocked?.since);
  world.writeOp("marks.mjs", MARKS);
  for (const id of ids)
    if (id !== ids[1])
      expect(await untilFinished(daemon, id)).toMatchObject({
        state: "succeeded",
        attempt: 1,
        blocked: null,
      });
  expect(await client.daemon()).toMatchObject({ blockedTypes: [] });
  const compared = compareOnce(
    names(count).filter((name) => name !== "m1"),
    linesOf(side),
  );
  record({ fault: "type does not load", injected: 1, ...compared }, compared.details);
});

test("an operations directory that is away: its operations wait until it is back", async () => {
  await using daemon = await TestDaemon.start({
    ops: { ...operations("gate"), "marks.mjs": MARKS },
    concurrency: 1,
  });
  const side = join(daemon.world.dir, "side");
  const openSlot = await holdSlot(daemon);
  const ids = await submitMarks(daemon, side, 20);
  renameSync(daemon.world.opsDir, `${daemon.world.opsDir}.away`);
  openSlot();
  const { blocked } = await recordThat(daemon, ids[0]!, isBlocked);
  expect(blocked?.reason).toMatch(/: it is missing, and its types wait for it; create it again/);
  renameSync(`${daemon.world.opsDir}.away`, daemon.world.opsDir);
  for (const id of ids)
    expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded", attempt: 1 });
  const compared = compareOnce(names(20), linesOf(side));
  record({ fault: "operations directory away", injected: 1, ...compared }, compared.details);
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
  const submit = () => client.submit({ op: "shell", params: { command: `touch ${touched}` } }, newId());
  const later = join(world.opsDir, "later.mjs");
  expect(await client.types()).toMatchObject({ shadowed: [{ op: "shell" }, { op: "shell" }] });
  const openSlot = await holdSlot(daemon);
  const { id } = await daemon.submit("shell", { params: { side, name: "a" } });
  // The first of the two files: neither the second nor the shipped type may take the name.
  const names = [
    ["later.mjs", "export class {", "mine.mjs", MARKS],
    ["later.mjs", "", "mine.mjs", MARKS],
    ["later.mjs", SHELL.replace("static params", 'static title = ""; static params'), "mine.mjs", MARKS],
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
  expect(shadowed).toEqual([{ op: "shell", file: expect.stringMatching(/dist\/ops\/shell/), by: later }]);
  expect(ops.map(({ op }) => op)).not.toContain("shell");
  openSlot();
  expect((await recordThat(daemon, id, isBlocked)).blocked?.reason).toMatch(/later\.mjs does not load: /);
  // The next daemon never loaded the file: its text and its name count.
  world.writeOp("later.mjs", `${SHELL}(`);
  await daemon.kill();
  await daemon.startAgain();
  await recordThat(daemon, id, isBlocked);
  await expect(submit()).rejects.toThrow(/later\.mjs does not load/);
  expect(existsSync(touched)).toBe(false);
  world.writeOp("later.mjs", SHELL);
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

test("a file that a type imports and that is not there yet: the type loads once it is there", async () => {
  await using daemon = await TestDaemon.start({
    ops: { ...operations("gate"), "marks.mjs": MARKS },
    concurrency: 1,
  });
  const side = join(daemon.world.dir, "side");
  const openSlot = await holdSlot(daemon);
  const [id = ""] = await submitMarks(daemon, side, 1);
  mkdirSync(join(daemon.world.opsDir, "lib"));
  daemon.world.writeOp("marks.mjs", `import "./lib/part.mjs";${MARKS}`);
  openSlot();
  await recordThat(daemon, id, isBlocked);
  daemon.world.writeOp("lib/part.mjs", "");
  expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded", attempt: 1 });
});

test("a type that the loader can load and a worker cannot: its operations wait, and start once it loads", async () => {
  const world = temporaryDirectory();
  const mended = join(world.path, "mended");
  const odd = `import { basename } from "node:path"; import { existsSync as there } from "node:fs";
    if (basename(process.argv[1]) === "worker.js" && !there(${JSON.stringify(mended)})) throw new Error("not in a worker");
    ${MARKS}`;
  using _ = world;
  await using daemon = await TestDaemon.start({ ops: { "marks.mjs": odd }, concurrency: 2 });
  const side = join(daemon.world.dir, "side");
  const ids = await submitMarks(daemon, side, 20);
  const blocked = await eventually("one is blocked", async () => {
    const records = await Promise.all(ids.map((id) => daemon.client.show(id)));
    return records.find((each) => each.state === "queued" && each.blocked !== null) ?? null;
  });
  expect(blocked.blocked?.reason).toMatch(/marks\.mjs does not load: not in a worker/);
  writeFileSync(mended, "");
  for (const id of ids) expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded" });
  const compared = compareOnce(names(20), linesOf(side));
  record({ fault: "type does not load in a worker", injected: 1, ...compared }, compared.details);
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
  await using daemon = await TestDaemon.start({ ops: { "marks.mjs": MARKS }, concurrency: 1, dist });
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
