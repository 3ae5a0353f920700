/**
 * The supervisor of `liveops run`: the operation runs in a child, this process waits and handles
 * Ctrl-C. A busy loop never receives a signal, so the first Ctrl-C also creates the cancel file.
 * The second Ctrl-C, or the end of the grace period, kills the operation and its processes.
 */
import { type StdioOptions, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Readable } from "node:stream";
import { LOAD_SECONDS } from "../../../ops/loading/type-files.js";
import { processStat } from "../../../ops/programs/proc.js";
import { ProcessSweep } from "../../../ops/programs/process-sweep.js";
import { EXIT } from "../../../protocol/exit-codes.js";
import { UsageError } from "../../../protocol/failures.js";
import { LineSplitter } from "../../../protocol/ndjson.js";
import { say } from "../../kit/report.js";
import { LEAVE_ALTERNATE, RESET } from "../../terminal/terminal-reset.js";
import {
  CANCEL_VARIABLE,
  PIPE,
  RUN_VARIABLE,
  readFromChild,
  SKIP_VARIABLE,
  SUPERVISOR_VARIABLE,
} from "./child.js";
import { startGuard } from "./guard.js";

/** Ctrl-C, a request to stop, and a closed terminal. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Extra time in which an operation that stops at the end of its grace period can report its
 * outcome.
 */
const MARGIN_MS = 1000;

/**
 * How long one operation file may take to load, in ms; the child itself gives up on a file that
 * yields before.
 */
const LOAD_MS = LOAD_SECONDS * 1000 + MARGIN_MS;

/** Greatest descriptor that a shell gives to `<(…)`. */
const MOST_DESCRIPTORS = 255;

/** Interval in ms at which the operation's processes are recorded. */
const LOOK_MS = 500;

const TO = { program: "liveops", startCommand: "liveops start" };

/** @throws UsageError where the directory cannot be created */
function temporaryDirectory(): string {
  try {
    return mkdtempSync(join(tmpdir(), "liveops-run-"));
  } catch (error) {
    throw new UsageError(
      `cannot create a temporary directory: ${(error as Error).message}`,
      "set TMPDIR to a writable directory",
    );
  }
}

/**
 * The descriptors of the child: its pipe, and those that the arguments name, as `<(…)` of a shell
 * does.
 */
function stdioOf(argv: readonly string[]): StdioOptions {
  const stdio: Array<"inherit" | "pipe" | "ignore"> = ["inherit", "inherit", "inherit", "pipe"];
  for (const word of argv) {
    const descriptor = Number(/^\/(?:dev|proc\/self)\/fd\/(\d+)$/.exec(word)?.[1]);
    if (!(descriptor > PIPE && descriptor <= MOST_DESCRIPTORS)) continue;
    while (stdio.length < descriptor) stdio.push("ignore");
    stdio[descriptor] = "inherit";
  }
  return stdio;
}

/** Runs the command line of this process in a child; resolves with the exit code. */
export async function supervise(): Promise<number> {
  const dir = temporaryDirectory();
  const skip: string[] = [];
  try {
    // A file that never yields is skipped by the next child, so that the other files are loaded.
    for (;;) {
      const end = await superviseOnce(dir, skip);
      if (typeof end === "number") return end;
      skip.push(end.hung);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * Resolves with the exit code, or with the operation file that blocked the child while it was
 * loaded.
 */
async function superviseOnce(
  dir: string,
  skip: readonly string[],
): Promise<number | { hung: string }> {
  const file = join(dir, "cancel");
  const name = basename(dir);
  const child = spawn(process.execPath, ["--", ...process.argv.slice(1)], {
    stdio: stdioOf(process.argv),
    env: {
      ...process.env,
      [CANCEL_VARIABLE]: file,
      [SUPERVISOR_VARIABLE]: String(process.pid),
      [RUN_VARIABLE]: name,
      [SKIP_VARIABLE]: JSON.stringify(skip),
    },
  });
  const mark = `${RUN_VARIABLE}=${name}`;
  const sweep = new ProcessSweep(mark, child.pid === undefined ? null : processStat(child.pid));
  const guard = child.pid === undefined ? null : startGuard(child.pid, mark, dir);
  const looking = setInterval(() => sweep.look(), LOOK_MS);
  let gracePeriod = 10;
  let asked = 0;
  let killed: string | null = null;
  let hung: string | null = null;
  let hasTerminal = false;
  let timer: NodeJS.Timeout | undefined;
  let loadTimer: NodeJS.Timeout | undefined;
  const kill = (why: string) => {
    killed ??= why;
    // Before the child is killed: its descendants are found through it.
    sweep.lookEverywhere();
    child.kill("SIGKILL");
  };
  const stop = () => {
    if (++asked > 1) return;
    writeFileSync(file, "");
    sweep.lookEverywhere();
    child.kill("SIGTERM");
    const over = `the operation did not stop within its grace period of ${gracePeriod} s`;
    timer = setTimeout(() => kill(over), gracePeriod * 1000 + MARGIN_MS);
  };
  const loads = (loading: string | null) => {
    clearTimeout(loadTimer);
    if (loading === null) return;
    loadTimer = setTimeout(() => {
      if (asked > 0) return;
      hung = loading;
      kill("");
    }, LOAD_MS);
  };
  const onSignal = () => (asked === 0 ? stop() : kill(""));
  const pipe = child.stdio[PIPE] as Readable;
  const told = new LineSplitter((line) => {
    const message = readFromChild(line);
    if (message === null) return;
    if ("unread" in message) stop();
    else if ("hasTerminal" in message) hasTerminal = message.hasTerminal;
    else if ("loading" in message) loads(message.loading);
    else {
      gracePeriod = message.gracePeriod;
      guard?.setGracePeriod(gracePeriod);
    }
  });
  pipe.on("data", (chunk: Buffer) => told.push(chunk)).on("error", () => {});
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>(
      (resolve, reject) => {
        child.on("exit", (code, signal) => resolve({ code, signal }));
        child.on("error", reject);
      },
    );
    clearInterval(looking);
    if (code === null && hasTerminal) restoreTerminal();
    if (code === null || asked > 0) await sweep.kill();
    if (code !== null) return code;
    if (hung !== null) return { hung };
    // The child was still loading and had no signal handler yet.
    if (killed === null && asked > 0 && isStop(signal)) {
      say(TO, "cancelled");
      return EXIT.cancelled;
    }
    if (killed === null) {
      say(TO, `failed: the operation's process was killed by ${signal}`);
      return EXIT.failed;
    }
    say(TO, killed === "" ? "killed" : `cancelled and killed: ${killed}`);
    return killed === "" ? EXIT.interrupted : EXIT.cancelled;
  } finally {
    clearTimeout(timer);
    clearTimeout(loadTimer);
    clearInterval(looking);
    guard?.dismiss();
    for (const signal of SIGNALS) process.off(signal, onSignal);
    pipe.destroy();
  }
}

/** A child that was killed could not put the terminal back. */
function restoreTerminal(): void {
  process.stdout.write(LEAVE_ALTERNATE + RESET);
  spawnSync("stty", ["sane"], { stdio: ["inherit", "ignore", "ignore"] });
}

function isStop(signal: string | null): boolean {
  return SIGNALS.some((each) => each === signal);
}
