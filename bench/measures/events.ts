/**
 * Delay of an event from a busy loop, which never yields, to a watcher: 1,000 events a second, each with its time.
 * Compared with one line over a bare Unix socket between two processes. Also the delay from an operation to the screen
 * of the dashboard, which draws at most ten times a second.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDashboard } from "../harness/dashboard.js";
import { BUSY, LETTERS } from "../harness/no-op.js";
import { alone, compared, interleave, percentile } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { type BenchWorld, benchWorld, cleanEnv, node } from "../harness/world.js";

const SENDER = `
const socket = require("node:net").connect(process.argv[1]);
socket.on("connect", () => {
  let n = 0;
  const timer = setInterval(() => {
    if (n++ === Number(process.argv[2])) { clearInterval(timer); socket.end(); return; }
    socket.write(performance.timeOrigin + performance.now() + "\\n");
  }, 1);
});
`;

const now = () => performance.timeOrigin + performance.now();

export default async function events({ quick }: MeasureOptions): Promise<Row[]> {
  const rounds = quick ? 2 : 7;
  const count = quick ? 1000 : 3000;
  const world = await benchWorld({ ops: { ...BUSY, ...LETTERS } });
  const p99 = { watcher: [] as number[], socket: [] as number[] };
  try {
    const p50 = await interleave(
      {
        watcher: async () => {
          const delays = await toWatcher(world, count);
          p99.watcher.push(percentile(delays, 0.99));
          return percentile(delays, 0.5);
        },
        socket: async () => {
          const delays = await overSocket(count);
          p99.socket.push(percentile(delays, 0.99));
          return percentile(delays, 0.5);
        },
      },
      rounds,
    );
    const notes = `1,000 log lines/s, ${count} a round, the loop never yields; log lines are not synced`;
    const what = "a line over a bare socket";
    return [
      compared(
        "event to watcher, p50",
        p50.watcher,
        { what, samples: p50.socket },
        { unit: "ms", goal: { of: "ours", atMost: 0.5 }, notes },
      ),
      compared(
        "event to watcher, p99",
        p99.watcher.slice(1),
        { what, samples: p99.socket.slice(1) },
        { unit: "ms", goal: { of: "ours", atMost: 5 }, notes },
      ),
      alone("event to the dashboard's screen, p95", await toScreen(world, quick ? 30 : 150), {
        unit: "ms",
        goal: { of: "ours", atMost: 80 },
        notes: "a status to the bytes on a pty of 160x50, the operation's page, four statuses a second",
      }),
    ];
  } finally {
    world.stop();
  }
}

async function toWatcher({ client }: BenchWorld, count: number): Promise<number[]> {
  const delays: number[] = [];
  const { id } = await client.submit({ op: "busy", params: { events: count } }, crypto.randomUUID());
  for await (const line of client.watch({ operation: id, log: true }))
    if (line.type === "log") for (const { text } of line.lines) delays.push(now() - Number(text));
  if (delays.length !== count) throw new Error(`${delays.length} of ${count} lines came`);
  return delays;
}

async function overSocket(count: number): Promise<number[]> {
  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
  const path = join(dir, "socket");
  const delays: number[] = [];
  const server = createServer((socket) => {
    socket.on("data", (chunk) => {
      for (const line of chunk.toString().split("\n")) if (line) delays.push(now() - Number(line));
    });
  }).listen(path);
  await once(server, "listening");
  await once(spawn(node, ["-e", SENDER, path, `${count}`], { env: cleanEnv() }), "exit");
  server.close();
  rmSync(dir, { recursive: true });
  return delays;
}

/** The 95th percentile, as the only sample. */
async function toScreen({ client, socket }: BenchWorld, count: number): Promise<number[]> {
  const { id } = await client.submit({ op: "letters", params: { count } }, crypto.randomUUID());
  const shown = startDashboard(socket, id);
  const seen: Array<{ letter: string; at: number }> = [];
  const ended = new AbortController();
  const look = async () => {
    while (!ended.signal.aborted) {
      const data = await shown.data((text) => LETTERS_SHOWN.test(text));
      const letter = LETTERS_SHOWN.exec(data)![1]!;
      // A frame that is redrawn for another reason does not count as an arrival.
      if (seen.at(-1)?.letter !== letter) seen.push({ letter, at: now() });
    }
  };
  void look();
  for await (const _line of client.watch({ operation: id }));
  ended.abort();
  shown.kill();
  const { times } = (await client.show(id)).result as { times: number[] };
  const delays: number[] = [];
  for (const { letter, at } of seen) {
    const said = times.findLast((time, n) => time < at && letterOf(n) === letter);
    if (said !== undefined) delays.push(at - said);
  }
  if (delays.length < count * 0.8) throw new Error(`the screen showed ${delays.length} of ${count} statuses`);
  // Statuses before the dashboard's first frame wait for that frame.
  return [percentile(delays.slice(5), 0.95)];
}

const letterOf = (n: number) => String.fromCharCode(65 + (n % 26));

const LETTERS_SHOWN = /([A-Z])\1{11}/;
