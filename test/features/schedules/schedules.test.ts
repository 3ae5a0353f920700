/** Schedules with a clock of the test: what is submitted, once; missed runs, crashes. */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import {
  type ScheduleSettings,
  Schedules,
  schedulesFile,
} from "../../../daemon/features/schedules/schedules.js";
import type { Decision, Entry } from "../../../daemon/store/decision.js";
import { FileSetting } from "../../../daemon/store/setting.js";
import { newId } from "../../../protocol/id.js";
import type { Operation } from "../../../protocol/operation.js";
import { useDaemon } from "../../harness/daemon.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
const SETTINGS: ScheduleSettings = {
  cron: "0 * * * *",
  zone: "UTC",
  catchup: "none",
  submit: { op: "work" },
};

let now: Date;
let operations: Map<string, Pick<Operation, "id" | "state" | "chain">>;
let keys: Map<string, string>;
let problems: string[];
let file: string;
let fails: Error | null;
let bus: Bus;
let told: string[];

beforeEach(() => {
  now = new Date("2026-11-25T12:30:00Z");
  operations = new Map();
  keys = new Map();
  problems = [];
  fails = null;
  bus = new Bus();
  told = [];
  bus.on("missed", ({ schedule, reason }) => told.push(`${schedule}: ${reason}`));
  file = join(directory(), "schedules.json");
});

/** A daemon's schedules; a second one on the same file is the daemon after a crash. */
function open(): Schedules {
  return new Schedules({
    bus,
    saved: new FileSetting(schedulesFile(file, (problem) => problems.push(problem))),
    log: pino({ level: "silent" }),
    archive: {
      find: async (id) =>
        operations.has(id) ? ({ record: operations.get(id) } as unknown as Entry) : null,
      byKey: async (key) => {
        const id = keys.get(key);
        return id === undefined ? null : { id, hash: "", entry: {} as Entry };
      },
    },
    submit: async (_body, key) => {
      if (fails) throw fails;
      const known = keys.get(key);
      if (known) return known;
      const id = `op${operations.size + 1}`;
      keys.set(key, id);
      operations.set(id, {
        id,
        state: "running",
        chain: { id, index: 0, previous: null, next: null },
      });
      return id;
    },
    rebootProblem: () => null,
    now: () => now,
  });
}

async function lookAt(schedules: Schedules, iso: string): Promise<void> {
  now = new Date(iso);
  await schedules.look();
}

function finish(id: string): void {
  operations.get(id)!.state = "succeeded";
}

/** As if each run had ended before the next one. */
async function lookAndEnd(
  schedules: Schedules,
  iso: string,
  state: "succeeded" | "failed",
): Promise<void> {
  await lookAt(schedules, iso);
  for (const each of operations.values()) each.state = state;
}

test("each run is submitted once at its time, also if the clock is set back, or a crash follows", async () => {
  const schedules = open();
  await schedules.add("hourly", SETTINGS);
  await lookAt(schedules, "2026-11-25T12:59:59.999Z");
  expect(operations.size).toBe(0);
  await lookAt(schedules, "2026-11-25T13:00:00Z");
  expect([...operations.keys()]).toEqual(["op1"]);
  await lookAt(schedules, "2026-11-25T12:58:00Z");
  await lookAt(schedules, "2026-11-25T13:00:20Z");
  expect(operations.size).toBe(1);
  expect(schedules.show("hourly")).toMatchObject({
    lastOperation: "op1",
    lastDueAt: "2026-11-25T13:00:00.000Z",
    nextAt: "2026-11-25T14:00:00.000Z",
    missed: 0,
  });
  // The daemon dies after the submit and before the record of it.
  finish("op1");
  const before = readFileSync(file, "utf8");
  await lookAt(schedules, "2026-11-25T14:00:00Z");
  schedules.stop();
  writeFileSync(file, before);
  const next = open();
  await lookAt(next, "2026-11-25T14:00:30Z");
  expect(next.show("hourly").lastOperation).toBe("op2");
  expect(operations.size).toBe(2);
  next.stop();
});

describe("a clock that leaps a day ahead and is set right", () => {
  test.each([
    ["none", [], 24],
    ["last", ["op1"], 23],
  ] as const)("silences no run, with catchup %s", async (catchup, submitted, missed) => {
    const schedules = open();
    await schedules.add("hourly", { ...SETTINGS, catchup });
    await lookAndEnd(schedules, "2026-11-26T12:30:00Z", "succeeded");
    expect([...operations.keys()]).toEqual(submitted);
    await lookAt(schedules, "2026-11-25T12:31:00Z");
    expect(schedules.show("hourly")).toMatchObject({ missed, nextAt: "2026-11-25T13:00:00.000Z" });
    await lookAndEnd(schedules, "2026-11-25T13:00:00Z", "succeeded");
    await lookAt(schedules, "2026-11-25T14:00:00Z");
    expect(operations.size).toBe(submitted.length + 2);
    schedules.stop();
  });
});

test("a time that comes again after the clock is set back is not repeated", async () => {
  const schedules = open();
  await schedules.add("hourly", SETTINGS);
  await lookAt(schedules, "2026-11-25T13:00:00Z");
  await lookAt(schedules, "2026-11-25T11:30:00Z");
  await lookAt(schedules, "2026-11-25T13:00:20Z");
  expect(schedules.show("hourly")).toMatchObject({ lastOperation: "op1", lastProblem: null });
  expect([...operations.keys()]).toEqual(["op1"]);
  schedules.stop();
});

describe("if the operation of the run before is not finished", () => {
  test("the run is skipped, and the schedule says so", async () => {
    const schedules = open();
    await schedules.add("hourly", SETTINGS);
    await lookAt(schedules, "2026-11-25T13:00:00Z");
    await lookAt(schedules, "2026-11-25T14:00:00Z");
    expect(operations.size).toBe(1);
    const { lastProblem } = schedules.show("hourly");
    expect(lastProblem).toBe(
      "skipped the run of 2026-11-25 14:00: op1 of the run before is not finished",
    );
    schedules.stop();
  });

  test("the end of its chain counts", async () => {
    const schedules = open();
    await schedules.add("hourly", SETTINGS);
    await lookAt(schedules, "2026-11-25T13:00:00Z");
    finish("op1");
    operations.get("op1")!.chain.next = "next";
    const chain = { id: "op1", index: 1, previous: "op1", next: null };
    operations.set("next", { id: "next", state: "running", chain });
    await lookAt(schedules, "2026-11-25T14:00:00Z");
    expect(schedules.show("hourly").lastProblem).toContain(
      "next of the run before is not finished",
    );
    finish("next");
    await lookAt(schedules, "2026-11-25T15:00:00Z");
    expect(schedules.show("hourly").lastProblem).toBeNull();
    schedules.stop();
  });
});

describe("runs that were due while no daemon ran", () => {
  test.each([
    ["none", 0, 3],
    ["last", 1, 2],
  ] as const)("catchup %s", async (catchup, submitted, missed) => {
    const first = open();
    first.add("hourly", { ...SETTINGS, catchup });
    first.stop();
    const second = open();
    await lookAndEnd(second, "2026-11-25T15:20:00Z", "succeeded");
    expect(operations.size).toBe(submitted);
    const shown = second.show("hourly");
    expect(shown).toMatchObject({ missed, lastDueAt: "2026-11-25T15:00:00.000Z" });
    if (catchup === "none") expect(shown.missing?.text).toMatch(/^3 runs missed/);
    // The next run is not late.
    await lookAt(second, "2026-11-25T16:00:01Z");
    expect(operations.size).toBe(submitted + 1);
    second.stop();
  });
});

test("a run by hand, and a schedule that is removed", async () => {
  const schedules = open();
  await schedules.add("hourly", SETTINGS);
  expect(await schedules.run("hourly", null)).toBe("op1");
  expect(await schedules.remove("hourly")).toMatchObject({ name: "hourly" });
  expect(() => schedules.show("hourly")).toThrow('there is no schedule "hourly"; there are none');
  schedules.stop();
});

test("a run that cannot be submitted is said, and the next one is tried", async () => {
  const schedules = open();
  await schedules.add("hourly", SETTINGS);
  fails = new Error("the queue is full");
  await lookAt(schedules, "2026-11-25T13:00:00Z");
  expect(schedules.show("hourly").lastProblem).toContain(
    "could not be submitted: the queue is full",
  );
  fails = null;
  await lookAt(schedules, "2026-11-25T14:00:00Z");
  expect(schedules.show("hourly")).toMatchObject({ lastProblem: null, lastOperation: "op1" });
  schedules.stop();
});

test("a name is used once", async () => {
  const schedules = open();
  await schedules.add("hourly", SETTINGS);
  await expect(schedules.add("hourly", SETTINGS)).rejects.toThrow(
    "there is a schedule hourly already",
  );
  schedules.stop();
});

test("a damaged file is set aside and reported", () => {
  writeFileSync(file, '{"schedules": [{"name": "half"');
  expect(open().list()).toEqual([]);
  expect(problems[0]).toMatch(/^the schedules cannot be read .*schedules\.json\.damaged-1$/);
});

const daemon = useDaemon();
const { client, world } = daemon;

test("a daemon makes up for a missed run, checks the parameters at once, and keeps a schedule over a kill", async () => {
  const operation = { op: "shell", params: { args: ["true"] } };
  await expect(
    client.addSchedule({ name: "bad", cron: "@daily", operation: { op: "shell" } }),
  ).rejects.toMatchObject({ code: "LIVEOPS_PARAMS_INVALID" });
  await client.addSchedule({
    name: "daily",
    cron: "0 3 * * *",
    zone: "UTC",
    catchup: "last",
    operation,
  });
  await daemon.kill();
  const path = join(world.stateDir, "schedules.json");
  const stored = JSON.parse(readFileSync(path, "utf8"));
  stored.schedules[0].lastDueAt = "2026-01-01T03:00:00.000Z";
  writeFileSync(path, JSON.stringify(stored));
  await daemon.startAgain();
  for await (const line of client.watch({ op: "shell" })) {
    if (line.type === "changed" || (line.type === "snapshot" && line.operations.length > 0)) break;
  }
  const [made] = (await client.list()).operations;
  expect(made).toMatchObject({ op: "shell", schedule: "daily" });
  expect(await daemon.untilFinished(made!.id)).toMatchObject({ state: "succeeded" });
  expect((await client.list()).total).toBe(1);
  expect((await client.runSchedule("daily", "key")).id).toBe(
    (await client.runSchedule("daily", "key")).id,
  );
  await client.removeSchedule("daily");
  expect(await client.schedules()).toEqual({ schedules: [] });
});

test("a pipeline file is read at each run; a missing or invalid one is the problem of that run", async () => {
  const path = join(world.dir, "nightly.yaml");
  const write = (command: string) =>
    writeFileSync(path, `name: nightly\nstages:\n  - name: only\n    run: ${command}\n`);
  write("echo one");
  const operation = { op: "pipeline", params: {} };
  const body = { name: "nightly", cron: "0 3 * * *", zone: "UTC", operation, file: path };
  await expect(
    client.addSchedule({ ...body, file: join(world.dir, "none.yaml") }),
  ).rejects.toMatchObject({
    code: "LIVEOPS_BAD_REQUEST",
    message: expect.stringContaining("none.yaml cannot be read: there is no such file"),
  });
  const added = await client.addSchedule(body);
  expect(added).toMatchObject({ file: path, operation: { op: "pipeline", params: { path } } });
  const logOf = async () => {
    const { id } = await client.runSchedule("nightly", newId());
    await daemon.untilFinished(id);
    return (await client.show(id)).params.text;
  };
  expect(await logOf()).toContain("echo one");
  write("echo two");
  expect(await logOf()).toContain("echo two");

  writeFileSync(path, "name: nightly\nstages: 3\n");
  await expect(client.runSchedule("nightly", newId())).rejects.toThrow(/nightly\.yaml:2/);
  await expect(client.runSchedule("nightly", newId())).rejects.not.toThrow(/Parameters/);
  write("echo three");
  await expect(client.addSchedule(body)).rejects.toMatchObject({ code: "LIVEOPS_WRONG_STATE" });
});

test("a run whose file is missing is not submitted; the schedule has the reason", async () => {
  const gone = join(directory(), "gone.yaml");
  const schedules = open();
  await schedules.add("daily", { ...SETTINGS, submit: { op: "pipeline" }, file: gone });
  writeFileSync(gone, "one");
  await lookAndEnd(schedules, "2026-11-25T13:00:00Z", "succeeded");
  rmSync(gone);
  await lookAt(schedules, "2026-11-25T14:00:00Z");
  expect(operations.size).toBe(1);
  expect(schedules.show("daily").lastProblem).toContain(
    "gone.yaml cannot be read: there is no such file",
  );
  schedules.stop();
});

describe("runs that are missing", () => {
  /** The operation ends as a daemon's decision says it. */
  function succeeds(id: string, at: string): void {
    const after = {
      ...operations.get(id),
      state: "succeeded",
      schedule: "hourly",
      finishedAt: at,
    } as Operation;
    operations.set(id, after);
    bus.emit("decided", [{ id, before: null, after }], { kind: "finished" } as Decision, true);
  }

  test("a run that waits in its queue longer than its window is said once, until it starts", async () => {
    const schedules = open();
    await schedules.add("hourly", { ...SETTINGS, cron: "0 */2 * * *" });
    await lookAt(schedules, "2026-11-25T14:00:00Z");
    const { record } = { record: operations.get("op1")! };
    Object.assign(record, {
      state: "queued",
      attempt: 0,
      createdAt: "2026-11-25T14:00:00Z",
    });
    await lookAt(schedules, "2026-11-25T15:00:00Z");
    expect(schedules.show("hourly").missing).toBeNull();
    await lookAt(schedules, "2026-11-25T15:00:01Z");
    await lookAt(schedules, "2026-11-25T15:01:00Z");
    expect(schedules.show("hourly").missing).toMatchObject({
      kind: "late",
      since: "2026-11-25T14:00:00Z",
    });
    expect(told).toEqual([
      "hourly: the run of 2026-11-25 14:00 has not started within 1 h: op1 is queued",
    ]);
    schedules.stop();
    // The next daemon does not tell it again.
    const next = open();
    await lookAt(next, "2026-11-25T15:02:00Z");
    expect(next.show("hourly").missing).toMatchObject({ kind: "late" });
    expect(told).toHaveLength(1);
    record.state = "running";
    await lookAt(next, "2026-11-25T15:03:00Z");
    expect(next.show("hourly").missing).toBeNull();
    next.stop();
  });

  test("no success in several runs is said, and a success of the chain ends it", async () => {
    const schedules = open();
    await schedules.add("hourly", SETTINGS);
    for (const hour of [13, 14, 15])
      await lookAndEnd(schedules, `2026-11-25T${hour}:00:00Z`, "failed");
    expect(schedules.show("hourly").missing).toBeNull();
    await lookAt(schedules, "2026-11-25T15:01:00Z");
    expect(told).toEqual(["hourly: no success in 3 runs, none since 2026-11-25 12:30"]);
    await lookAt(schedules, "2026-11-25T16:00:00Z");
    now = new Date("2026-11-25T16:01:00Z");
    succeeds("op4", "2026-11-25T16:01:00.000Z");
    await expect
      .poll(() => schedules.show("hourly"))
      .toMatchObject({ missing: null, lastSuccessAt: "2026-11-25T16:01:00.000Z" });
    for (const hour of [17, 18, 19, 20])
      await lookAndEnd(schedules, `2026-11-25T${hour}:00:00Z`, "failed");
    expect(told.at(-1)).toBe("hourly: no success in 3 runs, the last at 2026-11-25 16:01");
    schedules.stop();
  });

  test("after a stop or a suspend, it says what was missed and what catch-up did, until a run is in time", async () => {
    const schedules = open();
    await schedules.add("hourly", { ...SETTINGS, catchup: "last" });
    await lookAt(schedules, "2026-11-25T15:40:00Z");
    expect(told).toEqual([
      "hourly: 2 runs missed, due from 2026-11-25 13:00 to 2026-11-25 15:00, while no daemon ran or the machine slept; the last one was made up for (--catchup last)",
    ]);
    finish("op1");
    await lookAt(schedules, "2026-11-25T16:00:00Z");
    expect(schedules.show("hourly")).toMatchObject({ missing: null, missed: 2 });
    schedules.stop();
  });

  test.each([
    ["none", ["op1"], /^1 run missed, due at 2026-11-25 13:00.* none was made up for/, null],
    [
      "last",
      ["op1"],
      /^1 run came late, due at 2026-11-25 13:00.* the last one was made up for/,
      /skipped the run of/,
    ],
  ] as const)(
    "a late run is made up for also where the next one is due at the start, with catchup %s",
    async (catchup, submitted, text, problem) => {
      const schedules = open();
      await schedules.add("hourly", { ...SETTINGS, catchup });
      await lookAt(schedules, "2026-11-25T14:00:05Z");
      expect([...operations.keys()]).toEqual(submitted);
      const { missing, lastProblem } = schedules.show("hourly");
      expect(missing?.text).toMatch(text);
      expect(lastProblem ?? "").toMatch(problem ?? /^$/);
      expect([...keys.keys()][0]).toContain(catchup === "none" ? "T14:00" : "T13:00");
      schedules.stop();
    },
  );

  test("a gap is over after a run by hand, and a late run that is skipped is not made up for", async () => {
    const schedules = open();
    await schedules.add("hourly", { ...SETTINGS, catchup: "last" });
    await lookAt(schedules, "2026-11-25T15:00:30Z");
    expect([...operations.keys()]).toEqual(["op1"]);
    // The run is skipped while the run before the gap is not finished.
    await lookAt(schedules, "2026-11-25T18:40:00Z");
    expect(schedules.show("hourly").missing?.text).toMatch(/^3 runs missed.* none was made up for/);
    await schedules.run("hourly", null);
    expect(schedules.show("hourly").missing).toBeNull();
    schedules.stop();
  });
});
