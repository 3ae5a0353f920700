/**
 * What a fleet's engine and its readers forget in time: lines of endless logs, and removed
 * operations.
 */
// @module-tag postgresql
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FleetWorld } from "../../features/fleet/fleet-world.js";
import { patience } from "../mode.js";
import { eventually, operations, recordThat, untilFinished, wholeLog } from "../start.js";

const MAX_LOG = 1024 * 1024;

let fleet: FleetWorld;
beforeAll(async () => {
  const host = { config: { maxLog: MAX_LOG } };
  fleet = await FleetWorld.start({
    hosts: { a: host, b: host },
    ops: operations("torrents", "carries"),
  });
}, patience(60_000));
afterAll(() => fleet?.[Symbol.asyncDispose](), patience(60_000));

const count = (statement: string) => Number(fleet.engine.sql("postgres", `select ${statement}`));

test("an endless log takes a bounded space in the engine, and a host that watches it writes no file", {
  timeout: patience(60_000),
}, async () => {
  const [a, b] = [fleet.host("a"), fleet.host("b")];
  const gate = join(fleet.dir, "gate");
  const { id } = await a.submit("torrents", { on: "a", params: { way: "child", gate } });
  const watched = new AbortController();
  const watching = (async () => {
    for await (const _ of b.client.watch({ operation: id, log: true }, watched.signal));
  })().catch(() => {});
  const pieces = () =>
    count(
      `coalesce(sum(last - first + 1), 0) from liveops.piece where id = '${id}' and file = 'log'`,
    );
  let most = 0;
  await recordThat(b.daemon, id, ({ logLines }) => {
    most = Math.max(most, pieces());
    return logLines > 100_000;
  });
  // 100,000 lines take 6 MiB as stored, and a line takes 60 bytes at least.
  expect(most).toBeLessThan((4 * MAX_LOG) / 60);
  expect(existsSync(join(b.daemon.world.stateDir, "runs", id))).toBe(false);
  writeFileSync(gate, "");
  const { logLines } = await untilFinished(b.daemon, id);
  watched.abort();
  await watching;
  for (const host of [a, b]) {
    const log = await wholeLog(host.daemon, id);
    expect(log[0]!.text).toMatch(/^lines (1|up) to \d+ were cut/);
    const rest = log.map(({ n }) => n);
    expect(rest).toEqual(rest.map((_, index) => logLines - rest.length + 1 + index));
  }
});

test("what a removed operation left in the engine is deleted a day later", async () => {
  const { client, daemon } = fleet.host("a");
  const text = "x".repeat(20_000);
  const { id } = await client.submit({ op: "carries", params: { text } }, "the-key");
  await untilFinished(daemon, id);
  await client.remove(id);
  const left = () =>
    ["decision", "piece"].map((table) =>
      count(`count(*) from liveops.${table} where id = '${id}'`),
    );
  expect(Math.min(...left())).toBeGreaterThan(0);
  fleet.engine.sql("postgres", "update liveops.removed set at = at - interval '25 hours'");
  fleet.engine.sql(
    "postgres",
    "update liveops.key set removed_at = removed_at - interval '25 hours'",
  );
  await eventually("everything is deleted", () => left().every((rows) => rows === 0), left);
  expect(count("count(*) from liveops.key where key = 'the-key'")).toBe(0);
  expect(count("count(*) from liveops.removed")).toBe(0);
});
