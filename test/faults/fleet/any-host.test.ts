import { isDeepStrictEqual } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../protocol/id.js";
import type { HostsReply } from "../../../protocol/replies.js";
import { isAlive } from "../../end-to-end/processes.js";
import { now } from "../../features/fleet/effects.js";
import { FleetWorld } from "../../features/fleet/fleet-world.js";
import { counts, patience } from "../mode.js";
import { runBin } from "../run-bin.js";
import { eventually, expectNoGap, untilFinished, wholeLog } from "../start.js";
import { compareOnce, record } from "../tally.js";
import { expectLawful } from "./lawful.js";

const KEYS = counts(20, 200);
const LINES = counts(3000, 20_000);

let fleet: FleetWorld;
beforeAll(async () => {
  const hosts = { a: { tags: ["gpu", "eu"] }, b: {}, c: { concurrency: 3 } };
  fleet = await FleetWorld.start({ hosts });
}, patience(60_000));
afterAll(() => fleet?.[Symbol.asyncDispose](), patience(60_000));

test("one idempotency key at three hosts at once is one operation", {
  timeout: patience(60_000),
}, async () => {
  const ids: string[] = [];
  for (let n = 0; n < KEYS; n++) {
    const key = newId();
    const submitted = await Promise.all(fleet.hosts.map((host) => fleet.submit(host, { op: "works" }, key)));
    expect(new Set(submitted.map(({ id }) => id)).size).toBe(1);
    ids.push(submitted[0]!.id);
  }
  // With another body the key is refused at any host.
  const key = newId();
  await fleet.submit(fleet.host("a"), { op: "works" }, key);
  const reused = await fleet.submit(fleet.host("b"), { op: "works-on" }, key).catch((error) => error);
  expect(reused).toMatchObject({ code: "LIVEOPS_KEY_REUSED", status: 422 });
  await fleet.untilIdle();
  const begun = fleet.effects().flatMap(({ what, id }) => (what === "begin" && ids.includes(id) ? [id] : []));
  const found = compareOnce(ids, begun);
  record({ fault: "fleet: one key at three hosts at once", injected: KEYS, ...found }, found.details);
  expectLawful("fleet: one key at three hosts at once", 0, await fleet.history());
});

test("a cancel at b ends a busy loop on a", async () => {
  const b = fleet.host("b");
  const { id } = await fleet.submit(b, { op: "spins", on: "a" });
  const step = await eventually("it spins", () =>
    fleet.effects().find((each) => each.id === id && each.step > 2),
  );
  expect(step.host).toBe("a");
  await b.client.cancel(id);
  expect(await untilFinished(b.daemon, id)).toMatchObject({ state: "cancelled", host: "a" });
  await eventually("its worker has ended", () => !isAlive(step.pid));
  for (const { client } of fleet.hosts)
    await eventually("each host knows the end", async () => {
      const { state, cancelRequested } = await client.show(id);
      return state === "cancelled" && cancelRequested;
    });
});

test("hosts --json lists the same hosts from every host", {
  timeout: patience(60_000),
}, async () => {
  const listed = async () => {
    const outputs = await Promise.all(
      fleet.hosts.map(({ daemon }) => runBin(daemon.world, "liveops", ["hosts", "--json"])),
    );
    for (const { code, stderr } of outputs) expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    // What each renewal changes is left out: two replies are of two moments.
    return outputs.map(({ stdout }) =>
      (JSON.parse(stdout) as HostsReply).hosts.map(
        ({
          renewedAt: _at,
          memory: _memory,
          load: _load,
          skewMs: _skew,
          state: _state,
          since: _since,
          ...rest
        }) => rest,
      ),
    );
  };
  // A host that has just started still publishes its types.
  const hosts = await eventually("all lists are the same", async () => {
    const [first, ...others] = await listed();
    return others.every((other) => isDeepStrictEqual(other, first)) && first !== undefined ? first : null;
  });
  expect(hosts.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  expect(hosts[0]).toMatchObject({ tags: ["gpu", "eu"], slots: 2 });
});

test("a thousand lines a second on a arrive at b, each once, soon", {
  timeout: patience(60_000, 120_000),
}, async () => {
  const a = fleet.host("a");
  const b = fleet.host("b");
  const { id } = await a.submit("pours", { on: "a", params: { lines: LINES } });
  const seen: number[] = [];
  const late: number[] = [];
  for await (const line of b.client.watch({ operation: id, log: true })) {
    if (line.type === "log")
      for (const { n, at } of line.lines) {
        seen.push(n);
        late.push(Date.now() - Date.parse(at));
      }
    if (line.type === "end") break;
  }
  const ended = await untilFinished(b.daemon, id);
  expect(ended).toMatchObject({ state: "succeeded", attempt: 1, host: "a", result: { lines: LINES } });
  const log = await wholeLog(b.daemon, id);
  expectNoGap(log, ended);
  const found = compareOnce(
    Array.from({ length: LINES }, (_, index) => `line ${index + 1}`),
    log.filter(({ stream }) => stream === "log").map(({ text }) => text),
  );
  expect(seen).toEqual(log.map(({ n }) => n));
  record({ fault: "fleet: a thousand lines a second", injected: 1, ...found }, found.details);
  const sorted = late.sort((x, y) => x - y);
  const [p50, p99] = [0.5, 0.99].map((part) => sorted[Math.floor(part * (sorted.length - 1))]);
  process.stdout.write(`a line of a is at b after ${p50} ms (p50), ${p99} ms (p99)\n`);
  expect(p50).toBeLessThan(1000);
});

describe("roles", () => {
  const PASSWORD = "another word that no log may hold";
  beforeAll(() => {
    fleet.engine.sql("postgres", `create role looks login password '${PASSWORD}' in role liveops_viewer`);
    fleet.engine.sql("postgres", `create role acts login password '${PASSWORD}' in role liveops_operator`);
  });

  async function ask(user: string, statement: string): Promise<unknown[]> {
    const client = new pg.Client({
      connectionString: fleet.engine.url("postgres", { user, password: PASSWORD }),
    });
    await client.connect();
    try {
      return (await client.query(statement)).rows;
    } finally {
      await client.end();
    }
  }

  test("a viewer sees no value of a variable, and nobody writes past the functions", async () => {
    const secret = `value ${now()}`;
    await fleet.submit(fleet.host("a"), { op: "works", env: { TOKEN: secret } });
    await fleet.untilIdle();
    const seen = await ask(
      "looks",
      "select * from liveops.decisions_of((select array_agg(id) from liveops.operation))",
    );
    expect(seen.length).toBeGreaterThan(0);
    expect(JSON.stringify(seen)).not.toContain(secret);
    for (const [user, statement] of [
      ["looks", "select * from liveops.decision"],
      ["looks", "update liveops.operation set state = 'failed'"],
      ["acts", "update liveops.operation set state = 'failed'"],
      ["acts", "insert into liveops.setting values ('x', '{}', 1)"],
      ["acts", "delete from liveops.piece"],
    ] as const)
      await expect(ask(user, statement), statement).rejects.toThrow("permission denied");
  });
});
