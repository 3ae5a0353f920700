/**
 * The lock that orders decisions: what it needs, and what it costs while a dump of the database
 * runs.
 */
// @module-tag postgresql
import pg from "pg";
import { expect, test } from "vitest";
import { add, history, useFleet } from "./fleet.js";

const fleet = useFleet();

test("another isolation level is refused: numbers would be read from an old snapshot", async () => {
  await fleet.create();
  expect(() =>
    fleet.sql(
      "begin isolation level repeatable read; select liveops.join('a', 'a', '{}', 1, '1', 300, '{}')",
    ),
  ).toThrow("needs the isolation level read committed");
});

test("a database whose default is another isolation level does not matter", async () => {
  await fleet.create();
  fleet.sql(`alter database ${fleet.database} set default_transaction_isolation = 'serializable'`);
  const a = await fleet.host("a");
  await Promise.all(Array.from({ length: 20 }, () => add(a)));
  expect((await history(a)).at(-1)!.n).toBe(20);
});

test("an old snapshot, as of a dump, does not make appends change a row again and again", async () => {
  await fleet.create();
  const a = await fleet.host("a");
  await add(a);
  const dump = new pg.Client({ connectionString: fleet.url });
  await dump.connect();
  try {
    await dump.query(
      "begin isolation level repeatable read; select count(*) from liveops.decision",
    );
    const dead = () => Number(fleet.sql("select pg_relation_size('liveops.head')"));
    const before = dead();
    for (let n = 0; n < 100; n++) await add(a);
    expect(dead()).toBe(before);
    const { rows } = await dump.query("select max(n)::int as n from liveops.decision");
    expect(rows).toEqual([{ n: 1 }]);
  } finally {
    await dump.end();
  }
});
