/**
 * Checks that the dashboard's memory stays flat: 40 operations change at 10 Hz, operations finish and start all the
 * time, and a log grows. The first third of the time is the warm-up.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { World } from "../../test/tui/dashboard/world.js";
import { change, putRunning, startDashboard } from "../harness/dashboard.js";
import { memoryOf } from "../harness/memory.js";
import { median, quartiles } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";

export default async function dashboardMemory({ quick }: MeasureOptions): Promise<Row[]> {
  const minutes = quick ? 0.2 : 10;

  await using world = await World.start();
  putRunning(world, 40);
  const shown = startDashboard(world.socket);
  await world.watched();
  const still = change(world);
  const sizes: number[] = [];
  for (let second = 0; second < minutes * 60; second++) {
    // A finished operation that is removed later, as on a machine that runs for days.
    const id = `short${String(second).padStart(7, "0")}`;
    const [any] = world.operations.values();
    world.put({ ...any!, id, state: "succeeded", chain: { ...any!.chain, id } });
    if (second >= 30) world.remove(`short${String(second - 30).padStart(7, "0")}`);
    await sleep(1000);
    sizes.push(memoryOf(shown.pid).rss);
  }
  still();
  shown.kill();
  const third = Math.floor(sizes.length / 3);
  const middle = median(sizes.slice(third, 2 * third));
  const last = sizes.slice(2 * third);
  return [
    {
      name: `dashboard, memory over ${minutes} minutes, last third`,
      unit: "MB",
      ours: median(last),
      reference: { what: "middle third", value: middle },
      ratio: median(last) / middle,
      spread: quartiles(last.map((size) => size / middle)),
      goal: { of: "ratio", atMost: 1.1 },
      notes: "Rss of smaps_rollup, each second",
    },
  ];
}
