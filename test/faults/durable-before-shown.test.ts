/**
 * A stage or an outcome that is shown is durable: no reader sees it before its sync. A sync that
 * finds the disk full writes nothing twice. Synced data survives a power cut.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { completeEvents, eventsFile, readAccepted } from "../../daemon/run-files/attempt-files.js";
import { MergedEvents } from "../../daemon/run-files/merged-events.js";
import { localFiles } from "../../daemon/run-files/runs.js";
import { Tail } from "../../daemon/run-files/tail.js";
import { prepareStateDir } from "../../daemon/store/directories.js";
import { layoutOf } from "../../daemon/store/layout.js";
import type { EventBody } from "../../protocol/event.js";
import { encodeRecord } from "../../protocol/record-line.js";
import { isAlive } from "../end-to-end/processes.js";
import { disk, useFailingDisk } from "../harness/failing-disk.js";
import { FileWriter, placeIn } from "../harness/file-writer.js";
import { eventsFileOf } from "../harness/stored-events.js";
import { useDirectories } from "../harness/temporary.js";
import { eventually, expectWholeStory, inStage, startDaemon, untilFinished } from "./start.js";
import { record } from "./tally.js";

useFailingDisk();
const directory = useDirectories();

const DURABLE: EventBody[] = [
  { type: "attempt:accepted", pid: 1 },
  { type: "stage:entered", stage: "Load", index: 0 },
  { type: "stage:left", stage: "Load", index: 0, state: "done", resumed: false, seconds: 1 },
  {
    type: "attempt:finished",
    state: "succeeded",
    result: "x".repeat(50_000),
    error: null,
    next: null,
    seconds: 1,
  },
];
const PROGRESS: EventBody = { type: "progress:changed", percent: 1, progress: null };

function newSink() {
  const dir = join(directory(), "1");
  mkdirSync(dir);
  return { dir, sink: new FileWriter(dir) };
}

/** What a reader sees that begins now. */
function seen(dir: string): Array<{ seq: number; type: string }> {
  const lines: string[] = [];
  const tail = new Tail(eventsFile(dir));
  tail.read((line) => lines.push(line));
  tail.close();
  return lines.map((line) => JSON.parse(line));
}

test("no reader sees a durable event before it is synced", () => {
  const { dir, sink } = newSink();
  const before = disk.syncs;
  let looks = 0;
  const expectSynced = () => {
    looks++;
    const shown = seen(dir).filter(({ type }) => type !== "progress:changed").length;
    expect(shown).toBeLessThanOrEqual(disk.syncs - before);
  };
  disk.beforeChange = expectSynced;
  DURABLE.forEach((body, index) => {
    sink.event(PROGRESS, false);
    sink.event(body, true);
    // And at once after it, except the end of a stage, which shares the next sync.
    const isShown = body.type !== "stage:left";
    expect(seen(dir).at(-1)?.seq).toBe(2 * (index + 1) - (isShown ? 0 : 1));
  });
  disk.heal();
  sink.close();
  expect(looks).toBeGreaterThan(3 * DURABLE.length);
  expect(readFileSync(eventsFile(dir), "utf8")).toMatch(/\n$/);
});

test.each([false, true])(
  "a sync that finds the disk full writes no event twice (nothing can be cut off: %s)",
  (cutsNothing) => {
    const { dir, sink } = newSink();
    disk.cutsNothing = cutsNothing;
    for (const body of DURABLE) {
      sink.event(PROGRESS, false);
      disk.syncErrors = ["ENOSPC", "EDQUOT"];
      sink.event(body, true);
    }
    disk.heal();
    sink.close();
    const all = seen(dir);
    expect(all.map(({ seq }) => seq)).toEqual(Array.from(all, (_, index) => index + 1));
    expect(all.filter(({ type }) => type !== "progress:changed").map(({ type }) => type)).toEqual(
      DURABLE.map(({ type }) => type),
    );
  },
);

test("the end of a stage and the event after it share a sync and are shown together", () => {
  const { dir, sink } = newSink();
  const [accepted, entered, left, finished] = DURABLE as [
    EventBody,
    EventBody,
    EventBody,
    EventBody,
  ];
  sink.event(accepted, true);
  sink.event(entered, true);
  const before = disk.syncs;
  sink.event(left, true);
  expect([disk.syncs - before, seen(dir).length]).toEqual([0, 2]);
  disk.beforeChange = () => expect([2, 4]).toContain(seen(dir).length);
  sink.event({ ...entered, stage: "Save", index: 1 } as EventBody, true);
  disk.heal();
  expect([disk.syncs - before, seen(dir).length]).toEqual([1, 4]);
  // A line comes after all that was reported before it.
  sink.event({ ...left, stage: "Save", index: 1 } as EventBody, true);
  sink.line("log", null, "between");
  expect(seen(dir).at(-1)).toMatchObject({ type: "stage:left", stage: "Save", seq: 5 });
  sink.event(finished, true);
  sink.close();
  expect(seen(dir).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 7]);
});

test("the end of a stage that nothing follows is shown soon; of a resumable type, at once", async () => {
  const { dir, sink } = newSink();
  for (const body of DURABLE.slice(0, 3)) sink.event(body, true);
  await eventually("the end is shown", () => seen(dir).at(-1)?.type === "stage:left");
  sink.close();
  const again = join(directory(), "1");
  const resumable = new FileWriter(again, 0, 0, Number.POSITIVE_INFINITY, true);
  for (const body of DURABLE.slice(0, 3)) resumable.event(body, true);
  expect(seen(again).at(-1)?.type).toBe("stage:left");
  resumable.close();
});

test("an event that stands in the file twice is read once", () => {
  const runDir = directory();
  const dir = join(runDir, "1");
  mkdirSync(dir);
  const events = DURABLE.map((body, index) => ({
    seq: index + 1,
    at: "2026-01-01T00:00:00.000Z",
    attempt: 1,
    ...body,
  }));
  writeFileSync(
    eventsFile(dir),
    events.flatMap((event) => [encodeRecord(event), encodeRecord(event)]).join(""),
  );
  const merged = new MergedEvents(localFiles(runDir), 0, false);
  const read: number[] = [];
  for (let some = merged.read([], 1); some.length > 0; some = merged.read([], 1))
    for (const line of some) if ("seq" in line) read.push(line.seq);
  merged.close();
  expect(read).toEqual(events.map(({ seq }) => seq));
});

test("a durable line without its newline is ended, a torn one is not", () => {
  const whole = encodeRecord({
    seq: 1,
    type: "attempt:accepted",
    entry: { events: [], record: { params: {} } },
  }).trimEnd();
  for (const [left, expected] of [
    [`${whole}\t\t\t`, `${whole}\n`],
    [whole, `${whole}\n`],
    [`${whole}\n${whole}\t\t`, `${whole}\n${whole}\n`],
    [`${whole}\n${whole.slice(0, -9)}\t`, `${whole}\n${whole.slice(0, -9)}`],
    [`${whole}\n\t\t`, `${whole}\n`],
    [`${whole}\t${whole}\t\t`, `${whole}\n${whole}\n`],
    [`${whole}\t${whole.slice(0, -9)}\t`, `${whole}\n${whole.slice(0, -9)}`],
    [`${whole}\t${whole}\n`, `${whole}\n${whole}\n`],
    [`${whole}\n${whole}\t${whole}\n${whole}\n\t`, `${whole}\n${whole}\n${whole}\n${whole}\n`],
    [`${whole}\t\t\t${whole.slice(9)}\n${whole}\n`, `${whole}\n\t\t${whole.slice(9)}\n${whole}\n`],
    ["\t\t", ""],
    ["", ""],
  ] as const) {
    const dir = directory();
    writeFileSync(eventsFile(dir), left);
    completeEvents(eventsFile(dir));
    expect(readFileSync(eventsFile(dir), "utf8")).toBe(expected);
    expect(readAccepted(placeIn(dir)) !== null).toBe(left.includes(whole));
  }
  completeEvents(eventsFile(join(directory(), "missing")));
});

test("an outcome whose newline a power cut took counts: the operation is not run again", async () => {
  await using daemon = await startDaemon(["gate"]);
  const gate = join(daemon.world.dir, "gate");
  const { id } = await daemon.submit("gate", { params: { gate } });
  const worker = await inStage(daemon, id, "Wait");
  await daemon.kill();
  writeFileSync(`${gate}.1`, "");
  await eventually("the worker is done", () => !isAlive(worker));
  const file = eventsFileOf(daemon.world.stateDir, id);
  writeFileSync(file, readFileSync(file, "utf8").replace(/\n\t*$/, "\t\t\t\t"));
  await daemon.startAgain();
  const ended = await untilFinished(daemon, id);
  expect(ended).toMatchObject({ state: "succeeded", attempt: 1 });
  await expectWholeStory(daemon, ended);
  expect(readFileSync(`${gate}.ran`, "utf8").trim().split("\n")).toHaveLength(1);
  record({
    fault: "the last newline lost in a power cut",
    injected: 1,
    survived: 1,
    lost: 0,
    duplicated: 0,
  });
});

test("the directories of a new state dir are made durable in their parents", async () => {
  const parent = directory();
  const root = join(parent, "new", "state");
  const { synced } = disk;
  synced.length = 0;
  prepareStateDir(layoutOf(root));
  expect(readdirSync(root).sort()).toEqual([
    "history",
    "journal",
    "runs",
    "version.json",
    "workers",
  ]);
  // The root's last sync comes after all its names were made.
  expect(synced).toEqual([parent, join(parent, "new"), join(root, "version.json.tmp"), root]);
  synced.length = 0;
  prepareStateDir(layoutOf(root));
  expect(synced).toEqual([]);
});
