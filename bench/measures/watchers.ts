/**
 * The daemon's CPU time for a delivery to a watcher: 100 watchers of an operation that logs 500 lines a second, beside a
 * bare socket server that writes one shared buffer at the same rate. Also the cost of watchers that stopped reading.
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

const world = await benchWorld();
const { id } = await world.client.submit({ op: "emits", params: { perSecond: PER_SECOND } }, newKey());
const bytes = await bytesOfALine();
const path = join(temporary(), "socket");
const bare = new Peer("raw-fan-out", { path, bytes, perSecond: PER_SECOND });
await bare.ask({});

const seconds = isQuick ? 1 : 4;
const samples = await rounds(6, {
  liveops: async () => {
    const alone = await cpuShare(world.pid, seconds);
    return delivering(world.socket, await request(), world.pid, alone);
  },
  bare: () => delivering(path, null, bare.pid, 0),
});
row(`a delivery, ${WATCHERS} watchers`, "µs", "≤ 1.5 ×", samples.liveops, { "bare socket": samples.bare });

const period = isQuick ? 5 : 40;
const stopped = await open(world.socket, 2 * WATCHERS, await request());
for (const socket of stopped) socket.pause();
// First the kernel's buffers fill up, and the daemon's heap reaches its size.
await sleep(15_000);
const early = await leastMemory();
await sleep(period * 1000);
const grown = Math.max(0, (await leastMemory()) - early);
row(`a watcher that does not read, ${period} s`, "KB", "≤ 0.02 ×", [(grown * 1000) / stopped.length], {
  "not sent": [(bytes * PER_SECOND * period) / 1000],
});

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

/** Lines and bytes that came to so many watchers while something else was done. */
async function received<T>(path: string, count: number, request: string | null, during: () => Promise<T>) {
  const sockets = await open(path, count, request);
  let [lines, size] = [0, 0];
  for (const socket of sockets)
    socket.on("data", (chunk) => {
      size += chunk.length;
      for (let at = chunk.indexOf(END); at !== -1; at = chunk.indexOf(END, at + 2)) lines++;
    });
  // The snapshot comes first and is longer.
  await sleep(500);
  const before = { lines, size };
  const done = await during();
  for (const socket of sockets) socket.destroy();
  if (lines === before.lines) throw new Error(`nothing came from ${path}`);
  return { done, lines: lines - before.lines, size: size - before.size };
}

async function bytesOfALine(): Promise<number> {
  const { lines, size } = await received(world.socket, 1, await request(), () => sleep(1000));
  return Math.round(size / lines);
}

/** Microseconds of CPU time for a line to a watcher. */
async function delivering(path: string, request: string | null, pid: number, alone: number) {
  const { done, lines } = await received(path, WATCHERS, request, () => cpuShare(pid, seconds));
  return ((done - alone) * seconds * 1e6) / lines;
}
