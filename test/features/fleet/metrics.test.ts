/** The metrics of a fleet: each host counts its own work and shows all hosts, also while it cannot reach the engine. */
// @module-tag postgresql
import { expect, test } from "vitest";
import { eventually } from "../../faults/start.js";
import { scrape } from "../../harness/prometheus.js";
import { FleetWorld } from "./fleet-world.js";

const QUICK = `
  import { LiveOperation, z } from "liveops";
  export class Quick extends LiveOperation {
    static params = z.object({ effects: z.string() });
    static stages = ["Run"];
    async run(p) { await p.stage("Run", () => {}); }
  }`;

test("hosts count their own work, and show all hosts with a label", { timeout: 120_000 }, async () => {
  await using fleet = await FleetWorld.start({
    hosts: { a: {}, b: {} },
    ops: { "quick.mjs": QUICK },
    lostAfter: 60,
  });
  const [a, b] = [fleet.host("a"), fleet.host("b")];
  const metricsOf = (host: typeof a) => scrape(host.daemon.world.socket);
  for (const host of [a, b]) await metricsOf(host);
  const { id } = await fleet.submit(a, { op: "quick", on: "b" });
  await b.daemon.untilFinished(id);
  const finished = ["liveops_operations_finished_total", { type: "quick", outcome: "succeeded" }] as const;
  expect((await metricsOf(b)).value(...finished)).toBe(1);
  const ofA = await metricsOf(a);
  expect(ofA.value(...finished)).toBeNull();
  expect(ofA.value("liveops_operations_submitted_total", { type: "quick" })).toBe(1);
  expect(ofA.value("liveops_stage_duration_seconds_count")).toBeNull();
  for (const host of ["a", "b"]) {
    expect(ofA.value("liveops_host_state", { host, state: "up" })).toBe(1);
    expect(ofA.value("liveops_host_slots", { host })).toBe(2);
  }
  // The counters of a host are in the engine with the next renewal of its lease.
  await eventually(
    "the other host shows the work",
    async () => (await metricsOf(a)).value("liveops_host_finished_total", { host: "b" }) === 1,
  );
  expect(ofA.value("liveops_engine_away_seconds", { host: "a" })).toBe(0);

  a.partition();
  const cut = await eventually("the engine is away", async () => {
    const scraped = await metricsOf(a);
    return (scraped.value("liveops_engine_away_seconds", { host: "a" }) ?? 0) > 0 ? scraped : null;
  });
  expect(cut.value("liveops_host_slots", { host: "b" })).toBe(2);
  a.heal();
  await eventually(
    "the engine is back",
    async () => (await metricsOf(a)).value("liveops_engine_away_seconds", { host: "a" }) === 0,
  );
});
