/** The cost of measuring the resources of 40 running operations, which the daemon does every 2 s. */
import { type ChildProcess, spawn } from "node:child_process";
import { ResourceSampler, SAMPLE_MS } from "../../daemon/scheduler/resource-sampler.js";
import { alone } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";

const OPERATIONS = 40;
/** A worker, the group leader of a command, and the command. */
const PROCESSES = 3;

export default async function sampling({ quick }: MeasureOptions): Promise<Row[]> {
  const children: ChildProcess[] = [];
  try {
    for (let n = 0; n < OPERATIONS * PROCESSES; n++)
      children.push(spawn("sleep", ["3600"], { stdio: "ignore" }));
    const pids = children.map(({ pid }) => pid!);
    const shares = Array.from({ length: quick ? 3 : 50 }, () => (measureAll(pids) / SAMPLE_MS) * 100);
    return [
      alone(`measuring the resources of ${OPERATIONS} operations every 2 s, CPU`, shares, {
        unit: "% of a core",
        goal: { of: "ours", atMost: 2 },
        notes: `${PROCESSES} processes in each operation; the time of one measure of all of them, of 2 s`,
      }),
    ];
  } finally {
    for (const child of children) child.kill("SIGKILL");
  }
}

/** Measures every operation once; returns the time in ms. */
function measureAll(pids: readonly number[]): number {
  let now = 0;
  const samplers = Array.from({ length: OPERATIONS }, () => new ResourceSampler(false, () => now));
  now = SAMPLE_MS;
  const start = performance.now();
  for (const [n, sampler] of samplers.entries())
    sampler.look(() => pids.slice(n * PROCESSES, (n + 1) * PROCESSES));
  return performance.now() - start;
}
