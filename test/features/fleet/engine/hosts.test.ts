/** Sessions: who is up, who is lost, and what follows for the host. */
// @module-tag postgresql
import { beforeEach, describe, expect, test } from "vitest";
import {
  HostNameTakenError,
  SessionOverError,
} from "../../../../daemon/features/fleet/engine/errors.js";
import type { JoinOptions } from "../../../../daemon/features/fleet/engine/rows.js";
import { about, add, claimOne, row, type TestEngine, token, useFleet } from "./fleet.js";

const fleet = useFleet();
let a: TestEngine;
let b: TestEngine;
beforeEach(async () => {
  await fleet.create();
  a = await fleet.host("a", { tags: ["gpu"], slots: 4 });
  b = await fleet.host("b");
});

const options = (name: string, more: Partial<JoinOptions> = {}): JoinOptions => ({
  name,
  owner: name,
  tags: [],
  slots: 2,
  version: "1.0.0",
  lostAfter: 300,
  ...more,
});

test("every host lists the same hosts", async () => {
  await add(a);
  await claimOne(a, await add(a));
  await a.renew({ load: 0.5 });
  const [ofA, ofB] = [await a.hosts(), await b.hosts()];
  const still = (rows: typeof ofA) => rows.map(({ silent, ...others }) => others);
  expect(still(ofA)).toEqual(still(ofB));
  const [first] = ofA;
  expect(first).toMatchObject({
    name: "a",
    session: 1,
    state: "up",
    renewals: 1,
    tags: ["gpu"],
    slots: 4,
  });
  expect(first).toMatchObject({
    status: { load: 0.5 },
    lostAfter: 300,
    running: 1,
    draining: false,
  });
  expect(first!.silent).toBeLessThan(10);
});

test("a renewal counts, and tells the engine's clock", async () => {
  expect(await a.renew()).toMatchObject({ renewals: 1, held: false, draining: false });
  const { renewals, now } = (await a.renew())!;
  expect(renewals).toBe(2);
  expect(Math.abs(now - Date.now())).toBeLessThan(10_000);
  expect(Math.abs(a.skewMs)).toBeLessThan(10_000);
});

test("a daemon that starts again keeps its running operations and their fences", async () => {
  const id = await add(a);
  const { fence } = await claimOne(a, id);
  const again = fleet.engine();
  expect(await again.join(options("a"))).toMatchObject({ session: 2, n: 2 });
  expect(await again.running()).toMatchObject([{ id, fence, session: 2 }]);
  expect(await b.abandoned()).toEqual([]);
  expect(await a.renew()).toBeNull();
  await expect(add(a)).rejects.toThrow(SessionOverError);
});

test("a second daemon cannot take the name of a host that is up", async () => {
  const other = fleet.engine();
  const joined = other.join(options("a", { owner: "another state directory" }));
  await expect(joined).rejects.toThrow(HostNameTakenError);
  expect(await a.renew()).toMatchObject({ renewals: 1 });
  await b.declareLost("a", null, null);
  expect(await other.join(options("a", { owner: "another state directory" }))).toMatchObject({
    session: 2,
  });
});

test("two daemons that join one host at once have two sessions, and one is over", async () => {
  const engines = [fleet.engine(), fleet.engine(), fleet.engine()];
  const joined = await Promise.all(engines.map((engine) => engine.join(options("c"))));
  expect(joined.map(({ session }) => session).sort()).toEqual([1, 2, 3]);
  const renewed = await Promise.all(engines.map((engine) => engine.renew()));
  expect(renewed.filter((each) => each !== null)).toHaveLength(1);
});

describe("declared lost", () => {
  test("only in the session and at the renewal that the peer saw", async () => {
    await a.renew();
    expect(await b.declareLost("a", 1, 0)).toBe(false);
    expect(await b.declareLost("a", 2, 1)).toBe(false);
    expect(await b.declareLost("a", 1, 1)).toBe(true);
    expect(await b.declareLost("a", 1, 1)).toBe(false);
    expect((await b.hosts()).map(({ state }) => state)).toEqual(["lost", "up"]);
    expect(await a.renew()).toBeNull();
  });

  test("a peer whose own session is over declares nobody lost", async () => {
    await a.declareLost("b", 1, 0);
    await expect(b.declareLost("a", 1, 0)).rejects.toThrow(SessionOverError);
  });

  test("a race of claims and the declaration leaves nothing that nobody sees", async () => {
    const queued: string[] = [];
    for (let n = 0; n < 10; n++) queued.push(await add(b));
    const claims = queued.map((id) =>
      claimOne(a, id).then(
        () => id,
        () => null,
      ),
    );
    const declared = b.declareLost("a", 1, 0);
    const claimed = (await Promise.all(claims)).filter((id) => id !== null);
    expect(await declared).toBe(true);
    const abandoned = (await b.abandoned()).map(({ id }) => id);
    expect(abandoned.sort()).toEqual(claimed.sort());
    for (const { id, version } of await b.operations(abandoned))
      await b.append([about("requeued", id, version, { takeover: true })], token());
    expect((await row(b, queued[9]!)).state).toBe("queued");
  });
});

test("a host leaves when nothing runs on it", async () => {
  const id = await add(a);
  const { n, fence } = await claimOne(a, id);
  expect(await a.leave()).toBe(false);
  await a.append([about("requeued", id, n, { fence })], token());
  expect(await a.leave()).toBe(true);
  expect(await a.renew()).toBeNull();
  expect((await b.hosts())[0]).toMatchObject({ name: "a", state: "left" });
  expect(await a.join(options("a"))).toMatchObject({ session: 2 });
});

test("an operator declares a host lost without a session", async () => {
  expect(await fleet.engine().declareLost("a", null, null)).toBe(true);
  expect(await fleet.engine().declareLost("nobody", null, null)).toBe(false);
});

describe("settings and types", () => {
  test("a host publishes its types as a whole", async () => {
    const type = (op: string) => ({ op, body: `{"op":"${op}"}`, hash: `hash ${op}` });
    await a.putTypes("h1", [type("x"), type("y")]);
    await b.putTypes("h2", [type("x")]);
    const { types } = await a.decisionsAfter(0);
    await a.putTypes("h3", [type("y"), type("z")]);
    expect((await b.types()).map(({ host, op }) => `${host} ${op}`)).toEqual(["a y", "a z", "b x"]);
    expect((await b.decisionsAfter(0)).types).toBe(types + 1);
    expect((await b.hosts()).map(({ typesHash }) => typesHash)).toEqual(["h3", "h2"]);
  });
});
