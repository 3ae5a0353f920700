/**
 * Kills the daemon while operations run. Measures the time from the first answer of the next daemon
 * until each operation is live again: a watcher has received a log line that is newer than that
 * answer.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { newKey } from "../../protocol/client/idempotency-key.js";
import { rounds, row } from "../harness/measure.js";
import { now } from "../harness/submitter.js";
import { benchWorld, bin, node } from "../harness/world.js";

const RUNNING = 16;

const { client, env } = await benchWorld({ slots: RUNNING });
const body = { op: "emits", params: { perSecond: 50 } };
const ids = (await client.submit(Array(RUNNING).fill(body), newKey())).map(({ id }) => id);
while ((await client.daemon()).counts.running < RUNNING) await sleep(50);

const { live } = await rounds(9, {
  live: async () => {
    process.kill((await client.daemon()).pid, "SIGKILL");
    const command = spawn(node, [bin("liveopsd"), "start"], { env, stdio: "ignore" });
    const ended = once(command, "exit");
    const answeredAt = await firstAnswer();
    await ended;
    return (await untilLive(answeredAt)) - answeredAt;
  },
});
row(`${RUNNING} operations live after kill -9`, "ms", "≤ 300 ms", live);

async function firstAnswer(): Promise<number> {
  for (;;) {
    try {
      await client.daemon();
      return now();
    } catch {
      await sleep(2);
    }
  }
}

/** The time at which a line of each operation has come that is newer. */
async function untilLive(since: number): Promise<number> {
  const waiting = new Set(ids);
  for await (const line of client.watch({ log: true })) {
    if (line.type === "log" && line.lines.some(({ text }) => Number(text) >= since))
      waiting.delete(line.id);
    if (waiting.size === 0) break;
  }
  return now();
}
