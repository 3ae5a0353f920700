/**
 * `liveops run` in two processes: the operation runs in a child, this one waits and answers Ctrl-C. A busy loop never
 * hears of a signal, so the first one leaves a file that it sees, and the second ends it whatever it does.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { say } from "../../../protocol/command/report.js";
import { EXIT } from "../../../protocol/exit-codes.js";

/** Names the cancel file; set in the child alone, which is told by it that it is the one. */
export const CANCEL_VARIABLE = "LIVEOPS_RUN_CANCEL";

/** Ctrl-C, a request to stop, and the terminal that went away. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const TO = { program: "liveops", startCommand: "liveopsd start" };

/** Runs this same command line in a child; resolves with the exit code. */
export async function supervise(): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), "liveops-run-"));
  const file = join(dir, "cancel");
  const child = spawn(process.execPath, process.argv.slice(1), {
    // The channel says nothing: the child hears by its end that this process is gone.
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, [CANCEL_VARIABLE]: file },
  });
  let signals = 0;
  const onSignal = () => {
    signals++;
    if (signals === 1) {
      writeFileSync(file, "");
      child.kill("SIGTERM");
    } else child.kill("SIGKILL");
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>(
      (resolve, reject) => {
        child.on("exit", (code, signal) => resolve({ code, signal }));
        child.on("error", reject);
      },
    );
    if (code !== null) return code;
    say(TO, signals > 1 ? "killed" : `failed: the operation's process was ended by ${signal}`);
    return signals > 1 ? EXIT.interrupted : EXIT.failed;
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    rmSync(dir, { recursive: true, force: true });
  }
}
