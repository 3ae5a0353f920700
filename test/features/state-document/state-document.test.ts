/** The JSON store `state.json`: present from the first start, valid, and up to date while the daemon runs. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import {
  type StateDocument,
  StateDocumentWriter,
} from "../../../daemon/features/state-document/state-document.js";
import type { Operation } from "../../../protocol/operation.js";
import { eventually, recordThat, startDaemon, untilFinished } from "../../faults/start.js";
import type { TestDaemon } from "../../harness/daemon.js";
import { disk } from "../../harness/failing-disk.js";
import { Story } from "../../harness/records.js";
import { useDirectories } from "../../harness/temporary.js";

vi.mock("node:fs/promises", async (original) =>
  (await import("../../harness/failing-disk.js")).failingPromises(original as never),
);
afterEach(() => disk.heal());
const directory = useDirectories();

const COUNTS = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 };

function read(daemon: TestDaemon): StateDocument {
  return JSON.parse(readFileSync(join(daemon.world.stateDir, "state.json"), "utf8")) as StateDocument;
}

test("a running daemon keeps it fresh: live and finished operations, as the routes show them", async () => {
  await using daemon = await startDaemon(["gate", "floods"]);
  const file = join(daemon.world.stateDir, "state.json");
  await eventually("it is there", () => existsSync(file));
  const first = read(daemon);
  expect(first).toMatchObject({ format: 1, counts: COUNTS, operations: {} });
  const gate = join(daemon.world.dir, "gate");
  const running = await daemon.submit("gate", { params: { gate }, label: "at the gate" });
  const finished = await daemon.submit("floods", { params: { lines: 3 } });
  await untilFinished(daemon, finished.id);
  await recordThat(daemon, running.id, (record) => record.stageStates.Wait === "active");
  const { env, ...shown } = await daemon.client.show(running.id);
  expect(env).toEqual([]);
  await eventually("it shows both", () => {
    const { operations } = read(daemon);
    return operations[finished.id]?.state === "succeeded" && operations[running.id]?.currentStage === 0;
  });
  const document = read(daemon);
  expect(Object.keys(document.operations)).toEqual([running.id, finished.id]);
  // The figures are measured again meanwhile.
  const { resources, usage } = shown;
  expect({ ...document.operations[running.id], resources, usage }).toEqual(shown);
  expect(document.counts).toEqual({ ...COUNTS, running: 1, succeeded: 1 });
  expect(document.journal).toBeGreaterThan(first.journal);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await daemon.stop();
  expect(read(daemon).operations[running.id]!.state).toBe("running");
  await daemon.startAgain();
});

test("a change during a write is written after it, and every write leaves a whole document", async () => {
  const file = join(directory(), "state.json");
  const bus = new Bus();
  const record = new Story().record();
  const operations: Operation[] = [];
  const errors: unknown[] = [];
  const writer = new StateDocumentWriter(file, {
    bus,
    log: { error: (fields: unknown) => errors.push(fields) },
    store: {
      get journalNumber() {
        return operations.length;
      },
      counts: () => ({ ...COUNTS, queued: operations.length }),
    },
    view: { newest: () => [...operations] },
  });
  const writes: Promise<void>[] = [];
  for (let n = 1; n <= 2000; n++) {
    operations.push({ ...record, id: `a${String(n).padStart(11, "0")}` });
    if (n % 400 === 0) writes.push(writer.write());
  }
  await Promise.all(writes);
  await writer.stop();
  const document = JSON.parse(readFileSync(file, "utf8")) as StateDocument;
  expect(Object.values(document.operations)).toEqual(operations);
  expect(document).toMatchObject({ journal: 2000, counts: { queued: 2000 } });
  // An operation a line: what a person greps for.
  expect(readFileSync(file, "utf8").split("\n")).toHaveLength(2000 + 3);
  expect(errors).toEqual([]);
});

test("a disk whose sync takes long does not make the document older than a second and that sync", async () => {
  const file = join(directory(), "state.json");
  const bus = new Bus();
  const store = { journalNumber: 0, counts: () => COUNTS };
  const writer = new StateDocumentWriter(file, {
    ...{ bus, store, view: { newest: () => [] } },
    log: { error: (_fields: unknown, message?: string) => expect.unreachable(message) },
  });
  const syncMs = 200;
  disk.beforeSync = () => new Promise((resolve) => setTimeout(resolve, syncMs));
  await writer.write();
  for (store.journalNumber = 1; store.journalNumber <= 3; store.journalNumber++) {
    const began = performance.now();
    writer.changed();
    await eventually("the change is in the file", () => {
      const document = JSON.parse(readFileSync(file, "utf8")) as StateDocument;
      return document.journal === store.journalNumber;
    });
    // Counted against the share of the time, such a sync would hold up the next write for 20 seconds.
    expect(performance.now() - began).toBeLessThan(10_000);
  }
  await writer.stop();
});
