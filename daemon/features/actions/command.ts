/** Runs the command of an action in a process group of its own, for a bounded time. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { atMost } from "../../../protocol/system/until.js";

interface Command {
  /** A text for `sh -c`, or the words of a command. */
  command: string | readonly string[];
  cwd: string;
  env: Record<string, string>;
  /** Written to its stdin. */
  input: string;
  /** After this time in ms it is killed. */
  timeout: number;
  /** Kills it early. */
  signal: AbortSignal;
}

/** Characters of the output that a failure keeps. */
const MOST_OUTPUT = 2000;

/** How long the rest of the output is waited for after the end, in ms. */
const REST_MS = 200;

/** @returns why the command failed; null: it exited with 0 */
export async function runCommand({
  command,
  cwd,
  env,
  input,
  timeout,
  signal,
}: Command): Promise<string | null> {
  const [program = "", ...words] = typeof command === "string" ? ["sh", "-c", command] : command;
  const child = spawn(program, words, {
    cwd,
    env,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString("utf8")).slice(-MOST_OUTPUT);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  // A command need not read its stdin.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const kill = () => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // The group has ended.
    }
  };
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, timeout);
  signal.addEventListener("abort", kill);
  const closed = once(child, "close").catch(() => {});
  try {
    // `exit` and not `close`: a process that it leaves in the background keeps its output open.
    const [code, killedBy] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    if (code === 0) return null;
    await atMost(REST_MS, closed);
    let how = killedBy === null ? `it exited with ${code}` : `it was killed by ${killedBy}`;
    if (isLate) how = `it was killed after ${timeout / 1000} s`;
    const said = lastLine(output);
    return said === "" ? how : `${how}: ${said}`;
  } catch (error) {
    return `it could not be started: ${(error as Error).message}`;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", kill);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)!.slice(-500);
}
