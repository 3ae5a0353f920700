/**
 * How long a fact takes from a busy loop, which never yields, to a watcher: 1,000 facts a second, each with the time
 * it was made; against one line over a bare Unix socket between two processes in the same run.
 *
 *     npm run build && npx tsx bench/facts.ts [seconds]
 *
 * Facts that are progress are not fsynced (DESIGN's ordering table); the goal is a p50 of at most 2 ms.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { percentile } from "./harness/percentile.js";
import { benchWorld, node } from "./harness/world.js";

const SECONDS = Number(process.argv[2] ?? 5);
const LIMIT_MS = 2;

const BUSY = `
import { LiveOperation, z } from "liveops";
export class BusyLoop extends LiveOperation {
  static op = "busy-loop";
  static stages = ["Spin"];
  static params = z.object({ facts: z.number() });
  async run(p) {
    await p.stage("Spin", () => {
      const start = performance.now();
      for (let n = 0; n < this.params.facts; n++) {
        while (performance.now() < start + n) {}
        p.status(String(performance.timeOrigin + performance.now()));
      }
    });
  }
}
`;

const SENDER = `
const socket = require("node:net").connect(process.argv[1]);
socket.on("connect", () => {
  let n = 0;
  const timer = setInterval(() => {
    if (n++ === 1000) { clearInterval(timer); socket.end(); return; }
    socket.write(performance.timeOrigin + performance.now() + "\\n");
  }, 1);
});
`;

const now = () => performance.timeOrigin + performance.now();

async function bareSocket(): Promise<number[]> {
  const path = join(tmpdir(), `liveops-bench-${process.pid}.sock`);
  const delays: number[] = [];
  const server = createServer((socket) => {
    socket.on("data", (chunk) => {
      for (const line of chunk.toString().split("\n")) if (line) delays.push(now() - Number(line));
    });
  }).listen(path);
  await once(server, "listening");
  const child = spawn(node, ["-e", SENDER, path]);
  await once(child, "exit");
  server.close();
  return delays;
}

async function facts(): Promise<number[]> {
  const world = await benchWorld({ ops: { "busy-loop.mjs": BUSY } });
  const delays: number[] = [];
  try {
    const { id } = await world.client.submit({ op: "busy-loop", params: { facts: SECONDS * 1000 } }, "bench");
    for await (const line of world.client.watch({ operation: id })) {
      const status = line.type === "changed" ? line.patch.status : null;
      if (status) delays.push(now() - Number(status.text));
    }
  } finally {
    world.stop();
  }
  return delays;
}

const reference = await bareSocket();
const delays = await facts();
const p50 = percentile(delays, 0.5);
const show = (values: number[]) =>
  `p50 ${percentile(values, 0.5).toFixed(3)} ms, p99 ${percentile(values, 0.99).toFixed(3)} ms (${values.length})`;
console.log(`bare socket      ${show(reference)}`);
console.log(`fact to watcher  ${show(delays)}`);
console.log(`ratio of p50     ${(p50 / percentile(reference, 0.5)).toFixed(2)} (p50 at most ${LIMIT_MS} ms)`);
process.exitCode = p50 <= LIMIT_MS ? 0 : 1;
