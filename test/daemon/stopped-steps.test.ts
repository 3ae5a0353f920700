/**
 * Every way to stop an operation reaches the processes of all its steps, and the record shows each
 * step as ended.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Operation, Step } from "../../protocol/operation.js";
import { isAlive, isStopped, processesOf } from "../end-to-end/processes.js";
import { until } from "../end-to-end/until.js";
import { useDaemon } from "../harness/daemon.js";

/**
 * Each step runs a program that has a child, and one step runs JavaScript. `deaf`: all of them
 * ignore a stop. `failsAt`: a fourth step fails once this file exists.
 */
const SIDE_BY_SIDE = `
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

class SideBySide extends LiveOperation {
  static stages = ["Check"];
  static gracePeriod = 1;
  static params = z.object({ deaf: z.boolean().default(false), failsAt: z.string().default("") });
  async run(p) {
    const { deaf, failsAt } = this.params;
    const script = (deaf ? "trap '' TERM; " : "") + "sleep 600 & while :; do wait; sleep 0.1; done";
    const program = (s) => s.exec("sh", ["-c", script, this.id + "-" + s.name]);
    await p.stage("Check", () => p.parallel({
      a: program,
      b: program,
      c: (s) => delay(600_000, undefined, deaf ? {} : { signal: s.signal }),
      ...(failsAt && { d: async () => {
        while (!existsSync(failsAt)) await delay(20);
        throw new Error("d broke");
      } }),
    }, { atOnce: 4 }));
  }
}
export class Stays extends SideBySide {}
export class Late extends SideBySide { static timeout = 5; }
`;

const daemon = useDaemon({ ops: { "side-by-side.mjs": SIDE_BY_SIDE } });

async function sideBySide(op: string, params: { deaf?: boolean; failsAt?: string } = {}) {
  const { id } = await daemon.submit(op, { params });
  const processes = () =>
    processesOf(`LIVEOPS_OPERATION_ID=${id}`).filter(({ command }) => !command.includes("node"));
  await until("both programs and their children run", () => processes().length >= 4);
  return {
    id,
    pids: processes().map(({ pid }) => pid),
    ended: async (): Promise<Operation> => {
      const record = await daemon.untilFinished(id);
      await until("no process of a step is left", () => processes().length === 0);
      return record;
    },
  };
}

const statesOf = ({ steps }: Operation) =>
  steps!.Check!.map(({ name, state }: Step) => `${name} ${state}`).join(", ");

test("a cancel that no step obeys: the worker is killed after the grace period", async () => {
  const world = await sideBySide("stays", { deaf: true });
  await daemon.client.cancel(world.id);
  const record = await world.ended();
  expect(record.state).toBe("cancelled");
  expect(statesOf(record)).toBe("a cancelled, b cancelled, c cancelled");
  expect(record.steps!.Check!.every(({ finishedAt }) => finishedAt !== null)).toBe(true);
});

test("a timeout", async () => {
  const world = await sideBySide("late");
  const record = await world.ended();
  expect(record).toMatchObject({ state: "failed", error: { code: "LIVEOPS_TIMEOUT" } });
  expect(statesOf(record)).toBe("a cancelled, b cancelled, c cancelled");
});

test("the failure of another step", async () => {
  const failsAt = join(daemon.world.dir, "fails");
  const world = await sideBySide("stays", { failsAt });
  writeFileSync(failsAt, "");
  const record = await world.ended();
  expect(record).toMatchObject({ state: "failed", error: { message: "d broke" } });
  expect(statesOf(record)).toBe("a ended, b ended, c ended, d failed");
});

test("a pause stops the processes of all steps, a resume continues them, and a cancel ends them", async () => {
  const world = await sideBySide("stays");
  const { id, pids } = world;
  await daemon.client.pause(id);
  await until("all are stopped", () => pids.every(isStopped));
  expect(pids.every(isAlive)).toBe(true);
  await daemon.client.resume(id);
  await until("all run", () => !pids.some(isStopped));
  await daemon.client.cancel(id);
  const record = await world.ended();
  expect(record.state).toBe("cancelled");
  expect(statesOf(record)).toBe("a cancelled, b cancelled, c cancelled");
  expect(record.stepCounts).toEqual({ Check: { total: 3, cancelled: 3 } });
});

test("a kill of the worker", async () => {
  const world = await sideBySide("stays");
  process.kill((await daemon.client.show(world.id)).pid!, "SIGKILL");
  const record = await world.ended();
  expect(record).toMatchObject({ state: "failed" });
  expect(statesOf(record)).toBe("a failed, b failed, c failed");
});
