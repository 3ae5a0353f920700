/** The wall clock leaps by 30 years: nothing is deleted for its age. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TestDaemon } from "../harness/daemon.js";
import { useDirectories } from "../harness/temporary.js";
import { patience } from "./mode.js";
import { eventually, startDaemon, untilFinished } from "./start.js";
import { record } from "./tally.js";
import { WallClock } from "./wall-clock.js";

const directory = useDirectories();
const YEARS = 30 * 365 * 24 * 3600 * 1000;

function config(values: object): Record<string, string> {
  const file = join(directory(), "config.json");
  writeFileSync(file, JSON.stringify(values));
  return { LIVEOPS_CONFIG: file };
}

async function finishOne(daemon: TestDaemon): Promise<string> {
  const { id } = await daemon.submit("floods", { params: { lines: 1 } });
  await untilFinished(daemon, id);
  return id;
}

const listed = async (daemon: TestDaemon) =>
  (await daemon.client.list()).operations.map(({ id }) => id).reverse();

const leaps = async (daemon: TestDaemon) =>
  (await daemon.client.daemon()).problems.filter((problem) => problem.includes("leaped"));

test.each([
  ["ahead", YEARS],
  ["back", -YEARS],
])(
  "a clock that leaps 30 years %s deletes no finished operation, and status says so",
  async (way, leap) => {
    using clock = new WallClock();
    const keepFinished = 3;
    const env = { ...clock.env, ...config({ keepDays: 1, keepFinished }) };
    await using daemon = await startDaemon(["floods"], { env });
    const ids = [await finishOne(daemon), await finishOne(daemon), await finishOne(daemon)];
    expect(await leaps(daemon)).toEqual([]);
    await daemon.stop();

    // Each sweep has one operation too many: where that is gone, the sweep was there.
    for (const shift of [leap, 0]) {
      clock.jump(shift);
      await daemon.startAgain();
      ids.push(await finishOne(daemon));
      await daemon.stop();
      await daemon.startAgain();
      ids.shift();
      await eventually("the sweep was there", async () => (await listed(daemon)).length === keepFinished);
      expect(await listed(daemon)).toEqual(ids);
      expect(await leaps(daemon)).toEqual(
        shift === 0
          ? []
          : [expect.stringMatching(new RegExp(`^the system clock leaped ${way} by 109\\d\\d days`))],
      );
      const log = readFileSync(join(daemon.world.stateDir, "liveopsd.log"), "utf8");
      expect(log).toContain("the system clock leaped");
      if (shift !== 0) await daemon.stop();
    }
    record({
      fault: `clock leaps 30 years ${way}`,
      injected: 2,
      survived: ids.length,
      lost: 0,
      duplicated: 0,
    });
  },
  patience(60_000),
);

test("a clock that leaps 30 years ahead does not free the idempotency key of a removed operation", async () => {
  using clock = new WallClock();
  await using daemon = await startDaemon(["floods"], { env: clock.env });
  const body = { op: "floods", params: { lines: 1 } };
  const { id } = await daemon.client.submit(body, "the key");
  await untilFinished(daemon, id);
  await daemon.client.remove(id);
  await daemon.stop();
  for (const shift of [YEARS, 0]) {
    clock.jump(shift);
    await daemon.startAgain();
    await expect(daemon.client.submit(body, "the key")).rejects.toMatchObject({
      code: "LIVEOPS_NO_SUCH_OPERATION",
    });
    await daemon.stop();
  }
  await daemon.startAgain();
  expect(await listed(daemon)).toEqual([]);
});
