/**
 * The engine crashes, loses writes, or is another one than the host was told: nothing ends, and
 * nothing is lost.
 */
// @module-tag postgresql
import { expect, test } from "vitest";
import { LiveopsError } from "../../../protocol/errors.js";
import { FleetWorld } from "../../features/fleet/fleet-world.js";
import type { Postgres } from "../../harness/postgres.js";
import { Relay } from "../../harness/relay.js";
import { counts, Dice, patience } from "../mode.js";
import { eventually, recordThat, untilFinished } from "../start.js";
import { expectLawful } from "./lawful.js";

const RESTARTS = 3;
const OPERATIONS = counts(60, 600);

/** The operations of a load: short ones, chains, and some that run through every fault. */
function operation(index: number) {
  const op = index % 2 === 0 ? "works" : "works-on";
  const params =
    index % 10 === 0 ? { steps: 60, pause: 50 } : { steps: 3, pause: 5, links: 1 + (index % 3) };
  return { op, params };
}

test("an engine that is restarted `immediate` three times under load ends nothing and loses nothing", {
  timeout: patience(90_000, 300_000),
}, async () => {
  // The outages count for no lease, which is shorter than they are together.
  await using fleet = await FleetWorld.start({ hosts: { a: {}, b: {}, c: {} }, lostAfter: 4 });
  const dice = new Dice("fleet engine");
  const a = fleet.host("a");
  const first = await fleet.submit(a, { op: "works" });
  await untilFinished(a.daemon, first.id);
  const submitted = (async () => {
    for (let index = 0; index < OPERATIONS; index += 10) {
      await fleet.submitAll(Array.from({ length: 10 }, (_, each) => operation(index + each)));
      await dice.moment(0, 800);
    }
  })();
  for (let n = 0; n < RESTARTS; n++) {
    await dice.moment(500, 1500);
    await fleet.engine.restart("immediate");
  }
  await submitted;
  await fleet.untilIdle(patience(60_000, 240_000));
  expect(fleet.strikes).toEqual([]);
  const history = await fleet.history(fleet.acknowledged);
  expectLawful("fleet: engine crashed under load", RESTARTS, history);
  for (const told of history.told.values())
    expect(told.filter(({ state, attempt }) => state !== "succeeded" || attempt !== 1)).toEqual([]);
});

test("while the engine is away, submits are refused with 503, reads go on, and outcomes wait", {
  timeout: patience(60_000),
}, async () => {
  await using fleet = await FleetWorld.start({ hosts: { a: {}, b: {} }, lostAfter: 4 });
  const a = fleet.host("a");
  const done = await fleet.submit(a, { op: "works" });
  await untilFinished(a.daemon, done.id);
  const running = await fleet.submit(a, { op: "works", params: { steps: 40, pause: 50 } });
  for (const { daemon } of fleet.hosts) {
    await untilFinished(daemon, done.id);
    await recordThat(daemon, running.id, ({ state }) => state === "running");
  }
  await fleet.engine.halt("immediate");
  await eventually("the outcome is there", () =>
    fleet.effects().some(({ id, what }) => id === running.id && what === "end"),
  );
  for (const { client } of fleet.hosts) {
    const refused = await client
      .submit({ op: "works" }, "while away")
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(LiveopsError);
    expect(refused).toMatchObject({ code: "LIVEOPS_ENGINE_AWAY", status: 503 });
    expect(await client.show(done.id)).toMatchObject({ state: "succeeded" });
    expect(await client.show(running.id)).toMatchObject({ state: "running" });
    expect((await client.list()).operations).toHaveLength(2);
    const { engine: said } = await client.daemon();
    expect(said?.awaySince).not.toBeNull();
  }
  // Longer than the lease would be: a peer that cannot renew either takes nobody for lost.
  await new Promise((resolve) => setTimeout(resolve, 1000 * fleet.lostAfter));
  await fleet.engine.restart();
  for (const { daemon } of fleet.hosts)
    expect(await untilFinished(daemon, running.id)).toMatchObject({
      state: "succeeded",
      attempt: 1,
    });
  await fleet.submit(a, { op: "works" });
  await fleet.untilIdle();
  expectLawful("fleet: engine away", 1, await fleet.history(fleet.acknowledged));
});

test("a host that is cut off in the middle of a request holds up no other host for long", {
  timeout: patience(60_000),
}, async () => {
  await using fleet = await FleetWorld.start({ hosts: { a: {}, b: {} }, lostAfter: 4 });
  const [a, b] = [fleet.host("a"), fleet.host("b")];
  // All but the last message of the request, at which the engine would commit.
  const cut = a.cutWithinRequest(5);
  const lost = a.client
    .submit({ op: "works", params: { effects: fleet.effectsFile } }, "cut")
    .catch(() => null);
  await cut;
  const start = performance.now();
  const [id] = await fleet.submitAll([{ op: "works" }], [b]);
  expect(await untilFinished(b.daemon, id!)).toMatchObject({ state: "succeeded" });
  expect(performance.now() - start).toBeLessThan(20_000);
  await lost;
  a.heal();
  // Where it was declared lost, it joins again first.
  await fleet.submit(a, { op: "works" }, "cut");
  await fleet.untilIdle();
  expectLawful("fleet: cut in the middle of a request", 1, await fleet.history(fleet.acknowledged));
});

/** Bytes of the write-ahead log that a server has, received or written. */
const ownPosition = (engine: Postgres) =>
  engine.sql("postgres", "select coalesce(pg_last_wal_receive_lsn(), pg_current_wal_lsn())");

test("a standby that lagged is promoted: what the engine lost is offered by the hosts, and nothing runs twice", {
  timeout: patience(90_000),
}, async () => {
  await using fleet = await FleetWorld.start({ hosts: { a: {}, b: {}, c: {} }, lostAfter: 10 });
  const a = fleet.host("a");
  await using toStandby = await Relay.start({ path: `${fleet.engine.dir}/.s.PGSQL.5432` });
  const { password } = fleet.engine;
  const standby = await fleet.engine.standby();
  standby.settings.push(
    `primary_conninfo=host=127.0.0.1 port=${toStandby.port} user=postgres password='${password}'`,
  );
  await standby.restart();
  const before = await fleet.submitAll([operation(0), operation(1), operation(10), operation(11)]);
  await eventually("the long operation runs", () => fleet.effects().some(({ step }) => step === 5));
  await fleet.submit(a, { op: "works" });
  await eventually("the standby has all", () => ownPosition(standby) === ownPosition(fleet.engine));
  toStandby.blackHole();
  // Acknowledged, started and finished by an engine that is gone a moment later.
  const lost = await fleet.submitAll(
    Array.from({ length: 12 }, (_, index) => operation(index + 20)),
  );
  const finished = lost[1]!;
  await untilFinished(a.daemon, finished);
  await fleet.engine.halt("immediate");
  await standby.promote();
  await fleet.useEngine(standby);
  const after = await fleet.submitAll([operation(1), operation(2)]);
  await fleet.untilIdle();
  for (const id of [...before, ...lost, ...after])
    for (const { client } of fleet.hosts)
      expect(await client.show(id)).toMatchObject({ state: "succeeded", attempt: 1 });
  expect(fleet.strikes).toEqual([]);
  expectLawful("fleet: lagging standby promoted", 1, await fleet.history(fleet.acknowledged));
});
