/**
 * A long queue on the screen: operations that start once a second, and a terminal that reads 8 KB a
 * second. CPU time of dashboard and daemon while the operations are silent; then one of them
 * changes all the time, so that each frame differs.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { newKey } from "../../protocol/client/idempotency-key.js";
import { type Shown, startDashboard } from "../harness/dashboard.js";
import { isQuick, row } from "../harness/measure.js";
import { cpuShare } from "../harness/processes.js";
import { quantile } from "../harness/rows.js";
import { benchWorld } from "../harness/world.js";

const TERMINAL = { size: [120, 36], bytesPerSecond: 8192 } as const;
const SECONDS = isQuick ? 5 : 20;

/** Milliseconds until the answer, without those in which the terminal itself read nothing. */
async function answered(shown: Shown, press: () => Promise<void>): Promise<number> {
  const read = () => performance.now() - shown.paused();
  const start = read();
  await press();
  return read() - start;
}

for (const queued of isQuick ? [500] : [500, 10_000]) {
  const name = (what: string) => `${what}, ${queued} queued`;
  const { client, socket, pid, stop } = await benchWorld({
    slots: 4,
    config: { maxQueued: 1_000_000 },
  });
  /** It logs one line after so many seconds. */
  const silent = (seconds: number, priority = 0) => ({
    op: "emits",
    priority,
    params: { perSecond: 1, seconds: 1, afterMs: seconds * 1000 },
  });
  for (let left = queued; left > 0; left -= 500)
    await client.submit(
      Array.from({ length: 500 }, () => silent(4)),
      newKey(),
    );
  // One of the four slots is free each second.
  await client.submit(
    [1, 2, 3, 4].map((seconds) => silent(seconds, 1)),
    newKey(),
  );
  const list = startDashboard(socket, TERMINAL);
  await list.shows("Queued");
  await sleep(5000);
  const shares: number[][] = [];
  const before = list.bytes();
  for (let n = 0; n < SECONDS / 5; n++)
    shares.push(await Promise.all([cpuShare(list.pid, 5), cpuShare(pid, 5)]));
  const percent = (process: number) => shares.map((share) => share[process]! * 100);
  row(name("CPU of the dashboard"), "% of a core", "≤ 3 % of a core", percent(0));
  row(name("CPU of the daemon"), "% of a core", "≤ 1 % of a core", percent(1));
  row(name("to the terminal"), "B/s", null, [(list.bytes() - before) / SECONDS]);
  const waits: number[] = [];
  for (let n = 0; n < SECONDS; n++) {
    await sleep(400 + ((n * 137) % 600));
    const moved = list.shows("▌");
    waits.push(
      await answered(list, () => {
        list.press(n % 2 === 0 ? "j" : "k");
        return moved;
      }),
    );
  }
  row(name("key to screen, p95"), "ms", "≤ 50 ms", [quantile(waits, 0.95)]);

  const [letters] = await client.submit(
    [{ op: "letters", priority: 1, params: { count: 10_000, pace: 40 } }],
    newKey(),
  );
  const one = startDashboard(socket, { operation: letters!.id, ...TERMINAL });
  await one.shows("AAAAAAAAAAAA");
  await sleep(3000);
  /** Milliseconds in which the terminal read. */
  const read = () => performance.now() - one.paused();
  let [last, longest] = [read(), 0];
  one.onData(() => {
    longest = Math.max(longest, read() - last);
    last = read();
  });
  await sleep(SECONDS * 1000);
  row(name("longest gap between frames"), "ms", "≤ 250 ms", [longest]);
  const end = await answered(one, () => {
    one.press("q");
    return one.ended;
  });
  row(name("q to the end"), "ms", "≤ 100 ms", [end]);
  list.kill();
  stop();
}
