/** When a worker process ends after its operation, as a rule and with a real worker. */
import { closeSync, openSync } from "node:fs";
import { expect, test } from "vitest";
import { Recycling } from "../../../daemon/worker/recycling.js";
import { until } from "../../../protocol/system/until.js";
import { TestDaemon } from "../../harness/daemon.js";

test("descriptors that stay open: due when there are more than the limit", () => {
  // Far apart: what vitest opens meanwhile does not count.
  const recycling = new Recycling({ descriptors: 200, memory: Number.MAX_SAFE_INTEGER });
  const opened: number[] = [];
  const open = (count: number) => {
    for (let n = 0; n < count; n++) opened.push(openSync("/dev/null", "r"));
  };
  try {
    open(150);
    expect(recycling.isDue(1000)).toBe(false);
    open(100);
    // A look costs time: not after each of many short operations.
    expect(recycling.isDue(1050)).toBe(false);
    expect(recycling.isDue(1100)).toBe(true);
  } finally {
    opened.forEach(closeSync);
  }
  expect(recycling.isDue(1200)).toBe(false);
});

test("memory and the number of operations: due at the limit", () => {
  expect(new Recycling({ memory: 1 }).isDue()).toBe(true);
  expect(new Recycling({ memory: Number.MAX_SAFE_INTEGER }).isDue()).toBe(false);
  const recycling = new Recycling({ operations: 3, memory: Number.MAX_SAFE_INTEGER });
  expect([recycling.isDue(), recycling.isDue(), recycling.isDue()]).toEqual([false, false, true]);
});

const LEAKS = `
import { openSync } from "node:fs";
import { LiveOperation, z } from "liveops";
export class Leaks extends LiveOperation {
  static params = z.object({ count: z.number() });
  async run(p) {
    for (let n = 0; n < this.params.count; n++) openSync("/dev/null", "r");
    p.result(process.pid);
  }
}
`;

test("a worker that leaked descriptors runs no other operation, one that did not is used again", async () => {
  await using daemon = await TestDaemon.start({ ops: { "leaks.mjs": LEAKS }, concurrency: 1 });
  const pidOf = async (count: number) => {
    const { id } = await daemon.submit("leaks", { params: { count } });
    return (await daemon.untilFinished(id)).result;
  };
  const first = await pidOf(0);
  expect(await pidOf(0)).toBe(first);
  // Between two looks at its descriptors it may run a few more.
  expect(await until(async () => (await pidOf(100)) !== first, 10_000)).toBe(true);
});
