/**
 * Memory of the daemon: idle, beside a bare Node server; for each queued operation; with many
 * finished operations.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { idle } from "../harness/idle.js";
import { isQuick, rounds, row } from "../harness/measure.js";
import { memoryOf } from "../harness/processes.js";
import { fillQueue, finish } from "../harness/submitter.js";
import { benchWorld } from "../harness/world.js";

const { daemon, bare } = await rounds(5, idle);
row("idle daemon, resident", "MB", "≤ 80 MB", daemon, { "Node server": bare });

const [few, many] = isQuick ? [2000, 20_000] : [20_000, 100_000];
const newWorld = () => benchWorld({ config: { maxQueued: 1_000_000 } });

const queues = await newWorld();
queues.run("liveops", "pause", "--all");
const early = await filled(few);
const late = await filled(many - few);
row("a queued operation", "KB", "≤ 2 KB", [((late - early) * 1000) / (many - few)]);
queues.stop();

const history = await newWorld();
const short = await finished(few);
const long = await finished(2 * many - few);
row(`${2 * many} finished operations`, "MB", "≤ 1.1 ×", [long], { [`${few} finished`]: [short] });

/** Private MB of the daemon with so many more. */
async function filled(count: number): Promise<number> {
  await fillQueue(queues, count);
  await sleep(3000);
  return memoryOf(queues.pid).private;
}

/** Private MB of a new daemon of the same state, with so many more. */
async function finished(count: number): Promise<number> {
  await finish(history, count);
  history.run("liveopsd", "stop");
  history.run("liveopsd", "start");
  await sleep(3000);
  return memoryOf((await history.client.daemon()).pid).private;
}
