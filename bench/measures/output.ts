/**
 * What a line of a program's output costs: CPU time in the worker and in the daemon, watched and not, and bytes stored.
 * Beside a small Node program that splits and stores the same lines, and task-spooler, which gives the program a file.
 * Also `liveops logs` of a long log, beside cat and grep.
 *
 * CPU is user and system time from /proc. The processes that the worker starts do not count.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, constants, existsSync, openSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { newKey } from "../../protocol/client/idempotency-key.js";
import { present } from "../harness/peer.js";
import { cpuOfProgram, cpuOfThreads, cpuOfWorkers, timed } from "../harness/processes.js";
import { interleave, type MeasureOptions, type Row, row } from "../harness/rows.js";
import { untilSucceeded } from "../harness/submitter.js";
import { type BenchWorld, benchWorld, bin, cleanEnv, node } from "../harness/world.js";

const STEPS = 8;
const PEER = fileURLToPath(new URL("../peers/lines.mjs", import.meta.url));
const SECRET = "a-secret-that-no-line-has";

/** A program that prints so many lines of one text. */
const prints = (length: number, lines: number) => `yes ${"x".repeat(length)} | head -${lines}`;

export interface Output {
  /** Characters of a line. */
  length: number;
  lines: number;
  /** Number of steps that print at the same time, each a part of the lines. */
  steps?: number;
  /** The worker looks for a secret in each line. */
  isSecret?: boolean;
  /** A client watches the log. */
  isWatched?: boolean;
}

interface Cost {
  /** Microseconds of CPU time for a line. */
  worker: number;
  daemon: number;
  /** Stored for a line, its text included. */
  bytes: number;
}

export const outputWorld = () => benchWorld({ flags: ["--concurrency", "1"] });

export default async function output({ quick }: MeasureOptions): Promise<Row[]> {
  const lines = quick ? 100_000 : 300_000;
  const world = await outputWorld();
  try {
    return [...(await costs(world, lines, quick ? 2 : 5)), ...(await readings(world, quick))];
  } finally {
    world.stop();
  }
}

async function costs(world: BenchWorld, lines: number, rounds: number): Promise<Row[]> {
  const kinds = {
    short: { length: 6, lines },
    long: { length: 80, lines },
    secret: { length: 80, lines, isSecret: true },
    steps: { length: 80, lines, steps: STEPS },
    watched: { length: 80, lines, isWatched: true },
  } satisfies Record<string, Output>;
  type Kind = keyof typeof kinds;
  const made = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, [] as Cost[]]));
  const spooler = spoolerIn(world.dir);
  try {
    const ours = Object.entries(kinds).map(([kind, of]) => {
      const sample = async () => {
        const cost = await costOf(world, of);
        made[kind]!.push(cost);
        return cost.worker;
      };
      return [kind, sample] as const;
    });
    const samples = await interleave(
      {
        ...(Object.fromEntries(ours) as Record<Kind, () => Promise<number>>),
        peerShort: () => peer(world, 6, lines),
        peerLong: () => peer(world, 80, lines),
        spooler: () => spooler.run(prints(80, lines)) / lines,
        spoolerBare: () => spooler.run(`${prints(80, lines)} >/dev/null`) / lines,
      },
      rounds,
    );
    const costs = (kind: Kind, of: keyof Cost) => made[kind]!.slice(1).map((cost) => cost[of]);
    const micros = (name: string, values: number[], goal: string, besides?: [string, number[]]) =>
      row({
        name,
        unit: "µs",
        ours: values,
        ...(besides && { beside: { what: besides[0], samples: besides[1] } }),
        goal,
      });
    const program = "a Node program";
    const goal = "≤ 2.5 µs";
    const toFile = samples.spooler.map((micros, round) => micros - samples.spoolerBare[round]!);
    return [
      micros("worker, a line of 6 characters", samples.short, goal, [program, samples.peerShort]),
      micros("worker, a line of 80 characters", samples.long, goal, [program, samples.peerLong]),
      micros("worker, of 80, with a secret", samples.secret, goal, [program, samples.peerLong]),
      micros(`worker, of 80, ${STEPS} steps at once`, samples.steps, goal, [program, samples.peerLong]),
      micros("worker, of 80, watched", samples.watched, goal, [program, samples.peerLong]),
      micros("worker and daemon, of 80, nobody watching", both(made.long!), "", ["task-spooler", toFile]),
      micros("daemon, of 80, nobody watching", costs("long", "daemon"), "≤ 0.1 µs"),
      micros(`daemon, of 80, ${STEPS} steps at once`, costs("steps", "daemon"), "≤ 0.1 µs"),
      micros("daemon, of 80, watched", costs("watched", "daemon"), "≤ 3 µs"),
      ...(["short", "long"] as const).map((kind) =>
        row({
          name: `stored beyond the text, of ${kinds[kind].length}`,
          unit: "bytes",
          ours: costs(kind, "bytes").map((bytes) => bytes - kinds[kind].length),
          goal: "≤ 12 bytes",
        }),
      ),
    ];
  } finally {
    spooler.end();
  }
}

const both = (costs: readonly Cost[]) => costs.slice(1).map(({ worker, daemon }) => worker + daemon);

/**
 * The cost of one line of a program. A stage before and one after it wait for a reader of /proc: a worker may be a new
 * one, and may end with the operation.
 */
export async function costOf(world: BenchWorld, of: Output): Promise<Cost> {
  const { length, lines, steps = 1, isSecret = false, isWatched = false } = of;
  const { client, dir, pid, stateDir } = world;
  const fifos = [join(dir, "begin"), join(dir, "end")];
  for (const fifo of fifos) if (!existsSync(fifo)) execFileSync("mkfifo", [fifo]);
  writeFileSync(join(dir, "secret"), SECRET);
  const text = [
    ...(isSecret ? [`params: { token: { secret: true, from: "file:${dir}/secret" } }`] : []),
    "stages:",
    "  - { name: Begin, run: [cat, begin] }",
    "  - name: Print",
    ...(steps === 1 ? [] : [`    each: { n: [${[...Array(steps).keys()].join(", ")}] }`]),
    ...(steps === 1 ? [] : [`    at_once: ${steps}`]),
    ...(isSecret ? ["    env: { TOKEN: $token }"] : []),
    // Not text for bash with pipefail: head ends before yes does.
    `    run: [sh, -c, "${prints(length, lines / steps)}"]`,
    "  - { name: End, run: [cat, end] }",
  ].join("\n");
  const params = { text, path: join(dir, "prints.yaml"), params: {} };
  const { id } = await client.submit({ op: "pipeline", params, cwd: dir }, newKey());
  const ended = untilSucceeded(client, id, { isWatched });
  const [begin, end] = fifos.map((fifo) => atStage(fifo, () => cpuOfWorkers(pid)));
  const before = { worker: await begin!, daemon: cpuOfThreads(pid) };
  const worker = ((await end!) - before.worker) * 1000;
  await ended;
  const daemon = (cpuOfThreads(pid) - before.daemon) * 1000;
  const bytes = bytesBelow(join(stateDir, "runs", id));
  return { worker: worker / lines, daemon: daemon / lines, bytes: bytes / lines };
}

/** What is read while the stage that waits for this pipe waits; then the stage ends. */
async function atStage<T>(fifo: string, read: () => T): Promise<T> {
  for (;;) {
    try {
      const file = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
      const value = read();
      closeSync(file);
      return value;
    } catch (error) {
      // Nobody reads it yet.
      if ((error as NodeJS.ErrnoException).code !== "ENXIO") throw error;
      await sleep(5);
    }
  }
}

function bytesBelow(dir: string): number {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

/** Microseconds of the Node program for a line. */
function peer({ dir }: BenchWorld, length: number, lines: number): number {
  const script = `${prints(length, lines)} | "$@"`;
  const words = ["-c", script, "sh", node, PEER, join(dir, "lines")];
  const { micros } = JSON.parse(execFileSync("sh", words, { env: cleanEnv(), encoding: "utf8" }));
  return micros;
}

/** task-spooler with its own server; the output of its jobs goes to files of the directory. */
function spoolerIn(dir: string) {
  present("tsp", spawnSync("tsp", ["-V"]).error ? null : "");
  const env = { ...cleanEnv(), TS_SOCKET: join(dir, "tsp"), TMPDIR: dir };
  return {
    /** Microseconds of CPU time of a shell command as a job. */
    run: (command: string) => cpuOfProgram(["tsp", "-f", "sh", "-c", command], env) * 1000,
    end: () => execFileSync("tsp", ["-K"], { env }),
  };
}

async function readings(world: BenchWorld, quick: boolean): Promise<Row[]> {
  const lines = quick ? 100_000 : 1_000_000;
  const file = join(world.dir, "text");
  const command = `seq ${lines}`;
  execFileSync("sh", ["-c", `${command} > "$1"`, "sh", file]);
  world.run("liveops", "submit", "--wait", "--label", "many", "shell", "--", "sh", "-c", command);
  const needle = `${lines / 2 + 1}`;
  const logs = (...words: string[]) => timed([node, bin("liveops"), "logs", "many", ...words], world.env);
  const samples = await interleave(
    {
      logs: () => logs(),
      cat: () => timed(["cat", file], cleanEnv()),
      search: () => logs("--grep", needle),
      grep: () => timed(["grep", needle, file], cleanEnv()),
    },
    quick ? 2 : 5,
  );
  const of = `of ${lines.toLocaleString("en-US")} lines`;
  const unit = "ms";
  return [
    row({ name: `logs ${of}`, unit, ours: samples.logs, beside: { what: "cat", samples: samples.cat } }),
    row({
      name: `logs --grep ${of}`,
      unit,
      ours: samples.search,
      beside: { what: "grep", samples: samples.grep },
    }),
  ];
}
