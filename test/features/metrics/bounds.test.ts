/** However many types, stages and queues there are, the daemon keeps a bounded number of series. */
import { expect, test } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import {
  MOST_QUEUES,
  MOST_STAGES,
  MOST_TYPES,
  OTHER,
} from "../../../daemon/features/metrics/definitions.js";
import { Metrics } from "../../../daemon/features/metrics/metrics.js";
import type { Entry } from "../../../daemon/store/decision.js";
import type { WorkerEvent } from "../../../protocol/event.js";
import { readMetrics } from "../../harness/prometheus.js";
import { Served } from "../../harness/served.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

const left = (stage: string): WorkerEvent => ({
  type: "stage:left",
  seq: 1,
  at: new Date().toISOString(),
  attempt: 1,
  stage,
  index: 0,
  state: "done",
  resumed: false,
  seconds: 2,
});

test("types and stages beyond the bound count as other", async () => {
  const bus = new Bus();
  const metrics = new Metrics(bus, () => undefined);
  await metrics.begin();
  const read = (op: string, event: WorkerEvent) =>
    bus.emit("event", { record: { op } } as Entry, event, true);
  for (let n = 0; n < MOST_TYPES + 50; n++) read(`type-${n}`, left("Run"));
  for (let n = 0; n < MOST_STAGES; n++) read("type-0", left(`Stage ${n}`));
  read("type-1", left("Run"));
  read("type-1", left("x".repeat(5000)));
  const { samples } = readMetrics(await metrics.text(() => {})).get(
    "liveops_stage_duration_seconds",
  )!;
  const counts = samples.filter(({ name }) => name.endsWith("_count"));
  expect(new Set(counts.map(({ labels }) => labels.type)).size).toBe(MOST_TYPES + 1);
  expect(counts.length).toBeLessThanOrEqual(MOST_STAGES + MOST_TYPES + 1);
  const of = (type: string, stage: string) =>
    counts.find(({ labels }) => labels.type === type && labels.stage === stage)?.value;
  expect(of(OTHER, "Run")).toBe(50);
  expect(of("type-1", "Run")).toBe(2);
  expect(of("type-1", OTHER)).toBe(1);
  expect(of("type-0", OTHER)).toBe(MOST_TYPES + 1);
});

test("queues beyond the bound count as other", () => {
  const metrics = new Metrics(new Bus(), () => undefined);
  for (let n = 0; n < MOST_QUEUES; n++) expect(metrics.queueOf({ queue: `q-${n}` })).toBe(`q-${n}`);
  expect(metrics.queueOf({ queue: "one-more" })).toBe(OTHER);
  expect(metrics.queueOf({ queue: "q-0" })).toBe("q-0");
});

test("scrapes at the same time do not mix", async () => {
  const served = await Served.start(directory());
  await served.submit();
  const replies = await Promise.all(
    Array.from({ length: 5 }, () => served.inject({ method: "GET", url: "/metrics" })),
  );
  for (const { body } of replies) {
    const [queued] = readMetrics(body).get("liveops_operations")!.samples;
    expect(queued).toMatchObject({ labels: { state: "queued", queue: "default" }, value: 1 });
  }
  await served.close();
});
