/** What each role may do. The functions run as their owner; the tables cannot be written. */
// @module-tag postgresql
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  EngineRefusedError,
  FencedError,
  RoleError,
} from "../../../../daemon/features/fleet/engine/errors.js";
import {
  about,
  add,
  claim,
  claimOne,
  finish,
  newId,
  row,
  submit,
  type TestEngine,
  token,
  useFleet,
} from "./fleet.js";

const fleet = useFleet();
const USERS = {
  vera: "liveops_viewer",
  otto: "liveops_operator",
  hugo: "liveops_host",
  ida: "liveops_host",
  nemo: null,
};

beforeAll(() => {
  for (const [user, role] of Object.entries(USERS)) {
    fleet.server.sql("postgres", `create role ${user} login password 'pw ${user}'`);
    if (role) fleet.server.sql("postgres", `grant ${role} to ${user}`);
  }
});

const as = (user: keyof typeof USERS): TestEngine =>
  fleet.engine({ url: fleet.server.url(fleet.database, { user, password: `pw ${user}` }) });

let host: TestEngine;
beforeEach(async () => {
  await fleet.create();
  host = as("hugo");
  await host.join({ name: "h", owner: "h", tags: [], slots: 1, version: "1", lostAfter: 300 });
});

describe("a viewer", () => {
  test("reads everything but the values of variables", async () => {
    const id = await add(host, { env: { TOKEN: "hunter2" } });
    await host.putSetting("q", "{}", null);
    const vera = as("vera");
    for (const rows of [
      (await vera.snapshot(5)).rows,
      (await vera.decisionsAfter(0)).rows,
      (await vera.decisionsOf([id])).get(id)!,
    ]) {
      expect(rows[0]!.decision).toMatchObject({ kind: "submitted", env: { TOKEN: "" } });
      expect(JSON.stringify(rows)).not.toContain("hunter2");
    }
    expect(await vera.queries.list({}, 5)).toEqual([id]);
    expect(await vera.hosts()).toHaveLength(1);
    expect(await vera.settings()).toHaveLength(1);
    expect(await vera.abandoned()).toEqual([]);
    expect((await as("otto").decisionsAfter(0)).rows[0]!.decision).toMatchObject({
      env: { TOKEN: "hunter2" },
    });
  });

  test("changes nothing", async () => {
    const vera = as("vera");
    const calls = [
      () => add(vera),
      () => vera.declareLost("h", null, null),
      () => vera.drain("h", true),
      () => vera.putSetting("q", "{}", null),
      () => vera.join({ name: "v", owner: "v", tags: [], slots: 1, version: "1", lostAfter: 300 }),
      () => vera.prune(),
      () => vera.settleOffers(),
    ];
    for (const call of calls) await expect(call()).rejects.toThrow(RoleError);
  });
});

describe("an operator", () => {
  test("submits and changes operations, and ends queued ones", async () => {
    const otto = as("otto");
    const [id, second] = [await add(otto), await add(otto)];
    await otto.append([about("edited", id, 1, { index: { queue: "other" } })], token());
    await otto.append([finish(id, 3, { state: "cancelled" })], token());
    await otto.append([about("retried", id, 4)], token());
    const { n } = await claimOne(host, second);
    await otto.append([about("cancelled", second, n)], token());
    await otto.append([about("removed", id, 5)], token());
    expect((await host.decisionsAfter(0)).rows[0]!.origin).toBe("otto");
  });

  test("does not end what runs, and is no host", async () => {
    const otto = as("otto");
    const id = await add(otto);
    const { n, fence } = await claimOne(host, id);
    const { host: name } = await row(otto, id);
    expect(name).toBe("h");
    for (const options of [{}, { takeover: true }])
      await expect(otto.append([finish(id, n, options)], token())).rejects.toThrow(RoleError);
    await expect(otto.append([about("requeued", id, n, { fence })], token())).rejects.toThrow(
      RoleError,
    );
    await expect(claim(otto, [id])).rejects.toThrow(RoleError);
    await expect(
      otto.ship(
        [{ id, attempt: 1, file: "log", first: 1, last: 1, fence, body: Buffer.from("x") }],
        false,
      ),
    ).rejects.toThrow(RoleError);
  });

  test("cannot set what the functions keep: host, fence, version, order", async () => {
    const otto = as("otto");
    const id = newId();
    const wrong = {
      host: "h",
      session: 1,
      fence: 5,
      version: 99,
      ord: 99,
      attempt: 3,
      id: "other",
    };
    const { index } = submit(id);
    await otto.append([{ ...submit(id), index: { ...index, ...wrong } as never }], token());
    await otto.append([about("edited", id, 1, { index: wrong as never })], token());
    const kept = { host: null, session: null, fence: null, version: 2, ord: 1, attempt: 0 };
    expect(await row(otto, id)).toMatchObject(kept);
  });
});

describe("a host with a role of its own", () => {
  const fence = 1;
  const join = { owner: "i", tags: [], slots: 1, version: "1", lostAfter: 300 };

  /** Another host of the same fleet that calls in the name of `h`. */
  async function intruder(): Promise<{ ida: TestEngine; posing: TestEngine }> {
    const ida = as("ida");
    await ida.join({ ...join, name: "i" });
    const posing = as("ida");
    Object.defineProperties(posing, { host: { value: "h" }, session: { value: host.session } });
    return { ida, posing };
  }

  test("does not act as another host", async () => {
    const { ida, posing } = await intruder();
    const id = await add(host);
    const calls = [
      () => posing.leave(),
      () => posing.renew(),
      () => claim(posing, [id]),
      () => posing.append([about("cancelled", id, 1)], token()),
      () =>
        posing.ship(
          [{ id, attempt: 1, file: "log", first: 1, last: 1, fence, body: Buffer.from("x") }],
          false,
        ),
      () => posing.putTypes("x", []),
      () => posing.cutLog({ id, attempt: 1, fence, to: 1 }),
      () => posing.declareLost("i", null, null),
      () => as("ida").join({ ...join, name: "h" }),
    ];
    for (const call of calls)
      await expect(call()).rejects.toThrow("belongs to the database role hugo");
    expect((await host.hosts()).map(({ name, state }) => [name, state])).toEqual([
      ["h", "up"],
      ["i", "up"],
    ]);
    expect(await host.leave()).toBe(true);
    await expect(as("ida").join({ ...join, name: "h" })).rejects.toThrow(RoleError);
    // The owner of the schema gives the name away.
    fleet.sql("update liveops.host set role = null where name = 'h'");
    expect(await as("ida").join({ ...join, name: "h" })).toMatchObject({ session: 2 });
    expect(await ida.renew()).not.toBeNull();
  });

  test("does not end what another host runs", async () => {
    const { ida } = await intruder();
    const id = await add(host);
    const claimed = await claimOne(host, id);
    const end = finish(id, claimed.n, { state: "failed" });
    for (const more of [{}, { fence: claimed.fence }, { takeover: true }])
      await expect(ida.append([{ ...end, ...more }], token())).rejects.toThrow(FencedError);
    const restored = {
      ...end,
      decision: { kind: "restored", id, entry: {} },
    } as unknown as typeof end;
    await expect(ida.append([restored], token())).rejects.toThrow("cannot be restored");
  });
});

test("no role writes tables, reads decisions with their secrets, or calls inner functions", () => {
  const refused = (user: string, statement: string) => {
    expect(() => fleet.sql(`set session authorization ${user}; ${statement}`)).toThrow(
      /permission denied/,
    );
  };
  for (const user of ["vera", "otto", "hugo"]) {
    refused(user, "delete from liveops.operation");
    refused(user, "update liveops.head set n = 0");
    refused(user, "insert into liveops.setting values ('x', 'y', 1)");
    refused(user, "select secret from liveops.decision");
    refused(user, "select liveops.settle()");
    refused(user, "create table liveops.mine (x int)");
  }
});

test("a user without a role is refused, and so is a wrong password", async () => {
  await expect(as("nemo").queries.countsByState()).rejects.toThrow(RoleError);
  const url = fleet.server.url(fleet.database, { user: "vera", password: "wrong" });
  const wrong = fleet.engine({ url }).queries.countsByState();
  await expect(wrong).rejects.toThrow(EngineRefusedError);
  await expect(wrong).rejects.toThrow("check the password");
});

afterAll(() => fleet.end());
