/**
 * A full disk: submits are refused, running operations continue, and everything works again with
 * free space.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Refusal } from "../../protocol/errors.js";
import { isAlive } from "../end-to-end/processes.js";
import type { TestDaemon } from "../harness/daemon.js";
import { runBin } from "./run-bin.js";
import { SmallDisk } from "./small-disk.js";
import {
  completeTest,
  eventually,
  expectNoGap,
  inStage,
  recordThat,
  startDaemon,
  untilFinished,
  wholeLog,
} from "./start.js";
import { compareOnce, record } from "./tally.js";

const OPERATIONS = ["chatters", "gate"];

/**
 * Starts an operation that talks until its gate opens; resolves once it does. `weight`: letters in
 * its result.
 */
async function talker(daemon: TestDaemon, name: string, weight = 0) {
  const gate = join(daemon.world.dir, name);
  const { id } = await daemon.submit("chatters", { params: { gate, weight } });
  const pid = await inStage(daemon, id, "Talk");
  return { id, pid, gate, open: () => writeFileSync(gate, "") };
}

/** Submits until the disk refuses; the last page of the journal may take a few first. */
async function submitUntilFull(daemon: TestDaemon): Promise<{ ids: string[]; refusal: Refusal }> {
  const ids: string[] = [];
  for (;;) {
    const gate = join(daemon.world.dir, `queued-${ids.length}`);
    writeFileSync(`${gate}.1`, "");
    try {
      ids.push((await daemon.submit("gate", { params: { gate } })).id);
    } catch (error) {
      return { ids, refusal: error as Refusal };
    }
  }
}

async function expectAllSucceed(
  daemon: TestDaemon,
  ids: string[],
  fault: string,
  injected: number,
) {
  const ended = await Promise.all(ids.map((id) => untilFinished(daemon, id)));
  const done = ended.filter(({ state, attempt }) => state === "succeeded" && attempt === 1);
  const { operations } = await daemon.client.list({ limit: 1000 });
  const compared = compareOnce(
    ids,
    operations.map(({ id }) => id),
  );
  expect(done.length).toBe(ids.length);
  record({ fault, injected, ...compared }, compared.details);
}

test("full: submits are refused, running operations continue and report dropped lines, with room all works again", async () => {
  await using disk = await SmallDisk.make(16);
  await using daemon = await startDaemon(OPERATIONS, { ...disk.place("state"), concurrency: 2 });
  const talkers = [await talker(daemon, "one"), await talker(daemon, "two")];
  disk.fill();
  const { ids, refusal } = await submitUntilFull(daemon);
  expect(refusal).toBeInstanceOf(Refusal);
  expect(refusal).toMatchObject({ status: 507, code: "LIVEOPS_STORE_FULL" });
  expect(refusal.message).toMatch(/disk is full; free some disk space/);
  expect(await daemon.client.daemon()).toMatchObject({ storeFull: true, pid: daemon.pid });

  // They go on without a word: nothing they say fits any more, and nothing of it stops them.
  for (const { id, gate, pid } of talkers) {
    await eventually("lines are dropped", async () => {
      const said = Number(readFileSync(`${gate}.said`, "utf8"));
      return said > (await daemon.client.show(id)).logLines + 50;
    });
    expect(isAlive(pid)).toBe(true);
    expect(await daemon.client.show(id)).toMatchObject({ state: "running", attempt: 1 });
  }

  disk.makeRoom();
  await eventually(
    "the daemon noticed the room",
    async () => !(await daemon.client.daemon()).storeFull,
  );
  for (const { id } of talkers)
    await eventually("what was dropped is said", async () =>
      (await wholeLog(daemon, id)).some(({ text }) => /were dropped: the disk was full/.test(text)),
    );
  for (const { open } of talkers) open();
  for (const { id, gate, pid } of talkers) {
    const ended = await untilFinished(daemon, id);
    expect(ended).toMatchObject({ state: "succeeded", attempt: 1 });
    expect(readFileSync(`${gate}.ran`, "utf8")).toBe(`1 ${pid}\n`);
    const log = await wholeLog(daemon, id);
    expectNoGap(log, ended);
    let dropped = 0;
    for await (const event of daemon.client.events(id))
      if (event.type === "records:dropped") dropped += event.count;
    const kept = log.filter(({ stream }) => stream === "log").length;
    expect(dropped).toBeGreaterThan(0);
    expect(kept + dropped).toBe((ended.result as { said: number }).said);
  }
  const again = await submitUntilFullOrOne(daemon);
  await expectAllSucceed(daemon, [...ids, again], "disk full: submits acknowledged", 1);
  await daemon.kill();
  await daemon.startAgain();
  expect((await daemon.client.daemon()).problems).toEqual([]);
  await expectAllSucceed(daemon, [...ids, again], "disk full, then daemon killed", 1);
});

async function submitUntilFullOrOne(daemon: TestDaemon): Promise<string> {
  const gate = join(daemon.world.dir, "after");
  writeFileSync(`${gate}.1`, "");
  return (await daemon.submit("gate", { params: { gate } })).id;
}

completeTest(
  "full: an operation whose stage or outcome waits for room is shown so, before any submit was refused",
  async () => {
    await using disk = await SmallDisk.make(16);
    await using daemon = await startDaemon([...OPERATIONS, "keeps"], {
      ...disk.place("state"),
      concurrency: 2,
    });
    const { id, pid, open } = await talker(daemon, "waits", 10_000);
    const gate = join(daemon.world.dir, "kept");
    const keeps = await daemon.submit("keeps", { params: { gate } });
    await inStage(daemon, keeps.id, "Make");
    disk.fill();
    open();
    writeFileSync(gate, "");
    for (const waiting of [id, keeps.id]) {
      const shown = await recordThat(daemon, waiting, ({ noRoomSince }) => noRoomSince !== null);
      expect(shown).toMatchObject({ state: "running", attempt: 1 });
    }
    expect(isAlive(pid)).toBe(true);
    expect(await daemon.client.daemon()).toMatchObject({ storeFull: false, noRoom: 2 });
    const status = await runBin(daemon.world, "liveopsd", ["status"]);
    expect(status.stdout).toMatch(
      /the state directory's disk is full; 2 running operations wait for disk space/,
    );
    expect((await runBin(daemon.world, "liveops", ["ls"])).stdout).toContain("disk full");

    // The next daemon is told by the same sign.
    await daemon.kill();
    await daemon.startAgain();
    await recordThat(daemon, id, ({ noRoomSince }) => noRoomSince !== null);
    disk.makeRoom();
    expect(await untilFinished(daemon, id)).toMatchObject({
      state: "succeeded",
      attempt: 1,
      noRoomSince: null,
    });
    expect(await untilFinished(daemon, keeps.id)).toMatchObject({ state: "succeeded", attempt: 1 });
    // The stage's value waited with it: it did not run again.
    expect(readFileSync(`${gate}.ran`, "utf8").split("\n")).toHaveLength(2);
    await eventually("nothing waits", async () => (await daemon.client.daemon()).noRoom === 0);
    record({
      fault: "disk full: stages and outcomes wait",
      injected: 2,
      survived: 2,
      lost: 0,
      duplicated: 0,
    });
  },
);

completeTest(
  "full: a cancel that was recorded stops its operation, one that was refused changes nothing",
  async () => {
    await using disk = await SmallDisk.make(16);
    await using daemon = await startDaemon(OPERATIONS, { ...disk.place("state"), concurrency: 1 });
    const { id } = await talker(daemon, "cancelled");
    disk.fill();
    // Refused or recorded, depending on what the journal's last page still takes: never in between.
    const answer = await daemon.client.cancel(id).catch((error: unknown) => error);
    if (answer instanceof Refusal) {
      expect(answer).toMatchObject({ status: 507, code: "LIVEOPS_STORE_FULL" });
      expect(await daemon.client.show(id)).toMatchObject({
        state: "running",
        cancelRequested: false,
      });
      disk.makeRoom();
      await daemon.client.cancel(id);
    } else expect(answer).toMatchObject({ cancelRequested: true });
    disk.makeRoom();
    expect(await untilFinished(daemon, id)).toMatchObject({ state: "cancelled", attempt: 1 });
    record({ fault: "disk full: cancel", injected: 1, survived: 1, lost: 0, duplicated: 0 });
  },
);

test("full: an outcome waits for room, in the worker or in the daemon, and is not lost with either daemon", async () => {
  await using disk = await SmallDisk.make(16);
  await using daemon = await startDaemon(OPERATIONS, { ...disk.place("state"), concurrency: 2 });
  const { id, open } = await talker(daemon, "outcome");
  disk.fill();
  const { ids } = await submitUntilFull(daemon);
  open();
  await daemon.kill();
  // Not even a line of the daemon's own log fits.
  disk.topUp(join(daemon.world.stateDir, "liveopsd.log"));
  await daemon.startAgain();
  expect(await daemon.client.daemon()).toMatchObject({ pid: daemon.pid });
  expect(await daemon.client.show(id)).toMatchObject({ attempt: 1 });
  disk.makeRoom();
  await expectAllSucceed(daemon, [id, ...ids], "disk full: daemon killed and started", 1);
});

test("full: stop --now is refused and says what to do, daemon and running operations continue; plain stop works", async () => {
  await using disk = await SmallDisk.make(16);
  await using daemon = await startDaemon(OPERATIONS, { ...disk.place("state"), concurrency: 2 });
  const { id, pid, open } = await talker(daemon, "stop");
  disk.fill();
  const { ids } = await submitUntilFull(daemon);
  const refused = await runBin(daemon.world, "liveopsd", ["stop", "--now"]);
  expect(refused.code).toBe(5);
  expect(refused.stderr).toMatch(
    /the daemon is not stopped: .*disk is full.*make room and try again, or run: liveops stop /,
  );
  expect(await daemon.client.daemon()).toMatchObject({ pid: daemon.pid, storeFull: true });
  await recordThat(daemon, id, ({ state }) => state === "running");
  expect(isAlive(pid)).toBe(true);

  // It takes work on again: it is not left half stopped.
  disk.makeRoom();
  const after = await submitUntilFullOrOne(daemon);
  disk.fill();
  const stopped = await runBin(daemon.world, "liveopsd", ["stop"]);
  expect(stopped).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/stopped; \d running operations? continues?/),
  });
  disk.makeRoom();
  await daemon.kill();
  await daemon.startAgain();
  open();
  await expectAllSucceed(daemon, [id, ...ids, after], "disk full: stop", 2);
});

completeTest("full: finished operations can be removed, to make room", async () => {
  await using disk = await SmallDisk.make(16);
  await using daemon = await startDaemon(OPERATIONS, { ...disk.place("state"), concurrency: 2 });
  const { id, open } = await talker(daemon, "removed");
  open();
  await untilFinished(daemon, id);
  await daemon.stop();
  await daemon.startAgain();
  disk.fill();
  const removed = await daemon.client.remove(id).catch((error: unknown) => error);
  expect((await daemon.client.daemon()).pid).toBe(daemon.pid);
  disk.makeRoom();
  if (removed instanceof Refusal) {
    expect(removed).toMatchObject({ status: 507, code: "LIVEOPS_STORE_FULL" });
    expect(await daemon.client.show(id)).toMatchObject({ state: "succeeded" });
    await daemon.client.remove(id);
  }
  await expect(daemon.client.show(id)).rejects.toMatchObject({ code: "LIVEOPS_NO_SUCH_OPERATION" });
  await daemon.kill();
  await daemon.startAgain();
  await expect(daemon.client.show(id)).rejects.toMatchObject({ code: "LIVEOPS_NO_SUCH_OPERATION" });
  expect((await daemon.client.list({})).total).toBe(0);
});

test("full at the stop: the checkpoint is left as it was, nothing is listed twice, the next daemon has it all", async () => {
  await using disk = await SmallDisk.make(16);
  await using daemon = await startDaemon(OPERATIONS, { ...disk.place("state"), concurrency: 2 });
  const before = await talker(daemon, "before");
  before.open();
  await untilFinished(daemon, before.id);
  disk.fill();
  const { ids } = await submitUntilFull(daemon);
  await daemon.stop();
  await daemon.startAgain();
  const { operations, total } = await daemon.client.list({ limit: 1000 });
  expect(operations.map(({ id }) => id).sort()).toEqual([before.id, ...ids].sort());
  expect(total).toBe(ids.length + 1);
  disk.makeRoom();
  await expectAllSucceed(daemon, [before.id, ...ids], "disk full: checkpoint at the stop", 1);
});

completeTest(
  "no file names left: what is queued waits for some, and runs once there are",
  async () => {
    await using disk = await SmallDisk.make(16, 300);
    await using daemon = await startDaemon(OPERATIONS, { ...disk.place("state"), concurrency: 2 });
    const { id, open } = await talker(daemon, "names");
    disk.fillNames();
    const gate = join(daemon.world.dir, "nameless");
    writeFileSync(`${gate}.1`, "");
    const queued = await daemon.submit("gate", { params: { gate } });
    const cpu = processorTime(daemon.pid);
    open();
    await untilFinished(daemon, id);
    expect((await daemon.client.show(queued.id)).state).not.toBe("failed");
    disk.makeRoom();
    expect(await untilFinished(daemon, queued.id)).toMatchObject({
      state: "succeeded",
      attempt: 1,
    });
    // It did not spin meanwhile.
    expect(processorTime(daemon.pid) - cpu).toBeLessThan(2);
    await recordThat(daemon, id, ({ state }) => state === "succeeded");
    record({ fault: "no file names left", injected: 1, survived: 2, lost: 0, duplicated: 0 });
  },
);

/** Seconds of processor time a process has used. */
function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
