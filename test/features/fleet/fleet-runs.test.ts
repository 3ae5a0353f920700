/** An attempt of another host: its pieces are reduced into the record, as an own attempt's are. */
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import { CleanupStack } from "../../../daemon/cleanup-stack.js";
import { remoteTail } from "../../../daemon/features/fleet/fleet-runs.js";
import { RemoteRuns } from "../../../daemon/features/fleet/runs/remote-runs.js";
import { Shipper } from "../../../daemon/features/fleet/runs/shipper.js";
import type { Entry } from "../../../daemon/store/decision.js";
import { Story } from "../../harness/records.js";
import { useDirectories } from "../../harness/temporary.js";
import { MemoryStore } from "./runs/memory-store.js";
import { ID, SourceAttempt } from "./runs/source.js";

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
  const shipper = new Shipper({ store, onFenced: () => {}, onProblem: ({ message }) => told.push(message) });
  cleanup.add(() => shipper.stop());
  shipper.follow({ id: ID, attempt: 1, dir: source.dir, fence: 1, isNew: true });
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
