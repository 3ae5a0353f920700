/** Odd successes in a fleet: the earlier runs of all hosts count, and the hook runs on the host that finished it. */
// @module-tag postgresql
import { expect, test } from "vitest";
import { FleetWorld } from "./fleet-world.js";

const DUMP = `
  import { LiveOperation, z } from "liveops";
  export class Dump extends LiveOperation {
    static params = z.object({ effects: z.string(), size: z.number() });
    static failIfOdd = true;
    async run(p) { p.result({ size: this.params.size }); }
  }`;

test("the successes of all hosts are the history of each", { timeout: 120_000 }, async () => {
  await using fleet = await FleetWorld.start({
    hosts: { a: {}, b: {} },
    ops: { "dump.mjs": DUMP },
    lostAfter: 60,
  });
  const [a, b] = [fleet.host("a"), fleet.host("b")];
  const run = async (on: typeof a, name: string, size: number) => {
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
