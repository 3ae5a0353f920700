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
import { interleave, type MeasureOptions, percentile, type Row, row } from "../harness/rows.js";
import { delaysOf } from "../harness/submitter.js";
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
  const round = (name: keyof typeof p99, delays: () => Promise<number[]>) => async () => {
    const took = await delays();
    p99[name].push(percentile(took, 0.99));
    return percentile(took, 0.5);
  };
  try {
    const body = { op: "busy", params: { events: count } };
    const p50 = await interleave(
      {
        watcher: round("watcher", () => delaysOf(world.client, body, count)),
        socket: round("socket", () => overSocket(count)),
      },
      rounds,
    );
    const unit = "ms";
    const notes = `1,000 log lines/s, ${count} a round, the loop never yields; log lines are not synced`;
    const beside = (samples: number[]) => ({ what: "a line over a bare socket", samples });
    return [
      row({
        name: "event to watcher, p50",
        unit,
        ours: p50.watcher,
        beside: beside(p50.socket),
        goal: "≤ 0.5 ms",
        notes,
      }),
      row({
        name: "event to watcher, p99",
        unit,
        ours: p99.watcher.slice(1),
        beside: beside(p99.socket.slice(1)),
        goal: "≤ 5 ms",
        notes,
      }),
      row({
        name: "event to the dashboard's screen, p95",
        unit,
        ours: await toScreen(world, quick ? 30 : 150),
        goal: "≤ 80 ms",
        notes: "a status to the bytes on a pty of 160x50, the operation's page, four statuses a second",
      }),
    ];
  } finally {
    world.stop();
  }
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
