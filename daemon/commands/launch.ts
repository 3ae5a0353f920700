/** Forks the daemon into the background and waits until it answers, or says why it does not. */
import { spawn } from "node:child_process";
import { Client } from "../../protocol/client/client.js";
import { UsageError } from "../../protocol/command/failures.js";
import { Refusal } from "../../protocol/errors.js";
import { EXIT } from "../../protocol/exit-codes.js";
import { answering } from "./answering.js";
import { asWords, type DaemonOptions } from "./daemon-options.js";
import type { LaunchReport } from "./foreground.js";
import { until } from "./until.js";

/** How long another daemon, found holding the locks, may take until it answers. */
const OTHER_MS = 15_000;

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
          ? { type: "taken", message: "another daemon was started at the same time" }
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
  if (report.type === "taken") return otherDaemon(socket, report.message);
  if (report.code === EXIT.usage) throw new UsageError(report.message);
  throw new Error(`the daemon did not start: ${report.message}`);
}

/** Lost a race: the winner is about to answer here. Or the state dir belongs to a daemon on another socket. */
async function otherDaemon(socket: string, message: string): Promise<Launched> {
  const client = new Client(socket);
  const running = await until(() => answering(client), OTHER_MS);
  if (running) return { pid: running.pid, ours: false };
  throw new Refusal(
    "LIVEOPS_WRONG_STATE",
    `${message}, and none answers on ${socket}; name its socket with --socket, or stop it`,
  );
}
