/** A submit that need not wait: the submit and the start are one write. */
import pino from "pino";
import { afterEach, expect, test, vi } from "vitest";
import { WorkerEvents } from "../../../daemon/run-files/worker-events.js";
import { Queue } from "../../../daemon/scheduler/queue.js";
import { candidateOf } from "../../../daemon/scheduler/start.js";
import { Starter, type StarterOptions } from "../../../daemon/scheduler/starter.js";
import { newId } from "../../../protocol/id.js";
import { submission } from "../../harness/records.js";
import { OpenStore, POLICY, WORKER } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
let open: OpenStore;
afterEach(() => open.close());

/** A starter with one idle worker and one slot. */
async function starting(over: Partial<Record<keyof StarterOptions, unknown>> = {}) {
  open = await OpenStore.open(directory());
  const worker = { identity: WORKER, eventsEnd: 0, state: "idle" };
  const take = () => {
    if (worker.state !== "idle") return null;
    worker.state = "busy";
    return worker;
  };
  const release = () => {
    worker.state = "idle";
  };
  const begun: string[] = [];
  const options = {
    ...open,
    queue: new Queue(),
    queues: { isOpen: () => true, concurrency: () => 1, names: () => ["default"] },
    waiting: { reasons: () => [], returned: () => {} },
    attempts: new Map(),
    edges: { graph: { awaited: [], directWaiters: () => [] } },
    pool: { take, release, warm: () => {}, spare: 1 },
    loader: { toStart: async () => ({ file: "/ops/some.mjs", policy: POLICY }) },
    durations: { ofSteps: async () => null },
    containment: { limit: () => null },
    workerEvents: new WorkerEvents(directory()),
    settings: { maxLog: 1000 },
    log: pino({ level: "silent" }),
    onChange: () => {},
    begin: (entry: { record: { id: string } }) => begun.push(entry.record.id),
    ...over,
  };
  const starter = new Starter(options as unknown as StarterOptions);
  const writes = vi.spyOn(open.store, "decideAll");
  const submit = async (fields = {}) => {
    const id = newId();
    const operation = submission({ ...fields, id });
    await open.lifecycle.submit([{ operation, env: {}, key: null }], (it) => starter.startNew(it));
    return id;
  };
  const kinds = () =>
    writes.mock.calls.map(([judged]) => judged.map(({ decision }) => decision.kind));
  return { starter, options: options as never, worker, begun, submit, kinds };
}

test("its worker has the order when the submit is answered", async () => {
  const { submit, begun, kinds } = await starting();
  const id = await submit();
  expect(kinds()).toEqual([["submitted", "started"]]);
  expect(begun).toEqual([id]);
  expect(open.store.find(id)).toMatchObject({
    record: { state: "running", attempt: 1, slot: 1, seq: 2 },
  });
});

test.each([
  {
    why: "no slot is free",
    over: { queues: { isOpen: () => true, concurrency: () => 0, names: () => [] } },
  },
  {
    why: "no worker is idle",
    over: { pool: { take: () => null, release: () => {}, warm: () => {} } },
  },
  {
    why: "something holds it",
    over: { waiting: { reasons: () => [{ what: "paused" }], returned: () => {} } },
  },
  {
    why: "it is inside of another",
    fields: { parent: { id: "abcdefghijkl", attempt: 1, stage: null, call: 1 } },
  },
  { why: "it comes after another", fields: { after: ["abcdefghijkl"] } },
  {
    why: "its type does not load",
    over: { loader: { toStart: async () => ({ reason: "a syntax error" }) } },
  },
])("where $why, the submit is recorded alone", async ({ over, fields }) => {
  const { submit, begun, kinds, worker } = await starting(over);
  const id = await submit(fields);
  expect(kinds()).toEqual([["submitted"]]);
  expect(begun).toEqual([]);
  expect(worker.state).toBe("idle");
  expect(open.store.find(id)?.record.state).toBe("queued");
});

test.each([
  { host: "none but this one", fits: undefined, state: "failed" },
  { host: "another one", fits: () => false, state: "queued" },
])(
  "a queued operation whose type does not load here, and $host may run it: $state",
  async ({ fits, state }) => {
    const { options } = await starting({
      fits,
      loader: { toStart: async () => ({ reason: "a.mjs is broken" }) },
    });
    const id = await open.submit();
    const entry = open.store.find(id)!;
    expect(await candidateOf(entry, options)).toBeNull();
    const { record } = open.store.find(id)!;
    const message = `a.mjs is broken; mend the file, then run: liveops retry ${id}`;
    expect(record).toMatchObject({ state, ...(state === "failed" && { error: { message } }) });
  },
);

test("others that wait come first", async () => {
  const queue = new Queue();
  const { submit, kinds } = await starting({ queue });
  queue.add("zzzzzzzzzzzz", { queue: "default", priority: 0, queuedAt: 1 });
  await submit();
  expect(kinds()).toEqual([["submitted"]]);
});

test("a submit that finds no room is refused, and gives worker and slot back", async () => {
  const { submit, begun, worker } = await starting();
  const refused = vi.spyOn(open.store, "decideAll").mockRejectedValue(new Error("no room"));
  await expect(submit()).rejects.toThrow("no room");
  expect(worker.state).toBe("idle");
  refused.mockRestore();
  const id = await submit();
  expect(begun).toEqual([id]);
});
