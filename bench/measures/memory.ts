/**
 * Memory of the idle daemon, compared with a bare Node process that listens on a socket. Also the daemon's memory for each
 * queued operation.
 */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { THREE_STAGES } from "../harness/no-op.js";
import { memoryOf } from "../harness/processes.js";
import { type MeasureOptions, type Row, row } from "../harness/rows.js";
import { Submitter } from "../harness/submitter.js";
import { benchWorld, cleanEnv, node } from "../harness/world.js";

const SERVER = `require("node:net").createServer().listen(0, "127.0.0.1")`;

export default async function memory({ quick }: MeasureOptions): Promise<Row[]> {
  const rounds = quick ? 2 : 7;
  const bare: number[] = [];
  const daemon: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const idle = await idleDaemon();
    bare.push(idle.bare);
    daemon.push(idle.daemon);
  }
  const queued = await perQueued(quick ? 5_000 : 40_000);
  return [
    row({
      name: "idle daemon, resident",
      unit: "MB",
      ours: daemon,
      beside: { what: "bare Node server", samples: bare },
      goal: "≤ 80 MB",
      notes: "Rss of smaps_rollup, 3 s after loader and worker are warm",
    }),
    row({
      name: "daemon's memory for each queued operation",
      unit: "KB",
      ours: [queued.private],
      goal: "≤ 2 KB",
      notes: `growth of private memory over ${queued.count} queued, no garbage collection asked for; of the heap in use: ${queued.heap.toFixed(2)} KB`,
    }),
  ];
}

/** Resident MB. */
export async function idleDaemon(): Promise<{ bare: number; daemon: number }> {
  const world = await benchWorld();
  const server = spawn(node, ["-e", SERVER], { env: cleanEnv(), stdio: "ignore" });
  try {
    // Loader and worker are warm when the types answer and a worker idles.
    await world.client.types();
    while ((await world.client.daemon()).workers.idle === 0) await sleep(20);
    await sleep(3000);
    return { bare: memoryOf(server.pid!).rss, daemon: memoryOf(world.pid).rss };
  } finally {
    server.kill();
    world.stop();
  }
}

/** KB (1,000 bytes) per operation. */
async function perQueued(count: number): Promise<{ private: number; heap: number; count: number }> {
  const world = await benchWorld({
    ops: THREE_STAGES,
    flags: ["--concurrency", "1"],
    config: { maxQueued: count * 2 },
  });
  const submitter = new Submitter(world.socket, 32);
  const now = async () => {
    await sleep(3000);
    const { memory } = await world.client.daemon();
    return { private: memoryOf(world.pid).private, heap: memory.heapUsed / 1e6 };
  };
  try {
    world.run("liveops", "submit", "shell", "--", "sleep", "3600");
    // The first operations warm up heap and code.
    await submitter.submit({ op: "three-stages" }, count / 4);
    const before = await now();
    await submitter.submit({ op: "three-stages" }, count);
    const after = await now();
    return {
      private: ((after.private - before.private) * 1000) / count,
      heap: ((after.heap - before.heap) * 1000) / count,
      count,
    };
  } finally {
    submitter.close();
    world.stop();
  }
}
