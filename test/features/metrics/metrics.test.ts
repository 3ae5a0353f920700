/** The metrics of a real daemon: form, names and values, on the socket and over TCP. */
import { rmSync, writeFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { METRICS } from "../../../daemon/features/metrics/definitions.js";
import { TestDaemon } from "../../harness/daemon.js";
import { type Scraped, scrape } from "../../harness/prometheus.js";

const OPS = {
  "work.mjs": `
    import { existsSync } from "node:fs";
    import { setTimeout as delay } from "node:timers/promises";
    import { LiveOperation, z } from "liveops";
    export class Work extends LiveOperation {
      static stages = ["Load", 'Say "hi"\\\\', "Never"];
      static params = z.object({ fails: z.boolean().default(false), file: z.string().optional() });
      async run(p) {
        const { fails, file } = this.params;
        await p.stage("Load", () => delay(20));
        p.log("loaded");
        await p.untracked("Extra", () => {});
        await p.stage('Say "hi"\\\\', async () => {
          while (file && !existsSync(file)) await delay(10, undefined, { signal: p.signal });
          p.log("goes on");
          if (fails) throw new Error("no room");
        });
      }
    }
    export class Checks extends LiveOperation {
      static stages = ["Check"];
      async run(p) {
        await p.stage("Check", () => p.parallel(
          { lint: () => {}, unit: () => {}, types: () => { throw new Error("no types"); } },
          { atOnce: 1, onFailure: "finish" },
        ));
      }
    }`,
};

const WORK = { type: "work", queue: "default" };

/** Once the metrics fit: the daemon may read events and measure processes after a reply. */
async function scrapeUntil(from: string, fits: (scraped: Scraped) => void): Promise<Scraped> {
  return vi.waitFor(
    async () => {
      const scraped = await scrape(from);
      fits(scraped);
      return scraped;
    },
    { timeout: 60_000, interval: 200 },
  );
}

test("a scrape has each metric of the table, and the values of operations, stages and steps", async () => {
  await using daemon = await TestDaemon.start({
    ops: OPS,
    concurrency: 1,
    words: ["--metrics", "127.0.0.1:0"],
    config: { on: { failure: "exit 3" }, queues: { other: { concurrency: 3 } } },
  });
  const { metrics: address, flags } = await daemon.client.daemon();
  expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(flags.metrics).toBe("127.0.0.1:0");
  const first = await scrape(address!);
  expect(first.type).toBe("text/plain; version=0.0.4; charset=utf-8");
  const named = Object.entries(METRICS).map(([name, { kind, help }]) => [name, kind, help]);
  expect([...first.families].map(([name, { kind, help }]) => [name, kind, help])).toEqual(named);
  for (const [name, { samples }] of first.families) {
    const labels: readonly string[] = METRICS[name as keyof typeof METRICS].labels;
    for (const sample of samples)
      expect(labels).toEqual(
        expect.arrayContaining(Object.keys(sample.labels).filter((key) => key !== "le")),
      );
  }

  const file = `${daemon.world.dir}/go`;
  const { id: watched } = await daemon.submit("work", { params: { file } });
  // Only a log that is watched is read while it is written.
  for await (const line of daemon.client.watch({ operation: watched, log: true })) {
    if (line.type === "snapshot") writeFileSync(file, "");
    if (line.type === "end") break;
  }
  await daemon.untilFinished((await daemon.submit("work", { params: { fails: true } })).id);
  const { socket } = daemon.world;
  const after = await scrapeUntil(socket, (scraped) =>
    expect(scraped.value("liveops_actions_total", { event: "failure", outcome: "failed" })).toBe(1),
  );
  expect(after.value("liveops_operations_submitted_total", WORK)).toBe(2);
  expect(after.value("liveops_operations_finished_total", { ...WORK, outcome: "succeeded" })).toBe(
    1,
  );
  expect(after.value("liveops_operations_finished_total", { ...WORK, outcome: "failed" })).toBe(1);
  const duration = (labels: object) => ({ type: "work", ...labels });
  for (const outcome of ["succeeded", "failed"])
    expect(after.value("liveops_operation_duration_seconds_count", duration({ outcome }))).toBe(1);
  expect(
    after.value("liveops_operation_duration_seconds_sum", duration({ outcome: "succeeded" })),
  ).toBeGreaterThan(0.015);
  // A stage that fails is not counted, nor is an untracked one.
  const stages = after.families.get("liveops_stage_duration_seconds")!.samples;
  expect([...new Set(stages.map(({ labels }) => labels.stage))]).toEqual(["Load", 'Say "hi"\\']);
  expect(after.value("liveops_stage_duration_seconds_count", { type: "work", stage: "Load" })).toBe(
    2,
  );
  expect(after.value("liveops_queue_wait_seconds_count", { queue: "default" })).toBe(2);
  expect(after.value("liveops_stored_operations", { state: "failed" })).toBe(1);
  expect(after.value("liveops_tail_lag_seconds_count", { file: "events" })).toBeGreaterThan(8);
  expect(after.value("liveops_tail_lag_seconds_count", { file: "log" })).toBeGreaterThan(0);
  expect(after.value("liveops_engine_away_seconds")).toBeNull();
  expect(after.value("liveops_queue_slots", { queue: "other" })).toBe(3);
  expect(after.value("liveops_disk_free_bytes")).toBeGreaterThan(0);

  rmSync(file);
  const running = await daemon.submit("work", { params: { file } });
  const queued = await daemon.submit("work", { queue: "default" });
  const later = await daemon.submit("work", { after: [running.id] });
  const busy = await scrapeUntil(socket, (scraped) => {
    expect(scraped.value("liveops_operations_processes", { type: "work" })).toBeGreaterThan(0);
    expect(scraped.value("liveops_queue_oldest_age_seconds", { queue: "default" })).toBeGreaterThan(
      0,
    );
  });
  expect(busy.value("liveops_operations", { ...WORK, state: "running" })).toBe(1);
  expect(busy.value("liveops_operations", { ...WORK, state: "queued" })).toBe(2);
  expect(busy.value("liveops_queue_slots_used", { queue: "default" })).toBe(1);
  expect(busy.value("liveops_workers", { state: "busy" })).toBe(1);
  expect(busy.value("liveops_operations_resident_memory_bytes", { type: "work" })).toBeGreaterThan(
    1e6,
  );
  await daemon.client.cancel(queued.id);
  writeFileSync(file, "");
  await daemon.untilFinished(later.id);
  const end = await scrape(socket);
  // The cancelled operation never ran.
  expect(end.value("liveops_operations_finished_total", { ...WORK, outcome: "cancelled" })).toBe(1);
  expect(
    end.value("liveops_operation_duration_seconds_count", { type: "work", outcome: "cancelled" }),
  ).toBeNull();
  expect(end.value("liveops_operations", { ...WORK, state: "running" })).toBeNull();

  // Steps are counted by their end, and those that are done are measured.
  await daemon.untilFinished((await daemon.submit("checks")).id);
  const stage = { type: "checks", stage: "Check" };
  await scrapeUntil(socket, (scraped) => {
    expect(scraped.value("liveops_steps_finished_total", { ...stage, outcome: "done" })).toBe(2);
    expect(scraped.value("liveops_steps_finished_total", { ...stage, outcome: "failed" })).toBe(1);
    expect(scraped.value("liveops_step_duration_seconds_count", stage)).toBe(2);
  });
});

test("without --metrics counting begins with the first scrape, also of an attempt that runs already", async () => {
  await using daemon = await TestDaemon.start({ ops: OPS });
  const { socket, dir } = daemon.world;
  expect((await daemon.client.daemon()).metrics).toBeNull();
  const { id } = await daemon.submit("work", { params: { file: `${dir}/go` } });
  for await (const line of daemon.client.events(id, { follow: true }))
    if (line.type === "stage:entered" && line.index === 1) break;
  expect((await scrape(socket)).value("liveops_operations_submitted_total")).toBeNull();
  await daemon.client.cancel(id);
  await daemon.untilFinished(id);
  await daemon.client.retry(id);
  writeFileSync(`${dir}/go`, "");
  await daemon.untilFinished(id);
  const after = await scrape(socket);
  expect(after.value("liveops_operations_submitted_total")).toBeNull();
  expect(after.value("liveops_operations_retried_total", { type: "work" })).toBe(1);
  expect(after.value("liveops_operations_finished_total", { ...WORK, outcome: "cancelled" })).toBe(
    1,
  );
  expect(after.value("liveops_stage_duration_seconds_count", { stage: "Load" })).toBe(1);
  expect(after.value("liveops_queue_wait_seconds_count", { queue: "default" })).toBe(1);

  // An adopted attempt is read from its start: the next daemon counts nothing twice.
  const next = await daemon.submit("work", { params: { file: `${dir}/again` } });
  for await (const line of daemon.client.events(next.id, { follow: true }))
    if (line.type === "stage:entered" && line.index === 1) break;
  await daemon.kill();
  await daemon.startAgain();
  await scrape(socket);
  writeFileSync(`${dir}/again`, "");
  await daemon.untilFinished(next.id);
  const adopted = await scrape(socket);
  expect(adopted.value("liveops_stage_duration_seconds_count", { stage: "Load" })).toBeNull();
  expect(
    adopted.value("liveops_operations_finished_total", { ...WORK, outcome: "succeeded" }),
  ).toBe(1);
});
