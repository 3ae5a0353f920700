/**
 * Delay of an event from a busy loop, which never yields, to a watcher: 1,000 events a second, each
 * with its time. Also the delay from an operation to the screen of the dashboard, which draws at
 * most ten times a second.
 */
import { newKey } from "../../protocol/client/idempotency-key.js";
import { startDashboard } from "../harness/dashboard.js";
import { isQuick, rounds, row } from "../harness/measure.js";
import { quantile } from "../harness/rows.js";
import { delaysOf, now, succeeded } from "../harness/submitter.js";
import { benchWorld } from "../harness/world.js";

const seconds = isQuick ? 1 : 3;
const { client, socket } = await benchWorld();

const busy = { op: "emits", params: { perSecond: 1000, seconds, isBusy: true } };
const { delays } = await rounds(7, { delays: () => delaysOf(client, busy, 1000 * seconds) });
const quantiles = (share: number) => delays.map((round) => quantile(round, share));
row("to a watcher, p50", "ms", "≤ 0.5 ms", quantiles(0.5));
row("to a watcher, p99", "ms", "≤ 5 ms", quantiles(0.99));
row("to the dashboard's screen, p95", "ms", "≤ 80 ms", [
  quantile(await delaysToScreen(isQuick ? 30 : 100), 0.95),
]);

async function delaysToScreen(statuses: number): Promise<number[]> {
  const { id } = await client.submit({ op: "letters", params: { count: statuses } }, newKey());
  const shown = startDashboard(socket, { operation: id });
  const seen: Array<{ letter: string; at: number }> = [];
  shown.onData((data) => {
    const letter = /([A-Z])\1{11}/.exec(data)?.[1];
    // A frame that is redrawn for another reason does not count as an arrival.
    if (letter !== undefined && seen.at(-1)?.letter !== letter) seen.push({ letter, at: now() });
  });
  const { times } = (await succeeded(client, id)).result as { times: number[] };
  shown.kill();
  const delays = seen.flatMap(({ letter, at }) => {
    const said = times.findLast(
      (time, n) => time < at && String.fromCharCode(65 + (n % 26)) === letter,
    );
    return said === undefined ? [] : [at - said];
  });
  if (delays.length < statuses * 0.8)
    throw new Error(`the screen showed ${delays.length} of ${statuses}`);
  // Statuses before the dashboard's first frame wait for that frame.
  return delays.slice(5);
}
