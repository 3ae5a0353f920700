/** An attempt of another host: its pieces are reduced into the record, as an own attempt's are. */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { afterEach, expect, test } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import { CleanupStack } from "../../../daemon/cleanup-stack.js";
import type { EngineParts } from "../../../daemon/engine.js";
import type { FleetEngine } from "../../../daemon/features/fleet/engine/fleet-engine.js";
import { FleetRuns, remoteTail } from "../../../daemon/features/fleet/fleet-runs.js";
import { RemoteRuns } from "../../../daemon/features/fleet/runs/remote-runs.js";
import { Shipper } from "../../../daemon/features/fleet/runs/shipper.js";
import { WorkerEvents } from "../../../daemon/run-files/worker-events.js";
import type { Entry } from "../../../daemon/store/decision.js";
import { layoutOf, workerFiles } from "../../../daemon/store/layout.js";
import { encodeRecord } from "../../../protocol/record-line.js";
import { AppendFile } from "../../../protocol/system/append-file.js";
import { Story } from "../../harness/records.js";
import { useDirectories } from "../../harness/temporary.js";
import { MemoryStore } from "./runs/memory-store.js";
import { ID, NONE, SourceAttempt } from "./runs/source.js";

const directory = useDirectories();
const cleanup = new CleanupStack();
afterEach(() => cleanup.release());

test("stages, lines and outcome reach the record and the bus", async () => {
  const store = new MemoryStore();
  const runs = directory();
  const record = new Story({ id: ID }).started().record();
  const entry = { record } as Entry;
  const told: string[] = [];
  const bus = new Bus();
  bus.on("record", ({ record: { seq, logLines } }, before) =>
    told.push(`seq ${before.seq} to ${seq}, ${logLines} lines`),
  );
  bus.on("lines", (_, lines) => told.push(lines.map(({ text }) => text).join()));
  const remote = new RemoteRuns({
    store,
    runs,
    isFinished: () => false,
    own: NONE,
    isHere: () => false,
    onRecords: () => tail.read(),
    onProblem: ({ message }) => told.push(message),
  });
  const tail = remoteTail(entry, join(runs, ID, "1"), remote.files(ID, 1), bus, (message) =>
    told.push(message),
  );
  cleanup.add(() => tail.close());
  const source = new SourceAttempt(directory(), Number.POSITIVE_INFINITY, ID, 1, record.seq);
  cleanup.add(() => source.sink.close());
  const shipper = new Shipper({
    store,
    onFenced: () => {},
    onProblem: ({ message }) => told.push(message),
  });
  cleanup.add(() => shipper.stop());
  shipper.follow({
    id: ID,
    attempt: 1,
    dir: source.dir,
    events: source.events,
    fence: 1,
    isNew: true,
  });
  const arrive = async () => {
    await shipper.flush(ID, 1);
    await remote.bring([{ id: ID, attempt: 1 }]);
  };

  tail.read();
  source.sink.event({ type: "stage:entered", stage: "Load", index: 0 }, true);
  source.sink.line("log", "Load", "first\nsecond");
  await arrive();
  expect(entry.record).toMatchObject({
    currentStage: 0,
    stageStates: { Load: "active" },
    logLines: 2,
    seq: 3,
  });
  expect(told).toEqual(["seq 2 to 3, 0 lines", "first,second", "seq 3 to 3, 2 lines"]);
  expect(tail.seq).toBe(5);
  expect(tail.outcome).toBeNull();

  source.sink.line("log", "Load", "third");
  const finished = { state: "succeeded" as const, result: 7, error: null, next: null };
  source.sink.finish({ type: "attempt:finished", seconds: 1, ...finished });
  await arrive();
  expect(entry.record.logLines).toBe(3);
  expect(tail.outcome).toEqual(finished);
  expect(tail.seq).toBe(7);
  // The outcome is recorded by the host that runs the attempt.
  expect(entry.record.state).toBe("running");
});

test("the events that a worker wrote of an attempt that another host took over are set aside", async () => {
  const layout = layoutOf(directory());
  mkdirSync(layout.workers, { recursive: true });
  const workerEvents = new WorkerEvents(layout.workers);
  const bus = new Bus();
  const services = {
    layout,
    bus,
    settings: { maxLog: 1024 },
    log: { logger: pino({ level: "silent" }) },
  } as unknown as EngineParts;
  const runs = new FleetRuns({
    engine: { onHint: () => () => {} } as unknown as FleetEngine,
    services,
    workerEvents,
    find: () => null,
    running: () => [],
    runsHere: () => false,
    onFenced: () => {},
    isAway: () => true,
  });
  cleanup.add(() => runs.stop());
  const other = "bbb111bbb222";
  const lines = [ID, other].map((id, n) =>
    encodeRecord({
      n: 1,
      seq: n + 2,
      id,
      at: "2026-01-01T00:00:00.000Z",
      attempt: 1,
      type: "custom",
    }),
  );
  const file = new AppendFile(workerFiles(layout.workers, "worker000000").eventsFile);
  cleanup.add(() => file.close());
  for (const [n, id] of [ID, other].entries()) {
    workerEvents.begin(id, 1, "worker000000", file.length);
    file.append(lines[n]!);
  }
  const seen = () =>
    [ID, other].map((id) => {
      const reader = runs.of(id).events(1, () => false);
      cleanup.add(() => reader.close());
      const read: string[] = [];
      reader.read((line) => read.push(`${line}\n`));
      return read.join("");
    });
  expect(seen()).toEqual(lines);

  runs.takeAside(ID, 1);
  expect(seen()).toEqual(["", lines[1]]);
  const aside = join(layout.runs, ID, "1.fenced-1");
  expect(readdirSync(aside)).toEqual(["events.ndjson"]);
  expect(readFileSync(join(aside, "events.ndjson"), "utf8")).toBe(lines[0]);
  // Nothing was begun under this number since.
  runs.takeAside(ID, 1);
  expect(readdirSync(join(layout.runs, ID))).toEqual(["1.fenced-1"]);

  // The operation left memory: the engine has its events.
  bus.emit("forgotten", other);
  expect(seen()).toEqual(["", ""]);
});
