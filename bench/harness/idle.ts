/** Resident MB of an idle daemon, and of a bare Node server. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { memoryOf } from "./processes.js";
import { benchWorld, cleanEnv, node } from "./world.js";

const SERVER = `require("node:net").createServer().listen(0, "127.0.0.1")`;

export const idle = {
  daemon: async () => {
    const world = await benchWorld();
    // Loader and worker are warm when the types answer and a worker idles.
    await world.client.types();
    while ((await world.client.daemon()).workers.idle === 0) await sleep(20);
    await sleep(3000);
    const { resident } = memoryOf(world.pid);
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
