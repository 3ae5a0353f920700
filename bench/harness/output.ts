/** The cost of a line of a program's output, without the processes that the worker starts. */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { newKey } from "../../protocol/client/idempotency-key.js";
import { cpuOfThreads, cpuOfWorkers } from "./processes.js";
import { succeeded } from "./submitter.js";
import type { BenchWorld } from "./world.js";

/** A command that prints so many lines of one text. */
export const prints = (length: number, lines: number) =>
  `yes ${"x".repeat(length)} | head -${lines}`;

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

export interface Cost {
  /** Microseconds of CPU time for a line. */
  worker: number;
  daemon: number;
  /** Stored for a line, its text included. */
  bytes: number;
}

/**
 * A stage before the program and one after it wait until /proc is read: a worker may be new, and
 * may end with it.
 */
export async function costOf(world: BenchWorld, of: Output): Promise<Cost> {
  const { client, dir, pid, stateDir } = world;
  const [begin, end] = [join(dir, "begin"), join(dir, "end")];
  if (!existsSync(begin)) execFileSync("mkfifo", [begin, end]);
  writeFileSync(join(dir, "secret"), "a-secret-that-no-line-has");
  const params = { text: pipelineOf(of), path: join(dir, "prints.yaml"), params: {} };
  const { id } = await client.submit({ op: "pipeline", params, cwd: dir }, newKey());
  const watching = of.isWatched ? watchLog(world, id) : null;
  const before = await atStage(begin, () => ({
    worker: cpuOfWorkers(pid),
    daemon: cpuOfThreads(pid),
  }));
  const worker = (await atStage(end, () => cpuOfWorkers(pid))) - before.worker;
  await succeeded(client, id);
  await watching;
  const daemon = cpuOfThreads(pid) - before.daemon;
  const micros = (ms: number) => (ms * 1000) / of.lines;
  const bytes = bytesBelow(join(stateDir, "runs", id)) / of.lines;
  return { worker: micros(worker), daemon: micros(daemon), bytes };
}

function pipelineOf({ length, lines, steps = 1, isSecret = false }: Output): string {
  // Not text for bash with pipefail: head ends before yes does.
  const print = `run: [sh, -c, "${prints(length, lines / steps)}"]`;
  const each = steps === 1 ? "" : `each: { n: [${[...Array(steps).keys()]}] }, at_once: ${steps}, `;
  const env = isSecret ? "env: { TOKEN: $token }, " : "";
  return `
params: { ${isSecret ? 'token: { secret: true, from: "file:secret" }' : ""} }
stages:
  - { name: Begin, run: [cat, begin] }
  - { name: Print, ${each}${env}${print} }
  - { name: End, run: [cat, end] }
`;
}

async function watchLog({ client }: BenchWorld, id: string): Promise<void> {
  for await (const _line of client.watch({ operation: id, log: true }));
}

/** What is read while a stage waits for this pipe; then the stage ends. */
async function atStage<T>(fifo: string, read: () => T): Promise<T> {
  for (;;) {
    try {
      const file = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
      const value = read();
      closeSync(file);
      return value;
    } catch (error) {
      // Nobody reads the pipe yet.
      if ((error as NodeJS.ErrnoException).code !== "ENXIO") throw error;
      await sleep(5);
    }
  }
}

function bytesBelow(dir: string): number {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.reduce(
    (sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size,
    0,
  );
}
