/**
 * Kills the daemon while operations run. Measures the time from the first answer of the next daemon until each
 * operation is live again: a watcher has received a log line that is newer than that answer.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { EMITS } from "../harness/no-op.js";
import { type MeasureOptions, type Row, row } from "../harness/rows.js";
import { type BenchWorld, benchWorld, bin, node } from "../harness/world.js";

const RUNNING = 16;
const PER_SECOND = 50;

export default async function adoption({ quick }: MeasureOptions): Promise<Row[]> {
  const rounds = quick ? 2 : 9;
  const world = await benchWorld({ ops: EMITS, flags: ["--concurrency", `${RUNNING}`] });
  const live: number[] = [];
  try {
    const ids: string[] = [];
    for (let n = 0; n < RUNNING; n++) {
      const params = { perSecond: PER_SECOND, seconds: 3600 };
      ids.push((await world.client.submit({ op: "emits", params }, `emits ${n}`)).id);
    }
    while ((await world.client.daemon()).counts.running < RUNNING) await sleep(50);
    for (let round = 0; round < rounds; round++) {
      await sleep(500);
      const { pid } = await world.client.daemon();
      process.kill(pid, "SIGKILL");
      live.push(await untilLive(world, new Set(ids), await successor(world)));
    }
    return [
      row({
        name: `killed daemon: ${RUNNING} running operations live again after the next one answers`,
        unit: "ms",
        ours: live,
        goal: "≤ 300 ms",
        notes: `SIGKILL; live: a line logged since it answers has come to a watcher; each logs ${PER_SECOND} a second`,
      }),
    ];
  } finally {
    world.stop();
  }
}

const now = () => performance.timeOrigin + performance.now();

/** Starts the daemon; returns the time of its first answer. */
async function successor({ client, env }: BenchWorld): Promise<number> {
  const command = spawn(node, [bin("liveopsd"), "start"], { env, stdio: "ignore" });
  const ended = once(command, "exit");
  for (;;) {
    try {
      await client.daemon();
      break;
    } catch {
      await sleep(2);
    }
  }
  const answeredAt = now();
  await ended;
  return answeredAt;
}

/** Milliseconds from a time until a newer log line of each operation has come. */
async function untilLive({ client }: BenchWorld, waiting: Set<string>, since: number): Promise<number> {
  const done = new AbortController();
  try {
    for await (const line of client.watch({ log: true }, done.signal)) {
      if (line.type === "log" && line.lines.some(({ text }) => Number(text) >= since))
        waiting.delete(line.id);
      if (waiting.size === 0) break;
    }
  } finally {
    done.abort();
  }
  return now() - since;
}
