/** Backups: the content of a copy, what a copy must not touch, and what a restore brings back. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Operation } from "../../protocol/operation.js";
import { TestDaemon } from "../harness/daemon.js";
import { eventsFileOf } from "../harness/stored-events.js";
import { useDirectories } from "../harness/temporary.js";
import { journalFiles } from "./crafted.js";
import { counts, patience } from "./mode.js";
import { runBin } from "./run-bin.js";
import { SmallDisk } from "./small-disk.js";
import {
  eventually,
  expectNoGap,
  inStage,
  operations,
  startDaemon,
  untilFinished,
  wholeLog,
} from "./start.js";
import { compareOnce, record } from "./tally.js";

const directory = useDirectories();
const NAMES = ["gate", "resumes", "floods"];

/** A daemon on the copy of the backup, which the doctor has checked. */
async function restored(backup: string, original: TestDaemon, words: string[] = []): Promise<TestDaemon> {
  const stateDir = join(directory(), "state");
  cpSync(backup, stateDir, { recursive: true });
  const ended = await runBin(original.world, "liveopsd", ["doctor", "--state-dir", stateDir]);
  expect(ended, ended.stdout).toMatchObject({ code: 0 });
  return TestDaemon.start({ ops: operations(...NAMES), stateDir, words });
}

async function backUp(daemon: TestDaemon): Promise<string> {
  const dir = join(directory(), "backup");
  expect(await daemon.client.backup({ dir: `${dir}/` })).toMatchObject({ dir });
  return dir;
}

test(
  "a backup under load: every operation acknowledged before it is there, whole; nothing of it is torn",
  async () => {
    await using daemon = await startDaemon(NAMES, { concurrency: 3 });
    const acknowledged: string[] = [];
    // Bounded: a daemon runs more than a backup copies in the same time, and each copy is run and read.
    const load = async (submits: number) => {
      for (let n = 0; n < submits; n++)
        acknowledged.push((await daemon.submit("floods", { params: { lines: 20 } })).id);
    };
    for (let round = 1; round <= counts(1, 10); round++) {
      const enough = acknowledged.length + counts(30, 100);
      const loads = [load(counts(100, 300)), load(counts(100, 300))];
      await eventually("work is under way", () => acknowledged.length >= enough);
      const before = [...acknowledged];
      // The load goes on meanwhile: what comes later may be in the backup or not.
      const backup = await backUp(daemon);
      await Promise.all(loads);
      // The queue of a copy is held otherwise.
      const copy = await restored(backup, daemon, ["--run-queued"]);
      try {
        expect((await copy.client.daemon()).problems).toEqual([]);
        await eventually(
          "the copy runs what was queued in it",
          async () => (await copy.client.list({ state: ["queued", "running"], limit: 1 })).total === 0,
          () => copy.client.daemon(),
          patience(40_000, 120_000),
        );
        const there: Operation[] = [];
        for (let next: string | undefined; ; ) {
          const page = await copy.client.list({ limit: 1000, ...(next !== undefined && { before: next }) });
          there.push(...page.operations);
          if (page.next === null) break;
          next = page.next;
        }
        const torn = there.filter(({ state, error }) => !isWhole(state, error?.code)).map(({ id }) => id);
        expect(torn).toEqual([]);
        for (const each of there.filter(({ state }) => state === "succeeded"))
          expectNoGap(await wholeLog(copy, each.id), each);
        const { survived, lost, details } = compareOnce(
          before,
          there.map(({ id }) => id),
        );
        record({ fault: "backups under load", injected: 1, survived, lost, duplicated: 0 }, details);
      } finally {
        await copy[Symbol.asyncDispose]();
      }
    }
  },
  patience(60_000, 600_000),
);

/** One that ran at the moment of the backup belongs to a worker that the copy does not have. */
function isWhole(state: string, code: string | undefined): boolean {
  return state === "succeeded" || (state === "failed" && code === "LIVEOPS_WORKER_LOST");
}

test("a copy of the state, restored or not: the workers of the original are neither adopted nor killed", async () => {
  await using daemon = await startDaemon(NAMES);
  const gate = join(daemon.world.dir, "gate");
  const side = join(daemon.world.dir, "side");
  const { id } = await daemon.submit("gate", { params: { gate } });
  const worker = await inStage(daemon, id, "Wait");
  const resumable = await daemon.submit("resumes", { params: { side, ends: ["wait", "go"] } });
  await inStage(daemon, resumable.id, "Second");
  const backup = await backUp(daemon);
  // Of the workers, their events alone.
  const names = readdirSync(join(backup, "workers"));
  expect(names.filter((name) => !name.endsWith(".events.ndjson"))).toEqual([]);
  const raw = join(directory(), "raw");
  cpSync(daemon.world.stateDir, raw, {
    recursive: true,
    filter: (file) => !file.endsWith(".sock"),
  });
  const copies = [
    await restored(backup, daemon),
    await TestDaemon.start({ ops: operations(...NAMES), stateDir: raw }),
  ];
  for (const copy of copies) {
    for (const copied of [id, resumable.id])
      expect(await untilFinished(copy, copied)).toMatchObject({
        state: "failed",
        attempt: 1,
        error: { code: "LIVEOPS_WORKER_LOST", cause: "copied" },
      });
    // The user decides that it runs here.
    await copy.client.retry(resumable.id);
    expect(await untilFinished(copy, resumable.id)).toMatchObject({
      state: "succeeded",
      attempt: 2,
      result: { first: { made: "by attempt 1" }, second: 2 },
    });
    await copy[Symbol.asyncDispose]();
  }
  expect(await daemon.client.show(id)).toMatchObject({ state: "running", attempt: 1 });
  writeFileSync(`${gate}.1`, "go");
  expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded", attempt: 1 });
  expect(readFileSync(`${gate}.ran`, "utf8")).toBe(`1 ${worker}\n`);
  expect(await daemon.client.show(resumable.id)).toMatchObject({ state: "running", attempt: 1 });
});

test("a daemon or a client that dies in the middle of a backup leaves none; a rest of it is named", async () => {
  await using daemon = await startDaemon(NAMES);
  await untilFinished(daemon, (await daemon.submit("floods", { params: { lines: 5 } })).id);
  writeFileSync(join(daemon.world.stateDir, "a-large-file"), Buffer.alloc(96 * 1024 * 1024, "x"));
  const dir = join(directory(), "backup");
  const partial = `${dir}.partial`;
  const written = () =>
    eventually("the backup is being written", () => existsSync(join(partial, "version.json")));

  const gone = new AbortController();
  const aborted = daemon.client.backup({ dir }, gone.signal);
  await written();
  gone.abort(new Error("gone"));
  await expect(aborted).rejects.toThrow("gone");
  await eventually("nothing is left of it", () => !existsSync(partial));

  const cut = daemon.client.backup({ dir });
  await written();
  await expect(daemon.client.backup({ dir: `${dir}-2` })).rejects.toMatchObject({
    code: "LIVEOPS_BACKUP_RUNNING",
  });
  await Promise.all([daemon.kill(), expect(cut).rejects.toThrow()]);
  expect(existsSync(dir)).toBe(false);

  await daemon.startAgain();
  const again = await runBin(daemon.world, "liveopsd", ["backup", dir]);
  expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("was interrupted left it") });
  rmSync(partial, { recursive: true });
  rmSync(join(daemon.world.stateDir, "a-large-file"));
  const ended = await runBin(daemon.world, "liveopsd", ["backup", dir]);
  expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: `${dir}\n` });
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  await using copy = await restored(dir, daemon);
  expect((await copy.client.list()).operations).toEqual((await daemon.client.list()).operations);
});

test("a stop ends a backup that is being written, and loses nothing", async () => {
  await using daemon = await startDaemon(NAMES);
  const { id } = await daemon.submit("floods", { params: { lines: 5 } });
  await untilFinished(daemon, id);
  writeFileSync(join(daemon.world.stateDir, "a-large-file"), Buffer.alloc(96 * 1024 * 1024, "x"));
  const dir = join(directory(), "backup");
  const cut = daemon.client.backup({ dir });
  const ended = expect(cut).rejects.toThrow();
  await eventually("the backup is being written", () => existsSync(join(`${dir}.partial`, "version.json")));
  await daemon.stop();
  await ended;
  expect([existsSync(dir), existsSync(`${dir}.partial`)]).toEqual([false, false]);
  await daemon.startAgain();
  expect(await daemon.client.show(id)).toMatchObject({ state: "succeeded" });
});

test("the doctor finds what is damaged in a copy", async () => {
  await using daemon = await startDaemon(NAMES);
  const { id } = await daemon.submit("floods", { params: { lines: 5 } });
  await untilFinished(daemon, id);
  const backup = await backUp(daemon);
  const damages: Array<(copy: string) => void> = [
    (copy) => {
      const [file] = journalFiles(copy);
      const bytes = readFileSync(file!);
      bytes[40]! ^= 1;
      writeFileSync(file!, bytes);
    },
    (copy) => truncateSync(eventsFileOf(copy, id), 10),
  ];
  for (const damage of damages) {
    const copy = join(directory(), "copy");
    cpSync(backup, copy, { recursive: true });
    damage(copy);
    const ended = await runBin(daemon.world, "liveopsd", ["doctor", "--state-dir", copy]);
    expect(ended.stdout, damage.toString()).toContain("damaged");
  }
});

test("the target's disk is full: nothing is left of the backup, the daemon continues; with room it works", async () => {
  await using disk = await SmallDisk.make(8);
  const { stateDir: seen, enter, env } = disk.place("target");
  await using daemon = await startDaemon(NAMES, enter ? { enter } : {});
  const { id } = await daemon.submit("floods", { params: { lines: 5 } });
  await untilFinished(daemon, id);
  const large = join(daemon.world.stateDir, "a-large-file");
  writeFileSync(large, Buffer.alloc(16 * 1024 * 1024, "x"));
  const dir = join(env!.LIVEOPS_STATE_DIR!, "backup");
  await expect(daemon.client.backup({ dir })).rejects.toMatchObject({
    code: "LIVEOPS_BACKUP_FAILED",
    status: 507,
    message: expect.stringContaining("its disk is full"),
  });
  expect(readdirSync(seen!)).toEqual([]);
  await untilFinished(daemon, (await daemon.submit("floods", { params: { lines: 5 } })).id);
  rmSync(large);
  expect(await daemon.client.backup({ dir })).toMatchObject({ dir });
  expect(readdirSync(seen!)).toEqual(["backup"]);
});

test("a target that cannot take a backup is refused with the reason, and nothing is written", async () => {
  await using daemon = await startDaemon(["floods"]);
  const dir = directory();
  const file = join(dir, "file");
  writeFileSync(file, "");
  const link = join(directory(), "link");
  symlinkSync(directory(), link);
  const foreign = join(directory(), "backup");
  mkdirSync(`${foreign}.partial`);
  for (const [target, why] of [
    [dir, "exists already"],
    [link, "exists already"],
    [join(daemon.world.stateDir, "backup"), "is inside the state directory"],
    [join(file, "backup"), "cannot be used"],
    [foreign, "was interrupted left it"],
  ] as const) {
    const ended = await runBin(daemon.world, "liveopsd", ["backup", target]);
    expect(ended).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(why) });
    expect(existsSync(`${target}.partial`)).toBe(target === foreign);
  }
  await expect(daemon.client.backup({ dir: "relative" })).rejects.toMatchObject({ status: 400 });
});
