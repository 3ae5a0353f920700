/** CPU use of an idle daemon with one idle watcher, compared with a bare Node process that listens on a socket. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuShare } from "../harness/cpu.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { benchWorld, cleanEnv, node } from "../harness/world.js";

const SERVER = `require("node:net").createServer().listen(0, "127.0.0.1")`;

export default async function idle({ quick }: MeasureOptions): Promise<Row[]> {
  const seconds = quick ? 3 : 15;
  const bare = spawn(node, ["-e", SERVER], { env: cleanEnv(), stdio: "ignore" });
  const world = await benchWorld();
  const watching = new AbortController();
  try {
    // Loader and worker are warm when the types answer and a worker idles.
    await world.client.types();
    while ((await world.client.daemon()).workers.idle === 0) await sleep(20);
    const stream = world.client.watch({}, watching.signal);
    await stream.next();
    await sleep(2000);
    const [daemon, reference] = await Promise.all([
      cpuShare(world.pid, seconds),
      cpuShare(bare.pid!, seconds),
    ]);
    return [
      {
        name: "idle daemon with a watcher, CPU",
        unit: "% of a core",
        ours: daemon,
        reference: { what: "bare Node server", value: reference },
        ratio: null,
        spread: null,
        goal: { of: "ours", atMost: 0.5 },
        notes: `over ${seconds} s, at the same time`,
      },
    ];
  } finally {
    watching.abort(new Error("done"));
    bare.kill();
    world.stop();
  }
}
