/**
 * A host that cannot reach the engine, in either direction, or that stands still: its work ends
 * before another host takes over, and nothing that it says afterwards counts.
 */
// @module-tag postgresql
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import type { FleetHost } from "../../features/fleet/fleet-host.js";
import { FleetWorld } from "../../features/fleet/fleet-world.js";
import type { Direction } from "../../harness/relay.js";
import { FULL, patience } from "../mode.js";
import { runBin } from "../run-bin.js";
import { eventually, expectNoGap, recordThat, untilFinished, wholeLog } from "../start.js";
import { expectLawful } from "./lawful.js";

/** Seconds. */
const LOST_AFTER = 5;
const HOUR = 3_600_000;

let fleet: FleetWorld;
beforeAll(async () => {
  const hosts = {
    a: { concurrency: 4, hasClock: true },
    b: { concurrency: 4 },
    c: { concurrency: 4 },
    d: { concurrency: 6 },
  };
  fleet = await FleetWorld.start({ hosts, lostAfter: LOST_AFTER });
}, patience(60_000));
afterAll(() => fleet?.[Symbol.asyncDispose](), patience(60_000));

const effectsOf = (id: string) => fleet.effects().filter((effect) => effect.id === id);

interface Work {
  plain: Operation;
  resumable: Operation;
  busy: Operation;
  /** Says itself that it goes on. */
  through: Operation;
  /** Lets them do the second half. */
  open: () => void;
}

let gates = 0;

/**
 * Operations of both kinds and a spinning one, all at work on the host. Half of their work waits
 * for the gate.
 */
async function atWorkOn(host: FleetHost): Promise<Work> {
  const peer = fleet.peerOf(host);
  for (const each of fleet.up) await each.client.drain({ draining: each !== host });
  const gate = join(fleet.dir, `gate-${++gates}`);
  const params = { steps: 12, pause: 25, gate };
  const plain = await fleet.submit(peer, { op: "works", params });
  const resumable = await fleet.submit(peer, { op: "works-on", params });
  const busy = await fleet.submit(peer, { op: "works-on", params: { ...params, busy: true } });
  const through = await fleet.submit(peer, { op: "works-through", params });
  for (const { id } of [plain, resumable, busy, through])
    await eventually(`${id} has done half`, () => effectsOf(id).some(({ step }) => step === 6));
  for (const each of fleet.up) await each.client.drain({ draining: false });
  return { plain, resumable, busy, through, open: () => writeFileSync(gate, "") };
}

interface Cut {
  name: string;
  begin: (host: FleetHost) => Promise<void> | void;
  end: (host: FleetHost) => void;
}

const partition = (name: string, ...directions: Direction[]): Cut => ({
  name,
  begin: (host) => host.partition(...directions),
  end: (host) => host.heal(),
});

const CUTS: Cut[] = [
  partition("what a host sends is held back", "to-server"),
  partition("what the engine sends to a host is held back", "to-client"),
  { name: "a host is frozen", begin: (host) => host.freeze(), end: (host) => host.thaw() },
];

/** One round in `npm test`; otherwise each host has each fault once. */
const ROUNDS = [
  ["a", "b", "c"],
  ...(FULL
    ? [
        ["b", "c", "a"],
        ["c", "a", "b"],
      ]
    : []),
];

test.each(ROUNDS)(
  "a host that is cut off in either direction or frozen until it is lost: no attempts overlap (%s, %s, %s)",
  { timeout: patience(90_000) },
  async (...victims) => {
    const struck = [];
    for (const [index, cut] of CUTS.entries()) {
      const host = fleet.host(victims[index]!);
      const { session } = await fleet.told(host);
      struck.push({ ...cut, host, session, work: await atWorkOn(host) });
    }
    await Promise.all(struck.map(({ begin, host }) => begin(host)));
    await Promise.all(struck.map(({ host }) => fleet.untilLost(host)));
    const peer = fleet.host("d");
    for (const { work } of struck) {
      expect(await untilFinished(peer.daemon, work.plain.id)).toMatchObject({
        state: "failed",
        attempt: 1,
        error: { code: "LIVEOPS_HOST_LOST" },
      });
      for (const { id } of [work.resumable, work.busy])
        await eventually(`${id} runs elsewhere`, () =>
          effectsOf(id).some(({ attempt }) => attempt === 2),
        );
    }
    for (const { end, host, work } of struck) {
      work.open();
      end(host);
    }
    for (const { host, session } of struck) await fleet.untilBack(host, session);
    await fleet.untilIdle();
    for (const { host, work } of struck)
      for (const { id } of [work.resumable, work.busy])
        expect(await host.client.show(id)).toMatchObject({ state: "succeeded", attempt: 2 });
    for (const { host, work } of struck)
      expect(await peer.client.show(work.through.id)).toMatchObject({
        state: "succeeded",
        attempt: 1,
        host: host.name,
      });
    const ids = struck.flatMap(({ work: { plain, resumable, busy, through } }) =>
      [plain, resumable, busy, through].map(({ id }) => id),
    );
    const history = await fleet.history(ids);
    for (const { name } of struck) expectLawful(`fleet: ${name}`, 1, history);
  },
);

test("a partition that is shorter than the lease ends nothing, and the log is whole everywhere", {
  timeout: patience(60_000),
}, async () => {
  const host = fleet.host("b");
  const { session } = await fleet.told(host);
  const { plain, resumable, busy, through, open } = await atWorkOn(host);
  host.partition();
  open();
  await eventually("it works on", () => effectsOf(plain.id).some(({ step }) => step === 9));
  host.heal();
  await fleet.untilIdle();
  for (const { id } of [plain, resumable, busy, through]) {
    const ended = await untilFinished(host.daemon, id);
    expect(ended).toMatchObject({ state: "succeeded", attempt: 1, host: "b" });
    for (const each of fleet.up) expectNoGap(await wholeLog(each.daemon, id), ended);
  }
  expect(await fleet.told(host)).toMatchObject({ state: "up", session });
  expectLawful("fleet: short partition", 1, await fleet.history([plain.id]));
});

test("an hour ahead, a host is shown with its skew, is not lost, starts nothing early or late, and tells the engine's time", {
  timeout: patience(60_000),
}, async () => {
  const host = fleet.host("a");
  const { session } = await fleet.told(host);
  host.clock!.jump(HOUR);
  await eventually(
    "the skew is shown",
    async () => Math.abs(((await fleet.told(host)).skewMs ?? 0) - HOUR) < 60_000,
    () => fleet.told(host),
  );
  const notBefore = new Date(Date.now() + 2000).toISOString();
  const peer = fleet.peerOf(host);
  const later = await fleet.submit(peer, { op: "works", on: "a", notBefore });
  const retried = await peer.submit("fails-once", { on: "a" });
  const ended = await untilFinished(peer.daemon, later.id);
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(notBefore));
  expect(ended).toMatchObject({ state: "succeeded", attempt: 1, host: "a" });
  // Its automatic retry waits a second of the engine, not an hour.
  const told = await recordThat(peer.daemon, retried.id, ({ state }) => state === "succeeded");
  expect(told).toMatchObject({ attempt: 2, host: "a" });
  // In the order of the submits, whatever the clock of the host says.
  const own = await fleet.submit(host, { op: "works" });
  const { operations } = await peer.client.list({ limit: 3 });
  expect(operations.map(({ id }) => id)).toEqual([own.id, retried.id, later.id]);
  // What a person sees and types there follows the clock of the engine too, and so do the times of
  // the stages.
  const isNow = (time: string | null | undefined) =>
    Math.abs(Date.parse(time ?? "") - Date.now()) < HOUR / 2;
  const bin = (...words: string[]) =>
    runBin(host.daemon.world, "liveops", words, { env: host.clock!.env, deadline: 60_000 });
  const { stdout } = await bin("submit", "shell", "--in", "1s", "--json", "--", "true");
  expect(isNow(JSON.parse(stdout).notBefore)).toBe(true);
  expect((await bin("ls")).stdout).not.toMatch(/\b(\d+h|[3-9]\d+m)\b/);
  expect((await bin("show", own.id)).stdout).not.toMatch(/\b1h ago|in 1h\b/);
  const { stageTimes } = await peer.client.show(told.id);
  for (const { startedAt } of Object.values(stageTimes)) expect(isNow(startedAt)).toBe(true);
  await fleet.untilIdle();
  host.clock!.jump(0);
  expect(await fleet.told(host)).toMatchObject({ state: "up", session });
  const [first, second] = effectsOf(later.id);
  expect(second!.time - first!.time).toBeLessThan(60_000);
  expectLawful("fleet: clock an hour ahead", 1, await fleet.history([later.id, own.id]));
});
