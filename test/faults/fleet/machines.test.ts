/**
 * Machines that die, and daemons that die alone: who takes over, when, and what of it can still be
 * read.
 */
// @module-tag postgresql
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { isAlive } from "../../end-to-end/processes.js";
import type { FleetHost } from "../../features/fleet/fleet-host.js";
import { FleetWorld } from "../../features/fleet/fleet-world.js";
import { patience } from "../mode.js";
import {
  eventually,
  expectNoGap,
  operations,
  recordThat,
  untilFinished,
  wholeLog,
} from "../start.js";
import { compareOnce, record } from "../tally.js";
import { expectLawful } from "./lawful.js";

const LOST_AFTER = 6;
/** A host is taken for lost at the latest so long after its death, in ms. */
const TAKEN_OVER = 1000 * (LOST_AFTER + 30);

let fleet: FleetWorld;
beforeAll(async () => {
  fleet = await FleetWorld.start({
    hosts: { a: {}, b: {}, c: {} },
    lostAfter: LOST_AFTER,
    ops: operations("resumes", "gate"),
  });
}, patience(60_000));
afterAll(() => fleet?.[Symbol.asyncDispose](), patience(60_000));

const fileIn = (name: string) => join(fleet.dir, name);
const read = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : "");

/** The host that runs the operation. */
async function hostOf(id: string): Promise<FleetHost> {
  const { host } = await recordThat(fleet.up[0]!.daemon, id, (told) => told.state === "running");
  return fleet.host(host!);
}

async function submit(op: string, params: Record<string, unknown>): Promise<Operation> {
  return fleet.up[0]!.submit(op, { params });
}

test("a machine that dies with its disk: others read its log, and continue what is resumable without a repeated stage", {
  timeout: patience(60_000),
}, async () => {
  const side = fileIn("resumed");
  const resumed = await submit("resumes", { side, ends: ["wait", "go"] });
  const dying = await hostOf(resumed.id);
  const peer = fleet.peerOf(dying);
  await recordThat(peer.daemon, resumed.id, ({ stageStates }) => stageStates.Second === "active");
  // On the same machine, an operation that no other attempt may repeat.
  const gate = fileIn("unrepeatable");
  const pinned = await peer.submit("gate", { on: dying.name, params: { gate, chatty: true } });
  await recordThat(peer.daemon, pinned.id, ({ logLines }) => logLines > 20);

  await dying.kill();
  const died = performance.now();
  dying.removeState();
  await fleet.untilLost(dying);
  expect(performance.now() - died).toBeLessThan(TAKEN_OVER);
  const failed = await untilFinished(peer.daemon, pinned.id);
  expect(failed).toMatchObject({
    state: "failed",
    attempt: 1,
    error: { code: "LIVEOPS_HOST_LOST" },
  });
  const continued = await untilFinished(peer.daemon, resumed.id);
  expect(continued).toMatchObject({
    state: "succeeded",
    attempt: 2,
    result: { first: { made: "by attempt 1", list: [1, 2, 3] }, second: 2, third: 2 },
    stageTimes: { First: { resumed: true }, Second: { resumed: false } },
  });
  expect(continued.host).not.toBe(dying.name);
  const ran = read(side).split("\n").filter(Boolean);
  expect(ran).toEqual(["1 First", "1 Second", "2 Second", "2 Third"]);

  // The machine comes back with an empty disk, and reads what it wrote itself from the others.
  await dying.start();
  for (const host of fleet.up) {
    expect(await host.client.show(pinned.id)).toMatchObject({ state: "failed", host: dying.name });
    const log = await wholeLog(host.daemon, pinned.id);
    expectNoGap(log, failed);
    expect(log.length).toBeGreaterThanOrEqual(20);
    const lines = log.filter(({ stream }) => stream === "log").map(({ text }) => text);
    expect(lines).toEqual(lines.map((_, index) => `line ${index + 1}`));
  }
  record({
    fault: "fleet: machine killed, disk gone",
    injected: 1,
    survived: 2,
    lost: 0,
    duplicated: 0,
  });
});

test("a daemon that dies alone and is back in time: attempt 1, and no line is missing at any host", {
  timeout: patience(60_000),
}, async () => {
  const gate = fileIn("adopted");
  const { id } = await submit("gate", { gate, chatty: true });
  const host = await hostOf(id);
  const peer = fleet.peerOf(host);
  const pid = Number((await eventually("it runs", () => read(`${gate}.ran`))).split(" ")[1]);
  await host.killDaemon();
  // The worker logs on.
  const { logLines } = await peer.client.show(id);
  await host.start();
  await recordThat(peer.daemon, id, (told) => told.logLines > logLines + 50);
  writeFileSync(`${gate}.1`, "");
  const ended = await untilFinished(peer.daemon, id);
  expect(ended).toMatchObject({ state: "succeeded", attempt: 1, host: host.name });
  expect(read(`${gate}.ran`)).toBe(`1 ${pid}\n`);
  const { said } = ended.result as { said: number };
  for (const each of fleet.up) {
    const log = await wholeLog(each.daemon, id);
    expectNoGap(log, ended);
    const found = compareOnce(
      Array.from({ length: said }, (_, index) => `line ${index + 1}`),
      log.filter(({ stream }) => stream === "log").map(({ text }) => text),
    );
    record({ fault: "fleet: daemon killed, back in time", injected: 1, ...found }, found.details);
  }
});

test("a daemon that dies alone and is not back: its workers end by themselves before another host takes over", {
  timeout: patience(60_000),
}, async () => {
  const host = fleet.host("a");
  const peer = fleet.peerOf(host);
  for (const each of fleet.up) if (each !== host) await each.client.drain({ draining: true });
  // One waits between its steps, one spins and calls nothing of liveops.
  const waiting = await fleet.submit(peer, { op: "works-on", params: { steps: 400, pause: 25 } });
  const spinning = await fleet.submit(peer, { op: "spins" });
  const begun = (id: string) =>
    fleet.effects().filter((effect) => effect.id === id && effect.step > 1);
  await eventually("both run", () => begun(waiting.id).length > 0 && begun(spinning.id).length > 0);
  await host.killDaemon();
  for (const each of fleet.up) await each.client.drain({ draining: false });
  await fleet.untilLost(host);
  for (const { id } of [waiting, spinning])
    await eventually(`${id} runs elsewhere`, () =>
      fleet.effects().some((effect) => effect.id === id && effect.attempt === 2),
    );
  const workers = new Set(
    fleet.effects().flatMap(({ attempt, pid }) => (attempt === 1 ? [pid] : [])),
  );
  expect([...workers].filter(isAlive)).toEqual([]);
  await peer.client.cancel(waiting.id);
  await host.start();
  await fleet.untilIdle();
  const history = await fleet.history([waiting.id, spinning.id]);
  expectLawful("fleet: daemon killed, not back", 1, {
    ...history,
    cancelled: new Set([waiting.id]),
  });
});
