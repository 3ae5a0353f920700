/**
 * Every kind of damage in every kind of file is told: by the next start, by the reading of it, or
 * at the move to the history. What is damaged is kept beside its file, and the rest counts.
 */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import { Lifecycle } from "../../../daemon/lifecycle.js";
import { linesAfter } from "../../../daemon/run-files/log-slices.js";
import { localRuns } from "../../../daemon/run-files/runs.js";
import { SealedEvents } from "../../../daemon/run-files/sealed-events.js";
import { WorkerEvents } from "../../../daemon/run-files/worker-events.js";
import { prepareStateDir } from "../../../daemon/store/directories.js";
import { EmbeddedStore } from "../../../daemon/store/embedded-store.js";
import { attemptDir, layoutOf, workerFiles } from "../../../daemon/store/layout.js";
import { RunWriter } from "../../../daemon/worker/run-writer.js";
import { AppendFile } from "../../../protocol/system/append-file.js";
import { OpenStore, outcome, WORKER } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

async function open(dir: string) {
  const layout = layoutOf(dir);
  prepareStateDir(layout);
  const bus = new Bus();
  const report = (problem: string) => bus.emit("problem", problem);
  const workerEvents = new WorkerEvents(layout.workers);
  const attemptEvents = new SealedEvents(layout, workerEvents, report);
  const store = new EmbeddedStore({ layout, bus, attemptEvents });
  const opened = new OpenStore(dir, {
    layout,
    bus,
    store,
    lifecycle: new Lifecycle(store, layout),
  });
  await store.start();
  const runs = localRuns(
    layout,
    workerEvents,
    (...attempt) => store.sealedEvents(...attempt),
    report,
  );
  /** Runs an attempt: four events and three lines, as a worker that ends writes them. */
  const run = async () => {
    const id = await opened.submit();
    const events = new AppendFile(workerFiles(layout.workers, WORKER.workerId).eventsFile);
    workerEvents.begin(id, 1, WORKER.workerId, events.length);
    await opened.start(id);
    const { seq } = store.ledger.get(id)!.record;
    const runDir = attemptDir(layout, id, 1);
    const writer = new RunWriter({
      ...{ events, dir: runDir, id, attempt: 1, seq, lines: 0, maxLog: Number.POSITIVE_INFINITY },
    });
    writer.event({ type: "stage:entered", stage: "Load", index: 0 }, true);
    for (const text of ["one", "two", "three"]) writer.line("log", "Load", text);
    writer.event(
      { type: "stage:left", stage: "Load", index: 0, state: "done", resumed: false, seconds: 1 },
      true,
    );
    writer.event({ type: "status:changed", status: { text: "nearly", level: "info" } }, false);
    writer.finish({ type: "attempt:finished", seconds: 1, ...outcome("succeeded") });
    writer.close();
    events.close();
    // As read by the daemon, which tells it with the finish.
    const entry = store.ledger.get(id)!;
    entry.record = { ...entry.record, logLines: 3 };
    await opened.lifecycle.conclude(id, 1, writer.lastSeq, () => ({
      finish: outcome("succeeded"),
    }));
    return id;
  };
  return { opened, store, layout, runs, run, workerEvents };
}

/** Changes the lines of a file; the damaged line is in the middle. */
const KINDS: Record<string, (lines: string[]) => string | Buffer> = {
  "a byte changed": (lines) =>
    text(lines, (line) => line.replace('"at"', '"as"').replace('"n":', '"m":')),
  "random bytes inserted": (lines) => {
    const at = text(lines.slice(0, middle(lines))).length + 20;
    const bytes = Buffer.from(text(lines));
    const noise = Buffer.from([0xff, 0x00, 0x0a, 0xfe, 0x22, 0x0a, 0x41, 0x80, 0x09, 0xc3]);
    return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)]);
  },
  "a record without a sum": (lines) => text(lines, (line) => line.replace(/,"sum":"\w+"\}$/, "}")),
  "a line removed": (lines) => text(lines.toSpliced(middle(lines), 1)),
  "a line doubled": (lines) => text(lines.toSpliced(middle(lines), 0, lines[middle(lines)]!)),
  "a torn end": (lines) => text(lines).slice(0, -20),
};

const middle = (lines: string[]) => Math.floor(lines.length / 2);

function text(lines: string[], change: (line: string) => string = (line) => line): string {
  const changed = lines.with(middle(lines), change(lines[middle(lines)]!));
  return changed.map((line) => `${line}\n`).join("");
}

function damage(file: string, kind: string): void {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  writeFileSync(file, KINDS[kind]!(lines));
}

const aside = (file: string) =>
  readdirSync(dirname(file)).filter((name) =>
    join(dirname(file), name).startsWith(`${file}.damaged-`),
  );

/**
 * The state directory of a killed daemon: three finished operations. Sealed: they are in the
 * history.
 */
async function killed(isSealed: boolean) {
  const before = await open(directory());
  const ids = [await before.run(), await before.run(), await before.run()];
  const dir = directory();
  const copy = () => cpSync(before.opened.dir, dir, { recursive: true });
  if (!isSealed) copy();
  await before.opened.close();
  if (isSealed) copy();
  return { layout: layoutOf(dir), dir, ids };
}

const FILES: Record<
  string,
  { isSealed: boolean; file: (layout: ReturnType<typeof layoutOf>, id: string) => string }
> = {
  segment: {
    isSealed: false,
    file: ({ workers }) => workerFiles(workers, WORKER.workerId).eventsFile,
  },
  journal: { isSealed: false, file: ({ journal }) => join(journal, readdirSync(journal)[0]!) },
  history: { isSealed: true, file: ({ history }) => join(history, "000001.ndjson") },
  log: { isSealed: true, file: (layout, id) => join(attemptDir(layout, id, 1), "log.ndjson") },
};

describe.each(Object.keys(FILES))("%s", (name) => {
  test.each(Object.keys(KINDS))("%s", async (kind) => {
    const { isSealed, file: fileIn } = FILES[name]!;
    const { dir, layout, ids } = await killed(isSealed);
    const file = fileIn(layout, ids[1]!);
    damage(file, kind);
    const { opened, store, runs } = await open(dir);
    // What a person does: a look at the list and at the logs.
    const found = opened.seen();
    for (const id of ids) linesAfter(runs.of(id), 0, 100);
    const told = store.problems.filter((problem) =>
      /damaged|torn|missing|twice|cut short/.test(problem),
    );
    // The page of a log ends without its last line: the route compares it with the record.
    if (name !== "log" || kind !== "a torn end") expect(told).not.toEqual([]);
    const isBytes = !/line/.test(kind);
    if (isBytes && name !== "log") expect(aside(file)).toHaveLength(1);
    // One damaged record costs no other operation.
    const lost = name === "history" && kind !== "a line doubled" ? 1 : 0;
    if (name !== "journal") expect(found).toHaveLength(ids.length - lost);
    const said = store.problems.length;
    await opened.close();
    if (name === "segment") {
      expect(store.problems, "at the move").toHaveLength(said);
      expect(existsSync(file)).toBe(true);
    }
    for (const id of ids) expect(existsSync(attemptDir(layout, id, 1)), "logs are kept").toBe(true);
  });
});
