/**
 * Cost of the dashboard while one operation has 200 steps that change at 10 Hz, compared with 40 operations that change at
 * that rate, at the same time on two dashboards. Each shows the operation that it selects.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { World } from "../../test/tui/dashboard/world.js";
import { cpuShare } from "../harness/cpu.js";
import { change, changeSteps, putRunning, putSteps, startDashboard } from "../harness/dashboard.js";
import type { MeasureOptions, Row } from "../harness/row.js";

export default async function dashboardSteps({ quick }: MeasureOptions): Promise<Row[]> {
  const seconds = quick ? 4 : 15;
  await using few = await World.start();
  await using many = await World.start();
  putSteps(few, 200);
  putRunning(many, 40);
  const [steps, operations] = [startDashboard(few.socket), startDashboard(many.socket)];
  await Promise.all([
    steps.data((data) => data.includes("step 1")),
    operations.data((data) => data.includes("Back up folder")),
  ]);
  const still = [changeSteps(few), change(many)];
  await sleep(3000);
  const [ofSteps, ofOperations] = await Promise.all([
    cpuShare(steps.pid, seconds),
    cpuShare(operations.pid, seconds),
  ]);
  for (const stop of still) stop();
  steps.kill();
  operations.kill();
  return [
    {
      name: "dashboard, 200 steps at 10 Hz, CPU",
      unit: "% of a core",
      ours: ofSteps,
      reference: { what: "40 operations at 10 Hz", value: ofOperations },
      ratio: ofSteps / ofOperations,
      spread: null,
      goal: { of: "ratio", atMost: 1 },
      notes: `both at the same time, over ${seconds} s on a pty of 160x50; each change brings all 200 steps`,
    },
  ];
}
