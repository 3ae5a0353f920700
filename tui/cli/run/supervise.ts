/**
 * `liveops run` in two processes: the operation runs in a child, this one waits and answers Ctrl-C. A busy loop never
 * hears of a signal, so the first one leaves a file that it sees, and the second ends it whatever it does, with all
 * it started. So does the end of its grace period, for where nobody sits who could press it a second time.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Readable } from "node:stream";
import { processStat } from "../../../ops/process/proc.js";
import { ProcessSweep } from "../../../ops/process/process-sweep.js";
import { UsageError } from "../../../protocol/command/failures.js";
import { say } from "../../../protocol/command/report.js";
import { EXIT } from "../../../protocol/exit-codes.js";
import { LineSplitter } from "../../../protocol/ndjson.js";
import { CANCEL_VARIABLE, PIPE, RUN_VARIABLE, readFromChild, SUPERVISOR_VARIABLE } from "./child.js";
import { startGuard } from "./guard.js";

/** Ctrl-C, a request to stop, and the terminal that went away. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** An operation that ends by itself at the end of its grace period gets to say so. */
const MARGIN_MS = 1000;

/** How often it is recorded what the operation has started, in ms. */
const LOOK_MS = 500;

const TO = { program: "liveops", startCommand: "liveopsd start" };

/** @throws UsageError where none can be made */
function temporaryDirectory(): string {
  try {
    return mkdtempSync(join(tmpdir(), "liveops-run-"));
  } catch (error) {
    throw new UsageError(
      `no temporary directory can be made: ${(error as Error).message}`,
      "set TMPDIR to a directory that can be written",
    );
  }
}

/** Runs this same command line in a child; resolves with the exit code. */
export async function supervise(): Promise<number> {
  const dir = temporaryDirectory();
  const file = join(dir, "cancel");
  const name = basename(dir);
  const child = spawn(process.execPath, process.argv.slice(1), {
    stdio: ["inherit", "inherit", "inherit", "pipe"],
    env: {
      ...process.env,
      [CANCEL_VARIABLE]: file,
      [SUPERVISOR_VARIABLE]: String(process.pid),
      [RUN_VARIABLE]: name,
    },
  });
  const mark = `${RUN_VARIABLE}=${name}`;
  const sweep = new ProcessSweep(mark, child.pid === undefined ? null : processStat(child.pid));
  const guard = child.pid === undefined ? null : startGuard(child.pid, mark, dir);
  const looking = setInterval(() => sweep.look(), LOOK_MS);
  let gracePeriod = 10;
  let asked = 0;
  let killed: string | null = null;
  let timer: NodeJS.Timeout | undefined;
  const kill = (why: string) => {
    killed ??= why;
    // While the child lives: it tells what it started.
    sweep.lookEverywhere();
    child.kill("SIGKILL");
  };
  const stop = () => {
    if (++asked > 1) return;
    writeFileSync(file, "");
    sweep.lookEverywhere();
    child.kill("SIGTERM");
    const over = `it did not end within its grace period of ${gracePeriod} s`;
    timer = setTimeout(() => kill(over), gracePeriod * 1000 + MARGIN_MS);
  };
  const onSignal = () => (asked === 0 ? stop() : kill(""));
  const pipe = child.stdio[PIPE] as Readable;
  const told = new LineSplitter((line) => {
    const message = readFromChild(line);
    if (message === null) return;
    if ("unread" in message) stop();
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
    if (code === null || asked > 0) await sweep.kill();
    if (code !== null) return code;
    // It was still being loaded, and heard no signal yet.
    if (killed === null && asked > 0 && isStop(signal)) {
      say(TO, "cancelled");
      return EXIT.cancelled;
    }
    if (killed === null) {
      say(TO, `failed: the operation's process was ended by ${signal}`);
      return EXIT.failed;
    }
    say(TO, killed === "" ? "killed" : `cancelled, and killed: ${killed}`);
    return killed === "" ? EXIT.interrupted : EXIT.cancelled;
  } finally {
    clearTimeout(timer);
    clearInterval(looking);
    guard?.dismiss();
    for (const signal of SIGNALS) process.off(signal, onSignal);
    pipe.destroy();
    rmSync(dir, { recursive: true, force: true });
  }
}

function isStop(signal: string | null): boolean {
  return SIGNALS.some((each) => each === signal);
}
