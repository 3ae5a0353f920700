/**
 * Memory of the idle daemon and of a warm worker without user code, compared with a bare Node process that listens on a
 * socket. Also the daemon's memory for each queued operation.
 */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { childrenOf, type Memory, memoryOf } from "../harness/memory.js";
import { THREE_STAGES } from "../harness/no-op.js";
import { alone, compared } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { Submitter } from "../harness/submitter.js";
import { benchWorld, cleanEnv, node } from "../harness/world.js";

const SERVER = `require("node:net").createServer().listen(0, "127.0.0.1")`;

export default async function memory({ quick }: MeasureOptions): Promise<Row[]> {
  const rounds = quick ? 2 : 7;
  const bare: Memory[] = [];
  const daemon: Memory[] = [];
  const worker: Memory[] = [];
  for (let round = 0; round < rounds; round++) {
    const idle = await idleDaemon();
    bare.push(idle.bare);
    daemon.push(idle.daemon);
    worker.push(idle.worker);
  }
  const samples = (of: Memory[], kind: keyof Memory) => of.map((memory) => memory[kind]);
  const beside = (kind: keyof Memory) => ({ what: "bare Node server", samples: samples(bare, kind) });
  const queued = await perQueued(quick ? 5_000 : 40_000);
  return [
    compared("idle daemon, resident", samples(daemon, "rss"), beside("rss"), {
      unit: "MB",
      goal: { of: "ours", atMost: 110 },
      notes: "Rss of smaps_rollup, 3 s after loader and worker are warm",
    }),
    compared("idle daemon, private", samples(daemon, "private"), beside("private"), {
      unit: "MB",
      notes: "Private_Clean + Private_Dirty",
    }),
    compared("warm worker, private", samples(worker, "private"), beside("private"), {
      unit: "MB",
      goal: { of: "ours", atMost: 45 },
      notes: "Private_Clean + Private_Dirty; it has loaded nothing of the user's",
    }),
    compared("warm worker, resident", samples(worker, "rss"), beside("rss"), { unit: "MB" }),
    alone("daemon's memory for each queued operation", [queued.private], {
      unit: "KB",
      goal: { of: "ours", atMost: 2 },
      notes: `growth of private memory over ${queued.count} queued, no garbage collection asked for; of the heap in use: ${queued.heap.toFixed(2)} KB`,
    }),
  ];
}

/** Measures all processes at the same time, so that the shared pages of Node count as private for none. */
async function idleDaemon(): Promise<{ bare: Memory; daemon: Memory; worker: Memory }> {
  const world = await benchWorld();
  const server = spawn(node, ["-e", SERVER], { env: cleanEnv(), stdio: "ignore" });
  try {
    // Loader and worker are warm when the types answer and a worker idles.
    await world.client.types();
    while ((await world.client.daemon()).workers.idle === 0) await sleep(20);
    await sleep(3000);
    const [worker] = childrenOf(world.pid, "worker");
    if (worker === undefined) throw new Error("no worker was found under the daemon");
    return { bare: memoryOf(server.pid!), daemon: memoryOf(world.pid), worker: memoryOf(worker) };
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
