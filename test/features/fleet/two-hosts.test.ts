/**
 * What two hosts of a fleet, with one slot each, do together: metrics, odd successes, operations
 * inside of others, and questions to a person.
 */
// @module-tag postgresql
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../end-to-end/until.js";
import { eventually } from "../../faults/start.js";
import { scrape } from "../../harness/prometheus.js";
import type { FleetHost } from "./fleet-host.js";
import { FleetWorld } from "./fleet-world.js";

const TYPES = `
  import { LiveOperation, z } from "liveops";
  const effects = z.string();
  export class Quick extends LiveOperation {
    static params = z.object({ effects });
    static stages = ["Run"];
    async run(p) { await p.stage("Run", () => {}); }
  }
  export class Dump extends LiveOperation {
    static params = z.object({ effects, size: z.number() });
    static failIfOdd = true;
    async run(p) { p.result({ size: this.params.size }); }
  }
  export class Rollout extends LiveOperation {
    static resumable = true;
    static params = z.object({ effects, timeout: z.number().optional() });
    static stages = ["Build", "Ask", "Ship"];
    async run(p) {
      await p.stage("Build", () => p.log("built"));
      const { timeout } = this.params;
      const answer = await p.stage("Ask", () =>
        p.approve("Which?", { choices: ["blue", "green"], ...(timeout && { timeout, default: "green" }) }));
      await p.stage("Ship", () => p.result({ answer, host: process.env.LIVEOPS_TEST_HOST }));
    }
  }`;

let fleet: FleetWorld;
let a: FleetHost;
let b: FleetHost;
beforeAll(async () => {
  const ops = {
    "types.mjs": TYPES,
  };
  const host = { concurrency: 1, config: { queues: { gpu: { concurrency: 1 } } } };
  // A host that is well on a busy machine is not taken for lost, and its engine has time to answer.
  fleet = await FleetWorld.start({ hosts: { a: host, b: host }, ops, lostAfter: 60 });
  [a, b] = [fleet.host("a"), fleet.host("b")];
}, 60_000);
afterAll(() => fleet?.[Symbol.asyncDispose](), 60_000);

test("hosts count their own work, and show all hosts with a label", async () => {
  const metricsOf = (host: FleetHost) => scrape(host.daemon.world.socket);
  for (const host of [a, b]) await metricsOf(host);
  const { id } = await fleet.submit(a, { op: "quick", on: "b" });
  await b.daemon.untilFinished(id);
  const finished = [
    "liveops_operations_finished_total",
    { type: "quick", outcome: "succeeded" },
  ] as const;
  expect((await metricsOf(b)).value(...finished)).toBe(1);
  const ofA = await metricsOf(a);
  expect(ofA.value(...finished)).toBeNull();
  expect(ofA.value("liveops_operations_submitted_total", { type: "quick" })).toBe(1);
  expect(ofA.value("liveops_stage_duration_seconds_count")).toBeNull();
  for (const host of ["a", "b"]) {
    expect(ofA.value("liveops_host_state", { host, state: "up" })).toBe(1);
    expect(ofA.value("liveops_host_slots", { host })).toBe(1);
  }
  expect(ofA.value("liveops_engine_away_seconds", { host: "a" })).toBe(0);

  a.partition();
  const cut = await eventually("the engine is away", async () => {
    const scraped = await metricsOf(a);
    return (scraped.value("liveops_engine_away_seconds", { host: "a" }) ?? 0) > 0 ? scraped : null;
  });
  expect(cut.value("liveops_host_slots", { host: "b" })).toBe(1);
  a.heal();
  await eventually(
    "the engine is back",
    async () => (await metricsOf(a)).value("liveops_engine_away_seconds", { host: "a" }) === 0,
  );
});

test("the successes of all hosts are the history of each", async () => {
  const run = async (on: FleetHost, name: string, size: number) => {
    const { id } = await fleet.submit(a, { op: "dump", on: name, params: { size } });
    return on.daemon.untilFinished(id);
  };
  for (const size of [2000, 2010, 1990]) expect((await run(a, "a", size)).state).toBe("succeeded");
  for (const size of [2005, 2015]) expect((await run(b, "b", size)).state).toBe("succeeded");
  const low = { name: "size", value: 600, low: 1990, high: 2015, runs: 5 };
  const failed = { state: "failed", error: { code: "LIVEOPS_ODD" }, odd: [low] };
  expect(await run(b, "b", 600)).toMatchObject(failed);
  expect(await run(a, "a", 600)).toMatchObject(failed);
});

test("the answer of another host counts, and a host that is down keeps nobody waiting", async () => {
  const submit = async (body: object = {}) =>
    (await fleet.submit(a, { op: "rollout", params: {}, ...body })).id;
  const asked = (id: string, on: FleetHost) =>
    until("the question is known", async () => {
      const record = await on.client.show(id).catch(() => null);
      return record?.state === "queued" && record.approvals?.at(-1)?.answer === null && record;
    });

  const pinned = await submit({ on: "a" });
  const [here, there] = [await asked(pinned, a), await asked(pinned, b)];
  expect(there.approvals).toEqual(here.approvals);
  expect(there.blocked).toMatchObject({ reason: "approval" });
  // The wait holds no slot.
  const { id } = await fleet.submit(a, { op: "quick", on: "a" });
  expect(await a.daemon.untilFinished(id)).toMatchObject({ state: "succeeded" });
  await b.client.approve(pinned, { choice: "blue" });
  await expect(a.client.approve(pinned, { choice: "green" })).rejects.toThrow(
    "waits for no approval",
  );
  expect(await b.daemon.untilFinished(pinned)).toMatchObject({
    state: "succeeded",
    result: { answer: "blue", host: "a" },
    approvals: [{ answer: { choice: "blue" } }],
  });

  // The end of the time is recorded once, by one of the hosts.
  const late = await submit({ params: { timeout: 1 } });
  const ended = await b.daemon.untilFinished(late);
  expect(ended).toMatchObject({ state: "succeeded", result: { answer: "green" }, attempt: 2 });
  const answers: string[] = [];
  for await (const { type } of b.client.events(late, {}))
    if (type === "approval:answered") answers.push(type);
  expect(answers).toHaveLength(1);

  // The host that asked is gone.
  const open = await submit();
  await asked(open, b);
  await a.kill();
  await b.client.approve(open, { choice: "blue" });
  expect(await b.daemon.untilFinished(open)).toMatchObject({
    result: { answer: "blue", host: "b" },
  });
});
