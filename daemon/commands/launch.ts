/** Forks the daemon into the background and waits until it answers, or says why it does not. */
import { spawn } from "node:child_process";
import { UsageError } from "../../protocol/command/failures.js";
import { EXIT } from "../../protocol/exit-codes.js";
import { asWords, type DaemonOptions } from "./daemon-options.js";
import type { LaunchReport } from "./foreground.js";
import { notStarted, OTHER_MS, otherDaemon } from "./other-daemon.js";

/** A small nursery costs the daemon no time that can be measured, and 3 MB less. */
const NODE_FLAGS = ["--max-semi-space-size=2"];

/** The daemon that answers now. `ours`: this call started it; another one may have been started at the same time. */
export interface Launched {
  pid: number;
  ours: boolean;
}

/** @throws UsageError for a place that cannot be used; Refusal where another daemon is in the way */
export async function launch(options: DaemonOptions, socket: string): Promise<Launched> {
  const words = [process.argv[1]!, "start", "--foreground", ...asWords(options)];
  const child = spawn(process.execPath, [...NODE_FLAGS, ...words], {
    detached: true,
    // Nothing of ours: a daemon that writes to a pipe nobody reads any more would die of it.
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    env: process.env,
  });
  const report = await new Promise<LaunchReport>((resolve) => {
    child.once("message", (message) => resolve(message as LaunchReport));
    child.once("error", (error) => resolve({ type: "failed", message: error.message, code: EXIT.fault }));
    child.once("exit", (code, signal) =>
      resolve(
        // It found another one answering by then: a race lost early.
        code === EXIT.done
          ? { type: "taken", message: "another daemon was started at the same time", holder: null }
          : {
              type: "failed",
              message: `it ended with ${signal ?? `exit code ${code}`}; liveopsd start --foreground shows why`,
              code: EXIT.fault,
            },
      ),
    );
  });
  child.unref();
  if (child.connected) child.disconnect();
  if (report.type === "answers") return { pid: report.pid, ours: true };
  if (report.type === "taken") return { pid: (await otherDaemon(socket, report, OTHER_MS)).pid, ours: false };
  if (report.code === EXIT.usage) throw new UsageError(report.message);
  if (report.code === EXIT.refused) throw notStarted(report.message);
  throw new Error(`the daemon did not start: ${report.message}`);
}
