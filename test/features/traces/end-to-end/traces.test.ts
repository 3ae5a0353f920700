/** `--traces` of the real bins, with a collector that takes OTLP/HTTP. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Operation } from "../../../../protocol/operation.js";
import { until } from "../../../end-to-end/until.js";
import { World } from "../../../end-to-end/world.js";
import { Collector, type ReceivedSpan } from "../../../harness/collector.js";

/** Spans are sent at once, and a collector that is silent is given up soon. */
const QUICK = { OTEL_BSP_SCHEDULE_DELAY: "20", OTEL_EXPORTER_OTLP_TIMEOUT: "1000" };

const OPERATIONS = `
import { existsSync } from "node:fs";
import { LiveOperation, type Progress, z } from "liveops";
const wait = async (file: string) => { while (!existsSync(file)) await new Promise((r) => setTimeout(r, 10)); };
export class Prepare extends LiveOperation {
  static stages = ["Load", "Process", "Save"];
  static params = z.object({ gate: z.string(), word: z.string().default("PARAM-TEXT") });
  async run(p: Progress) {
    await p.stage("Load", () => p.exec("sh", ["-c", "echo parent=$TRACEPARENT"]));
    await p.stage("Process", () => p.untracked("Inner", () => wait(this.params.gate as string)));
    p.skip("Save", "nothing to save");
    p.result({ text: "RESULT-TEXT" });
    p.chainTo(Deliver, {});
  }
}
export class Deliver extends LiveOperation {
  static stages = ["Pack", "Send"];
  static params = z.object({});
  static resumable = true;
  static retry = { attempts: 2, backoff: 0.05 };
  async run(p: Progress) {
    await p.stage("Pack", () => {});
    await p.stage("Send", () => { if (this.attempt === 1) throw new Error("the line is busy"); });
    p.chainTo(Confirm, {});
  }
}
export class Confirm extends LiveOperation {
  static stages = ["Ask"];
  static params = z.object({});
  async run(p: Progress) { await p.stage("Ask", () => { throw new Error("no answer"); }); }
}
`;

async function start(): Promise<{ world: World; collector: Collector }> {
  const world = new World().make();
  onTestFinished(() => world.close());
  const collector = await Collector.start();
  onTestFinished(() => collector.close());
  world.write("config/liveops/ops/chain.ts", OPERATIONS);
  Object.assign(world.env, QUICK);
  return { world, collector };
}

const traceIdOf = ({ traceparent }: Operation) => traceparent!.split("-")[1]!;

/** The tree as text: a line a span, indented, with its status; spans of one parent in the order of their beginning. */
function tree(spans: readonly ReceivedSpan[], parent: string | null = null, indent = ""): string[] {
  return spans
    .map((span, at) => ({ span, at }))
    .filter(({ span }) => span.parentId === parent)
    .sort((a, b) => a.span.from - b.span.from || a.span.to - b.span.to || a.at - b.at)
    .flatMap(({ span }) => [
      `${indent}${span.name} ${span.status}`,
      ...tree(spans, span.spanId, `${indent}  `),
    ]);
}

test("a chain over the death of its daemon: the tree, the times, the links, each span once; then a collector that is silent", async () => {
  const { world, collector } = await start();
  const named = { env: { OTEL_SERVICE_NAME: "builds" } };
  await world.startDaemon(["--traces", collector.url], named);
  const gate = join(world.dir, "open");
  const submitter = { TRACEPARENT: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  const submitted = await world.liveops(["submit", "prepare", `gate=${gate}`, "--label", "nightly"], {
    env: submitter,
  });
  const id = submitted.stdout.trim();
  await world.record(id, ({ untrackedStage }) => untrackedStage === "Inner");
  await world.killDaemon();
  await world.startDaemon(["--traces", collector.url], named);
  world.write("open", "");

  const prepare = await world.finished(id);
  const deliver = await world.finished(prepare.chain.next!);
  const confirm = await world.finished(deliver.chain.next!);
  expect([prepare, deliver, confirm].map(({ state }) => state)).toEqual(["succeeded", "succeeded", "failed"]);
  const spansOf = (operation: Operation) =>
    until("the root span arrives", () => {
      const spans = collector.of(traceIdOf(operation));
      return spans.some(({ parentId }) => parentId === null) && spans;
    });
  const first = await spansOf(prepare);
  const second = await spansOf(deliver);
  const third = await spansOf(confirm);

  expect(tree(first)).toEqual([
    "prepare ok",
    "  queue unset",
    "  attempt ok",
    "    Load ok",
    "    Process ok",
    "      Inner ok",
    "    Save unset",
  ]);
  expect(tree(second)).toEqual([
    "deliver ok",
    "  queue unset",
    "  attempt error",
    "    Pack ok",
    "    Send error",
    "  queue unset",
    "  attempt ok",
    "    Pack ok",
    "    Send ok",
  ]);
  expect(tree(third)).toEqual(["confirm error", "  queue unset", "  attempt error", "    Ask error"]);
  const ids = collector.spans.map(({ spanId }) => spanId);
  expect(new Set(ids).size).toBe(ids.length);

  // The times are those of the record.
  const spanOf = (spans: readonly ReceivedSpan[], name: string) => spans.find((span) => span.name === name)!;
  const root = first.find(({ parentId }) => parentId === null)!;
  expect(prepare.traceparent).toBe(`00-${root.traceId}-${root.spanId}-01`);
  expect([root.from, root.to]).toEqual([prepare.createdAt, prepare.finishedAt].map((at) => Date.parse(at!)));
  for (const [name, times] of Object.entries(prepare.stageTimes)) {
    const { from, to } = spanOf(first, name);
    expect([from, to]).toEqual([times.startedAt, times.finishedAt].map((at) => Date.parse(at!)));
  }
  expect(root.attributes).toMatchObject({
    "liveops.operation.id": id,
    "liveops.operation.type": "prepare",
    "liveops.operation.label": "nightly",
    "liveops.operation.state": "succeeded",
    "liveops.operation.attempts": 1,
    "liveops.chain.index": 0,
  });
  expect(spanOf(first, "Save").attributes).toMatchObject({
    "liveops.stage.state": "skipped",
    "liveops.stage.reason": "nothing to save",
  });
  expect(
    second.filter(({ name }) => name === "Pack").map((span) => span.attributes["liveops.stage.resumed"]),
  ).toEqual([undefined, true]);

  // A chain links backwards, its first operation to the span of the submit.
  const links = (spans: readonly ReceivedSpan[]) => spans.flatMap((span) => span.links);
  const [, traceId, spanId] = submitter.TRACEPARENT.split("-");
  expect(links(first)).toEqual([{ traceId, spanId, kind: "submit" }]);
  expect(links(second)).toEqual([{ traceId: root.traceId, spanId: root.spanId, kind: "chain" }]);

  const failed = third.find(({ parentId }) => parentId === null)!;
  expect(failed.message).toBe("no answer");
  expect(failed.events).toEqual([
    {
      name: "exception",
      attributes: { "exception.type": "LIVEOPS_EXCEPTION", "exception.message": "no answer" },
    },
  ]);

  // A program joins the span of its stage.
  expect(await world.lines(id)).toContain(`parent=00-${root.traceId}-${spanOf(first, "Load").spanId}-01`);
  const { stdout } = await world.liveops(["show", id]);
  expect(stdout).toContain(root.traceId);

  const sent = JSON.stringify(collector.spans);
  for (const secret of ["PARAM-TEXT", "RESULT-TEXT", world.dir]) expect(sent).not.toContain(secret);
  expect(root.resource).toMatchObject({ "service.name": "builds" });

  // A collector that is silent, then back delays nothing, and is reported once each time.
  const state = () => world.client.daemon().then(({ traces }) => traces!);
  const submit = async () => world.finished(await world.submit("shell", "script=true"));
  const told = (text: string) => readFileSync(join(world.state, "liveopsd.log"), "utf8").split(text).length;
  const isTaken = async () => {
    await submit();
    return (await state()).problem === null;
  };
  // On a slow machine an answer before that may have been late.
  await until("spans are taken", isTaken);
  await until("no span waits", async () => (await state()).waiting === 0);
  const [away, back] = [told("does not take spans"), told("takes spans again")];
  collector.answer = "silence";
  await submit();
  const refused = await until("spans are dropped", async () => {
    const { dropped, problem } = await state();
    return problem !== null && dropped.refused;
  });
  await submit();
  await until("more spans are dropped", async () => {
    const { dropped, waiting } = await state();
    return dropped.refused > refused && waiting === 0;
  });
  expect((await world.liveopsd(["status"])).stdout).toContain(
    "the collector of the traces does not take spans",
  );
  expect(told("does not take spans")).toBe(away + 1);
  expect(told("takes spans again")).toBe(back);

  collector.answer = 200;
  await until("spans are taken", isTaken);
  expect(told("takes spans again")).toBe(back + 1);

  // The stop does not wait for a collector that does not reply.
  collector.answer = "silence";
  await submit();
  const began = performance.now();
  expect(await world.liveopsd(["stop"])).toMatchObject({ code: 0 });
  expect(performance.now() - began).toBeLessThan(5000);
});

test("the standard variables alone turn nothing on; the config file does, with headers from the environment", async () => {
  const { world, collector } = await start();
  Object.assign(world.env, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: "x-team=a",
    TOKEN: "hidden-token",
  });
  await world.startDaemon();
  expect((await world.client.daemon()).traces).toBeNull();
  const id = await world.submit("shell", "script=echo parent=$TRACEPARENT.");
  expect(await world.finished(id)).not.toHaveProperty("traceparent");
  expect(await world.lines(id)).toContain("parent=.");
  const traces = { url: "env", headers: { authorization: "TOKEN" } };
  world.write("config/liveops/config.json", JSON.stringify({ traces }));
  expect((await world.liveopsd(["restart"])).code).toBe(0);
  await world.finished(await world.submit("shell", "script=true"));
  await until("spans arrive", () => collector.spans.length > 0);
  expect(collector.spans[0]!.resource).toMatchObject({ "service.name": "liveops" });
  expect(collector.requests[0]).toMatchObject({
    path: "/v1/traces",
    headers: { "x-team": "a", authorization: "hidden-token" },
  });
  expect((await world.liveopsd(["status", "--json"])).stdout).not.toContain("hidden-token");
  expect(readFileSync(join(world.state, "liveopsd.log"), "utf8")).not.toContain("hidden-token");
  expect((await world.liveopsd(["restart"], { env: { OTEL_SDK_DISABLED: "true" } })).code).toBe(0);
  expect((await world.client.daemon()).traces).toBeNull();
  const bad = await world.liveopsd(["start", "--traces", "http://me:pass@host:4318"]);
  expect(bad).toMatchObject({ code: 2, stdout: "" });
  expect(bad.stderr).toContain("--traces must be an http or https URL");
  expect(bad.stderr).not.toContain("pass@");
});
