/**
 * Runs a command of `liveops` or `liveopsd` in this process, from the sources: a process of its own
 * takes twenty times as long. For commands that end by themselves and start no process. One runs at
 * a time, because it has the process's streams, environment and directory.
 */
import { Readable, Writable } from "node:stream";
import { runCommandLine } from "../../../tui/cli/command-line.js";
import { runLiveops } from "../../../tui/cli/liveops.js";
import { DAEMON_COMMANDS } from "../../../tui/cli/liveopsd/commands.js";
import type { Ended } from "./cli.js";

interface Place {
  bin: string;
  cwd: string;
  env: Record<string, string | undefined>;
}

/**
 * Longest time of a command. After it, the commands of other tests run; passed only by a test that
 * fails.
 */
const LIMIT_MS = 120_000;

let last: Promise<unknown> = Promise.resolve();

export function runHere(words: string[], place: Place): Promise<Ended> {
  const ended = last.then(() => run(words, place));
  last = ended.catch(() => {});
  return ended;
}

async function run(words: string[], { bin, cwd, env }: Place): Promise<Ended> {
  const streams = { stdin: Readable.from([]), stdout: new Text(), stderr: new Text() };
  const before = { env: process.env, argv: process.argv, cwd: process.cwd() };
  const own = Object.keys(streams).map((name) => Object.getOwnPropertyDescriptor(process, name)!);
  for (const [name, value] of Object.entries(streams))
    Object.defineProperty(process, name, { configurable: true, value });
  process.env = { ...env };
  process.argv = [process.execPath, bin, ...words];
  process.chdir(cwd);
  try {
    const tooLong = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`${words.join(" ")} does not end`)), LIMIT_MS).unref();
    });
    const isDaemon = bin.endsWith("liveopsd.cjs");
    const command = isDaemon
      ? runCommandLine(words, DAEMON_COMMANDS, "liveopsd")
      : runLiveops(words);
    await Promise.race([command, tooLong]);
    return {
      code: Number(process.exitCode ?? 0),
      stdout: streams.stdout.text,
      stderr: streams.stderr.text,
    };
  } finally {
    process.exitCode = undefined;
    for (const [index, name] of Object.keys(streams).entries())
      Object.defineProperty(process, name, own[index]!);
    Object.assign(process, { env: before.env, argv: before.argv });
    process.chdir(before.cwd);
  }
}

/** What was written. */
class Text extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
