/**
 * What the daemon costs when nothing happens: CPU over some seconds, with one idle watcher, against a bare Node
 * process that waits on a socket in the same run; and its memory.
 *
 *     npm run build && npx tsx bench/idle.ts [seconds]
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpuShare } from "./harness/cpu.js";
import { benchWorld, node } from "./harness/world.js";

const SECONDS = Number(process.argv[2] ?? 10);

const bare = spawn(node, ["-e", `require("node:net").createServer().listen(0, "127.0.0.1")`]);
const world = await benchWorld();
const watching = new AbortController();
try {
  // Let the warm-up of loader and worker pass: they are ready when the types answer and a worker idles.
  await world.client.types();
  while ((await world.client.daemon()).workers.idle === 0);
  const stream = world.client.watch({}, watching.signal);
  await stream.next();
  const [daemon, reference] = await Promise.all([cpuShare(world.pid, SECONDS), cpuShare(bare.pid!, SECONDS)]);
  console.log(
    `bare Node server  ${reference.toFixed(1)} % of a core, ${privateMegabytes(bare.pid!)} MB private`,
  );
  console.log(
    `idle daemon       ${daemon.toFixed(1)} % of a core, ${privateMegabytes(world.pid)} MB private`,
  );
  process.exitCode = daemon < 0.5 ? 0 : 1;
} finally {
  watching.abort(new Error("done"));
  bare.kill();
  world.stop();
}

/** Memory that is this process's own (smaps_rollup: Private_Clean and Private_Dirty). */
function privateMegabytes(pid: number): string {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const kilobytes = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+)/gm)].reduce(
    (sum, match) => sum + Number(match[1]),
    0,
  );
  return (kilobytes / 1024).toFixed(0);
}
