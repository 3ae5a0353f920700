/** Resident MB of an idle daemon, and of a bare Node server. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { memoryOf } from "./processes.js";
import { benchWorld, cleanEnv, node } from "./world.js";

/** V8 gives back what the start took 8 seconds after its last collection. */
const IDLE_MS = 12_000;

const SERVER = `require("node:net").createServer().listen(0, "127.0.0.1")`;

export const idle = {
  daemon: async () => {
    const world = await benchWorld();
    // The first start of a version compiles its code. The next ones read it from the cache.
    world.run("liveopsd", "stop");
    world.run("liveopsd", "start");
    // Loader and worker are warm when the types answer and a worker idles.
    await world.client.types();
    while ((await world.client.daemon()).workers.idle === 0) await sleep(20);
    await sleep(IDLE_MS);
    const { resident } = memoryOf((await world.client.daemon()).pid);
    world.stop();
    return resident;
  },
  bare: async () => {
    const server = spawn(node, ["-e", SERVER], { env: cleanEnv(), stdio: "ignore" });
    await sleep(1000);
    const { resident } = memoryOf(server.pid!);
    server.kill();
    return resident;
  },
};
