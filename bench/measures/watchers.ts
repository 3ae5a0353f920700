/**
 * The daemon's CPU time for a delivery to a watcher: 100 watchers of an operation that logs 500
 * lines a second, beside a bare socket server that writes one shared buffer at the same rate. Also
 * the cost of watchers that stopped reading.
 */
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { newKey } from "../../protocol/client/idempotency-key.js";
import { isQuick, rounds, row } from "../harness/measure.js";
import { Peer } from "../harness/peers.js";
import { cpuShare, memoryOf } from "../harness/processes.js";
import { benchWorld, temporary } from "../harness/world.js";

const WATCHERS = 100;
const PER_SECOND = 500;
/** End of a line of JSON. The chunk lengths of HTTP do not end like this. */
const END = "}\n";

const seconds = isQuick ? 1 : 4;
const world = await benchWorld();
const { id } = await world.client.submit(
  { op: "emits", params: { perSecond: PER_SECOND } },
  newKey(),
);
const one = await deliveries(world.socket, 1, await request(), world.pid);
const bytes = Math.round(one.bytes / one.lines);
const path = join(temporary(), "socket");
const bare = new Peer("raw-fan-out", { path, bytes, perSecond: PER_SECOND });
await bare.ask({});

const samples = await rounds(6, {
  liveops: async () => {
    // Reading the log is no delivery, and the daemon reads it for the first watcher.
    const first = await deliveries(world.socket, 1, await request(), world.pid);
    const { micros, lines } = await deliveries(world.socket, WATCHERS, await request(), world.pid);
    return (micros - first.micros) / (lines - first.lines);
  },
  bare: async () => {
    const { micros, lines } = await deliveries(path, WATCHERS, null, bare.pid);
    return micros / lines;
  },
});
row(`a delivery, ${WATCHERS} watchers`, "µs", "≤ 1.5 ×", samples.liveops, {
  "bare socket": samples.bare,
});

const period = isQuick ? 5 : 40;
const stopped = await open(world.socket, 2 * WATCHERS, await request());
for (const socket of stopped) socket.pause();
// First the kernel's buffers fill up, and the daemon's heap reaches its size.
await sleep(15_000);
const early = await leastMemory();
await sleep(period * 1000);
const grown = Math.max(0, (await leastMemory()) - early);
row(
  `a watcher that does not read, ${period} s`,
  "KB",
  "≤ 0.02 ×",
  [(grown * 1000) / stopped.length],
  {
    "not sent": [(bytes * PER_SECOND * period) / 1000],
  },
);

/** The HTTP request of a watcher of the log, from the line that is logged now. */
async function request(): Promise<string> {
  const { logLines } = await world.client.show(id);
  return `GET /v1/watch?operation=${id}&log=1&logAfter=${logLines} HTTP/1.1\r\nhost: liveops\r\n\r\n`;
}

/** Private MB, between two garbage collections. */
async function leastMemory(): Promise<number> {
  const seen: number[] = [];
  for (let n = 0; n < 20; n++) {
    seen.push(memoryOf(world.pid).private);
    await sleep(100);
  }
  return Math.min(...seen);
}

async function open(path: string, count: number, request: string | null): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let n = 0; n < count; n++) {
    const socket = connect(path);
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    if (request !== null) socket.write(request);
    sockets.push(socket);
  }
  return sockets;
}

/** What came to so many watchers in a period, and the CPU time of the process that sent it. */
async function deliveries(path: string, watchers: number, request: string | null, pid: number) {
  const sockets = await open(path, watchers, request);
  let [lines, bytes] = [0, 0];
  for (const socket of sockets)
    socket.on("data", (chunk) => {
      bytes += chunk.length;
      for (let at = chunk.indexOf(END); at !== -1; at = chunk.indexOf(END, at + 2)) lines++;
    });
  // The snapshot comes first and is longer.
  await sleep(500);
  [lines, bytes] = [0, 0];
  const share = await cpuShare(pid, seconds);
  for (const socket of sockets) socket.destroy();
  if (lines === 0) throw new Error(`nothing came from ${path}`);
  return { lines, bytes, micros: share * seconds * 1e6 };
}
