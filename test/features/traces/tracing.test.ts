/** Which spans the decisions of a real store make, and what happens where the collector does not take them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Parts } from "../../../daemon/compose.js";
import { Tracing, traces } from "../../../daemon/features/traces/feature.js";
import type { TraceSettings } from "../../../daemon/features/traces/trace-settings.js";
import { settingsFrom } from "../../../daemon/settings.js";
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
    url: `${collector.url}/v1/traces`,
    headers: {},
    ratio: 1,
    delay: 5,
    queue: 2048,
    batch: 512,
    ...over,
  };
  const open = await OpenStore.open(directory());
  const { bus, store } = open;
  const find = (id: string) => store.ledger.get(id);
  const tracing = new Tracing({ bus, find, log: pino({ level: "silent" }) }, settings, "a");
  await tracing.begin();
  onTestFinished(() => tracing.end());
  onTestFinished(() => open.store.stop());
  const names = () => collector.spans.map(({ name, status }) => `${name} ${status}`);
  return { collector, tracing, open, names };
}

/** Starts an operation. @returns its id, and what tells an event of its worker */
async function started(open: OpenStore) {
  const id = await open.submit();
  await open.start(id);
  const entry = open.store.find(id)!;
  let seq = entry.record.seq;
  const tell = (event: Record<string, unknown>) => {
    const base = { at: new Date().toISOString(), attempt: 1, seq: ++seq };
    // The test makes events of several types from their own keys.
    const told = { ...base, ...event } as WorkerEvent;
    open.bus.emit("event", entry, told, true);
    return told;
  };
  return { id, entry, tell };
}

const ENTERED = { type: "stage:entered", stage: "Check", index: 0 };
const LEFT = { type: "stage:left", stage: "Check", index: 0, state: "done", resumed: false, seconds: 0 };
const DONE = { type: "step:finished", stage: "Check", state: "done", resumed: false, seconds: 1 };

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

test("a step is below the span of its stage; what has not ended ends with the attempt", async () => {
  const { collector, open } = await opened();
  const { id, tell } = await started(open);
  const error = { code: "LIVEOPS_EXCEPTION", message: "line busy", stack: "a stack" };
  tell(ENTERED);
  tell({ type: "step:entered", stage: "Check", step: "a", total: 3 });
  tell({ type: "step:entered", stage: "Check", step: "b", total: 3 });
  tell({ ...DONE, step: "a", exitCode: 0, value: { large: "value" } });
  tell({ type: "step:entered", stage: "Check", step: "c", total: 3 });
  tell({ ...DONE, step: "c", state: "failed", exitCode: 3, error });
  await open.finish(id, "failed");
  await vi.waitFor(() => expect(collector.spans).toHaveLength(7), 60_000);
  const named = (name: string) => collector.spans.find((span) => span.name === name)!;
  const [check, attempt] = [named("Check"), named("attempt")];
  expect(check).toMatchObject({
    parentId: attempt.spanId,
    status: "error",
    message: "it broke",
    to: attempt.to,
    attributes: { "liveops.stage.state": "failed" },
  });
  for (const step of ["a", "b", "c"]) expect(named(step).parentId).toBe(check.spanId);
  expect(named("a")).toMatchObject({
    status: "ok",
    attributes: { "liveops.step.state": "done", "process.exit.code": 0 },
  });
  expect(named("b")).toMatchObject({
    status: "unset",
    to: check.to,
    attributes: { "liveops.step.state": "ended" },
  });
  expect(named("c")).toMatchObject({
    status: "error",
    message: "line busy",
    attributes: { "error.type": "LIVEOPS_EXCEPTION" },
  });
  expect(JSON.stringify(collector.spans)).not.toMatch(/a stack|large/);
});

test("events that come again change nothing; of very many stages and steps the first are kept", async () => {
  const { collector, open } = await opened();
  const { id, entry, tell } = await started(open);
  const told = [tell(ENTERED)];
  for (let n = 0; n < 600; n++) {
    told.push(tell({ type: "step:entered", stage: "Check", step: `s${n}`, total: 600 }));
    told.push(tell({ ...DONE, step: `s${n}` }));
  }
  told.push(tell(LEFT));
  for (let n = 0; n < 600; n++) told.push(tell(ENTERED), tell(LEFT));
  for (const event of told) open.bus.emit("event", entry, event, true);
  await open.finish(id, "succeeded");
  await vi.waitFor(() => expect(collector.spans).toHaveLength(1003), 60_000);
  const attempt = collector.spans.find(({ name }) => name === "attempt")!;
  expect(attempt.attributes["liveops.attempt.stages_not_exported"]).toBe(201);
  const stages = collector.spans.filter(({ name }) => name === "Check");
  expect(stages).toHaveLength(400);
  expect(stages.every(({ parentId, status }) => parentId === attempt.spanId && status === "ok")).toBe(true);
});

test("a pause, a resume and a cancel are events of the attempt", async () => {
  const { collector, open } = await opened();
  const { id, tell } = await started(open);
  tell({ type: "attempt:accepted", pid: 4 });
  await open.lifecycle.pause(id, true);
  await open.lifecycle.pause(id, false);
  await open.lifecycle.cancel(id);
  await open.finish(id, "cancelled");
  await vi.waitFor(() => expect(collector.spans).toHaveLength(3), 60_000);
  const attempt = collector.spans.find(({ name }) => name === "attempt")!;
  expect(attempt.events.map(({ name }) => name)).toEqual(["paused", "resumed", "cancel requested"]);
  expect(attempt.attributes).toMatchObject({ "process.pid": 4, "liveops.attempt.outcome": "cancelled" });
});

test("docs/operating.md names the attributes that the source sets", () => {
  const docs = readFileSync("docs/operating.md", "utf8").split("## Attributes")[1]!.split("## Links")[0]!;
  const named = [...docs.matchAll(/^\| `([\w.]+)`/gm)].map(([, name]) => name!);
  const folder = "daemon/features/traces";
  const source = readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("");
  const set = source.matchAll(/"((?:liveops|process|service|error|host)\.[\w.]+)"/g);
  expect(new Set(named)).toEqual(new Set([...set].map(([, name]) => name!)));
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
    () => expect(tracing.report().traces).toMatchObject({ exported: 0, dropped: { refused: 4 }, waiting: 0 }),
    60_000,
  );
  collector.answer = "silence";
  for (let n = 0; n < 4; n++) await open.lifecycle.cancel(await open.submit());
  const { dropped, waiting, problem } = tracing.report().traces;
  expect(waiting).toBeLessThanOrEqual(4);
  expect(dropped.full + waiting + dropped.refused).toBe(12);
  expect(problem).not.toBeNull();
  // The collector has failed before, so the stop does not wait.
  const began = performance.now();
  await tracing.end();
  expect(performance.now() - began).toBeLessThan(500);
});

test("a trace is exported whole or not at all, by its id", async () => {
  const { collector, tracing, open } = await opened({ ratio: 0.5 });
  const ids: string[] = [];
  for (let n = 0; n < 20; n++) ids.push(await open.submit());
  for (const id of ids) await open.lifecycle.cancel(id);
  const sampled = ids.filter((id) => tracing.isTraced(id));
  await vi.waitFor(() => expect(collector.spans).toHaveLength(2 * sampled.length), 60_000);
  for (const id of ids)
    expect(tracing.shownWhole(id).traceparent).toMatch(sampled.includes(id) ? /-01$/ : /-00$/);
});

test("without traces nothing is loaded, known or named", () => {
  // Without a collector the feature reads only the settings.
  const parts = { settings: settingsFrom({}, {}, {}) } as Parts;
  const { report, ...others } = traces(parts);
  expect(report!()).toEqual({ traces: null });
  expect(others).toEqual({});
});
