/**
 * The daemon's CPU time for a delivery to a watcher: 100 watchers of an operation that logs 500 lines a second,
 * compared with a bare socket server that writes one shared buffer at the same rate. Also the cost of watchers that
 * stopped reading.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EMITS } from "../harness/no-op.js";
import { Peer } from "../harness/peer.js";
import { cpuShare, memoryOf } from "../harness/processes.js";
import { Readers, watchRequest } from "../harness/readers.js";
import { interleave, type MeasureOptions, median, type Row, row } from "../harness/rows.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";

const WATCHERS = 100;
const PER_SECOND = 500;

export default async function watchers(options: MeasureOptions): Promise<Row[]> {
  const world = await benchWorld({ ops: EMITS });
  try {
    const params = { perSecond: PER_SECOND, seconds: 3600 };
    const { id } = await world.client.submit({ op: "emits", params }, "emits");
    return [...(await reading(world, id, options)), ...(await stopped(world, id, options))];
  } finally {
    world.stop();
  }
}

async function reading(world: BenchWorld, id: string, { quick }: MeasureOptions): Promise<Row[]> {
  const seconds = quick ? 1 : 4;
  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
  const path = join(dir, "socket");
  const request = await requestOf(world, id);
  const bytes = await bytesOfALine(world, request);
  const peer = new Peer("raw-fan-out", { path, bytes, perSecond: PER_SECOND });
  await peer.ask({});
  try {
    const samples = await interleave(
      {
        liveops: async () => {
          const alone = await cpuShare(world.pid, seconds);
          const request = await requestOf(world, id);
          const { share, lines } = await delivering(world.socket, request, world.pid, seconds);
          return ((share - alone) * seconds * 1e6) / lines;
        },
        bare: async () => (await delivering(path, null, peer.pid, seconds)).perDelivery,
      },
      quick ? 3 : 9,
    );
    return [
      row({
        name: "CPU time for a delivery to a watcher",
        unit: "µs",
        ours: samples.liveops,
        beside: { what: "a bare socket, one shared buffer", samples: samples.bare },
        goal: "≤ 1.5 ×",
        notes: `${WATCHERS} watchers, ${PER_SECOND} log lines/s, each a log line and a change of the record; lines of ${bytes} bytes; less what the daemon takes without watchers`,
      }),
    ];
  } finally {
    await peer.end();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Watches the operation with its log, from the line that it logs now. */
async function requestOf({ client }: BenchWorld, id: string): Promise<string> {
  return watchRequest(`operation=${id}&log=1&logAfter=${(await client.show(id)).logLines}`);
}

async function bytesOfALine(world: BenchWorld, request: string): Promise<number> {
  const readers = await Readers.open(world.socket, 1, request, { reading: true });
  // The snapshot comes first and is longer.
  await sleep(300);
  const before = { lines: readers.lines, bytes: readers.bytes };
  await sleep(1000);
  readers.close();
  return Math.round((readers.bytes - before.bytes) / Math.max(1, readers.lines - before.lines));
}

async function delivering(path: string, request: string | null, pid: number, seconds: number) {
  const readers = await Readers.open(path, WATCHERS, request, { reading: true });
  await sleep(500);
  const before = readers.lines;
  const share = await cpuShare(pid, seconds);
  const lines = readers.lines - before;
  readers.close();
  if (lines === 0) throw new Error(`nothing came from ${path}`);
  return { share, lines, perDelivery: (share * seconds * 1e6) / lines };
}

async function stopped(world: BenchWorld, id: string, { quick }: MeasureOptions): Promise<Row[]> {
  const [count, seconds] = quick ? [100, 5] : [200, 40];
  const request = await requestOf(world, id);
  const bytes = await bytesOfALine(world, request);
  const readers = await Readers.open(world.socket, count, request, { reading: false });
  // First the kernel's buffers fill up, and the daemon's heap reaches its size.
  const settle = 15;
  await sleep(settle * 1000);
  const early = await sizes(world.pid, seconds / 4);
  await sleep((seconds * 1000 * 3) / 4);
  const late = await sizes(world.pid, seconds / 4);
  readers.close();
  const missed = (bytes * PER_SECOND * seconds) / 1000;
  return [
    row({
      name: `what a watcher that does not read adds to the daemon's memory in ${seconds} s`,
      unit: "KB",
      ours: late.map((size) => ((size - median(early)) * 1000) / count),
      beside: { what: "what it was not sent", samples: late.map(() => missed) },
      goal: "≤ 0.02 ×",
      notes: `growth of private memory with ${count} of them, from ${settle} s after they came, at ${PER_SECOND} log lines/s`,
    }),
  ];
}

async function sizes(pid: number, seconds: number): Promise<number[]> {
  const found: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    found.push(memoryOf(pid).private);
    await sleep(100);
  }
  return found;
}
