/** Which spans the decisions of a real store make, and what happens where the collector does not take them. */
import pino from "pino";
import { expect, onTestFinished, test, vi } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import { AttemptStages } from "../../../daemon/features/traces/attempt-stages.js";
import type { TraceSettings } from "../../../daemon/features/traces/trace-settings.js";
import { Tracing } from "../../../daemon/features/traces/tracing.js";
import type { WorkerEvent } from "../../../protocol/event.js";
import { spanIdOf, traceIdOf } from "../../../protocol/trace-context.js";
import { Collector } from "../../harness/collector.js";
import { OpenStore } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

async function opened(over: Partial<TraceSettings> = {}) {
  const collector = await Collector.start();
  onTestFinished(() => collector.close());
  const settings: TraceSettings = {
    ...{ url: `${collector.url}/v1/traces`, headers: {}, sampler: { kind: "on", ratio: 1 } },
    ...{ delay: 5, queue: 2048, batch: 512, ...over },
  };
  const open = await OpenStore.open(directory());
  const { bus, store } = open;
  const find = (id: string) => store.ledger.get(id);
  const tracing = new Tracing({ bus, find, settings, host: null, log: pino({ level: "silent" }) });
  await tracing.begin();
  onTestFinished(() => tracing.stop());
  onTestFinished(() => open.store.stop());
  const names = () => collector.spans.map(({ name, status }) => `${name} ${status}`);
  return { collector, tracing, open, names };
}

test("an operation that is cancelled in the queue is a root with its wait", async () => {
  const { open, names } = await opened();
  await open.lifecycle.cancel(await open.submit());
  await vi.waitFor(() => expect(names()).toEqual(["queue unset", "load-process-save unset"]), 60_000);
});

test("a retry by a command is below the first root, with an attempt of its own", async () => {
  const { collector, open } = await opened();
  const id = await open.submit();
  await open.start(id);
  await open.finish(id, "failed");
  await open.lifecycle.retry(id);
  await open.start(id);
  await open.finish(id, "succeeded");
  await vi.waitFor(() => expect(collector.spans).toHaveLength(6), 60_000);
  const [first, second] = collector.spans.filter(({ name }) => name === "load-process-save");
  expect(first).toMatchObject({ parentId: null, status: "error", spanId: spanIdOf(id, 1) });
  expect(second).toMatchObject({ parentId: first!.spanId, status: "ok", links: [] });
  expect(second!.attributes["liveops.operation.retries"]).toBe(1);
  const parents = collector.spans.filter(({ name }) => name === "attempt").map(({ parentId }) => parentId);
  expect(parents).toEqual([first!.spanId, second!.spanId]);
  expect(new Set(collector.spans.map(({ spanId }) => spanId)).size).toBe(6);
  expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([traceIdOf(id)]));
});

test("a step is below the span of its stage, and what has no place is counted with the stages", () => {
  const stages = new AttemptStages();
  let seq = 10;
  const say = (event: Record<string, unknown>) =>
    stages.add("a", { at: "2026-01-02T03:04:05.000Z", attempt: 1, seq: ++seq, ...event } as WorkerEvent);
  say({ type: "stage:entered", stage: "Check", index: 0 });
  for (let i = 0; i < 1200; i++) say({ type: "step:entered", stage: "Check", step: `s${i}`, total: 1200 });
  say({
    type: "step:finished",
    stage: "Check",
    step: "s7",
    state: "done",
    resumed: false,
    seconds: 1,
    value: {},
  });
  say({ type: "stage:entered", stage: "Ship", index: 1 });
  const {
    stages: [check, ...others],
    notKept,
  } = stages.take("a", 1)!;
  expect([check!.steps.length, others.length, notKept]).toEqual([999, 0, 202]);
  expect(check!.steps[7]).toMatchObject({
    entered: { step: "s7" },
    finished: { state: "done", value: undefined },
  });
  expect(check!.steps[8]!.finished).toBeNull();
});

test("an operation links to what it waited for and to what it repeats", async () => {
  const { collector, open } = await opened();
  const id = await open.submit({ after: ["aaa111bbb222"], againOf: "ccc111ddd222" });
  await open.lifecycle.cancel(id);
  await vi.waitFor(() => expect(collector.spans).toHaveLength(2), 60_000);
  expect(collector.spans[1]!.links).toEqual([
    { traceId: traceIdOf("aaa111bbb222"), spanId: spanIdOf("aaa111bbb222", 1), kind: "after" },
    { traceId: traceIdOf("ccc111ddd222"), spanId: spanIdOf("ccc111ddd222", 1), kind: "again" },
  ]);
});

test("spans beyond the bound are dropped and counted; a refusal is counted too", async () => {
  const { collector, tracing, open } = await opened({ queue: 4, batch: 4, delay: 60_000 });
  collector.answer = 400;
  for (let n = 0; n < 2; n++) await open.lifecycle.cancel(await open.submit());
  await vi.waitFor(
    () => expect(tracing.report()).toMatchObject({ exported: 0, dropped: { refused: 4 }, waiting: 0 }),
    60_000,
  );
  collector.answer = "silence";
  for (let n = 0; n < 4; n++) await open.lifecycle.cancel(await open.submit());
  const { dropped, waiting, problem } = tracing.report()!;
  expect(waiting).toBeLessThanOrEqual(4);
  expect(dropped.full + waiting + dropped.refused).toBe(12);
  expect(problem).not.toBeNull();
  // The collector has failed before, so the stop does not wait.
  const began = performance.now();
  await tracing.stop();
  expect(performance.now() - began).toBeLessThan(500);
});

test("a trace is exported whole or not at all, by its id", async () => {
  const { collector, tracing, open } = await opened({ sampler: { kind: "ratio", ratio: 0.5 } });
  const ids: string[] = [];
  for (let n = 0; n < 20; n++) ids.push(await open.submit());
  for (const id of ids) await open.lifecycle.cancel(id);
  const sampled = ids.filter((id) => tracing.isSampled(id));
  await vi.waitFor(() => expect(collector.spans).toHaveLength(2 * sampled.length), 60_000);
  for (const id of ids) expect(tracing.traceparentOf(id)).toMatch(sampled.includes(id) ? /-01$/ : /-00$/);
});

test("without traces nothing is loaded, known or named", async () => {
  const bus = new Bus();
  const log = pino({ level: "silent" });
  const tracing = new Tracing({ bus, find: () => undefined, settings: null, host: null, log });
  await tracing.begin();
  expect([tracing.report(), tracing.isSampled("a"), tracing.traceparentOf("a")]).toEqual([null, null, null]);
  await tracing.stop();
});

test("events that come again change nothing; of very many stages the first are kept", () => {
  const stages = new AttemptStages();
  const events = Array.from({ length: 1200 }, (_, n): WorkerEvent[] => [
    { type: "stage:entered", seq: 2 * n + 2, at: "", attempt: 1, stage: "A", index: null },
    {
      type: "stage:left",
      seq: 2 * n + 3,
      at: "",
      attempt: 1,
      stage: "A",
      index: null,
      state: "done",
      resumed: false,
      seconds: 0,
    },
  ]).flat();
  for (const event of [...events, ...events]) stages.add("a", event);
  expect(stages.take("a", 2)).toBeNull();
  for (const event of events) stages.add("a", event);
  const kept = stages.take("a", 1)!;
  expect([kept.stages.length, kept.notKept]).toEqual([1000, 200]);
  expect(kept.stages.every(({ left, within }) => left !== null && within === null)).toBe(true);
});
