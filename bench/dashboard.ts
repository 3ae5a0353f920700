/**
 * What the dashboard costs on a pty of 160x50: with 40 operations changing at 10 Hz, and when nothing happens.
 *
 *     npm run build && npx tsx bench/dashboard.ts [path of the bundle]
 *
 * CPU time of the dashboard's process divided by the wall time of the same seconds, and what each flush writes.
 * The scripted daemon runs in this process, so that its cost is not counted.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pty from "@lydell/node-pty";
import { ago, NOW, operation } from "../test/tui/dashboard/operations.js";
import { World } from "../test/tui/dashboard/world.js";

const BUNDLE = process.argv[2] ?? fileURLToPath(new URL("../dist/tui.js", import.meta.url));
const OPERATIONS = 40;
const HERTZ = 10;
const SECONDS = 10;
const LIMITS = { busy: 0.25, idle: 0.005 };
/** Linux counts CPU time in this many ticks a second. */
const TICKS = 100;

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

async function share(pid: number, seconds: number): Promise<number> {
  const [cpu, wall] = [cpuSeconds(pid), performance.now()];
  await sleep(seconds * 1000);
  return (cpuSeconds(pid) - cpu) / ((performance.now() - wall) / 1000);
}

function start(socket: string) {
  const child = pty.spawn(process.execPath, [BUNDLE, "--socket", socket], {
    cols: 160,
    rows: 50,
    env: { ...process.env, TERM: "xterm-256color", NO_COLOR: "" } as Record<string, string>,
  });
  const written = { bytes: 0, flushes: 0 };
  child.onData((data) => {
    written.bytes += Buffer.byteLength(data);
    written.flushes += data.split("\x1b[?2026h").length - 1;
  });
  return { child, written };
}

const when = (seconds: number) => new Date(Date.now() + Date.parse(ago(seconds)) - NOW).toISOString();

await using world = await World.start();
for (let i = 0; i < OPERATIONS; i++) {
  world.put(
    operation({
      id: `bench${String(i).padStart(7, "0")}`,
      title: `Back up folder ${i}`,
      label: i % 2 ? "nightly" : null,
      state: "running",
      currentStage: 1,
      stageStates: { Load: "done", Process: "active" },
      createdAt: when(i),
      startedAt: when(i),
    }),
  );
}

const busy = start(world.socket);
await world.watched();
let round = 0;
const changing = setInterval(() => {
  round++;
  for (const [i, id] of [...world.operations.keys()].entries()) {
    const done = (round * (i + 3)) % 10_000;
    const progress = {
      done,
      total: 10_000,
      unit: "row",
      label: "Rows",
      rate: 1000 + i,
      etaSeconds: (10_000 - done) / 1000,
    };
    world.patch(id, { percent: done / 100, progress });
    if (i === 0) world.log(id, `row ${done} of 10000`);
  }
}, 1000 / HERTZ);
await sleep(3000);
const before = { ...busy.written };
const busyShare = await share(busy.child.pid, SECONDS);
const flushes = busy.written.flushes - before.flushes;
const bytes = (busy.written.bytes - before.bytes) / Math.max(1, flushes);
clearInterval(changing);
for (const [id] of world.operations)
  world.patch(id, { state: "succeeded", finishedAt: when(0), percent: 100 });
await sleep(3000);
const idleShare = await share(busy.child.pid, SECONDS);
busy.child.kill();

console.log(
  `dashboard, ${OPERATIONS} operations at ${HERTZ} Hz, 160x50: ${(busyShare * 100).toFixed(1)} % of a core ` +
    `(at most ${LIMITS.busy * 100} wanted), ${(flushes / SECONDS).toFixed(1)} flushes/s of ${Math.round(bytes)} bytes\n` +
    `dashboard, idle: ${(idleShare * 100).toFixed(1)} % of a core (at most ${LIMITS.idle * 100} wanted)`,
);
process.exitCode = busyShare <= LIMITS.busy && idleShare <= LIMITS.idle ? 0 : 1;
