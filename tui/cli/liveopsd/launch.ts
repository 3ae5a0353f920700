/**
 * Starts the daemon in the background and waits until the daemon answers, or reports why it does
 * not.
 */
import { spawn } from "node:child_process";
import { asWords, type DaemonOptions } from "../../../daemon/start-words.js";
import type { CommandPlaces } from "../../../protocol/client/daemon-address.js";
import { NoAnswerError } from "../../../protocol/client/errors.js";
import { mayFind } from "../../../protocol/client/find-daemon.js";
import { EXIT } from "../../../protocol/exit-codes.js";
import { DaemonAbortedError, UsageError } from "../../../protocol/failures.js";
import { daemonScript } from "../../../protocol/system/package-place.js";
import type { LaunchReport } from "./foreground.js";
import { daemonNotStarted, OTHER_MS, otherDaemon } from "./other-daemon.js";

/** A small young generation saves 3 MB and costs the daemon no measurable time. */
export const NODE_FLAGS = ["--max-semi-space-size=2"];

/**
 * glibc returns free memory to the system from this size on. Its own limit grows with each large
 * block, which keeps 4 MB of the start in an idle daemon. No process that the daemon starts
 * inherits the variable.
 */
export const NODE_VARIABLES = { MALLOC_TRIM_THRESHOLD_: "131072" };

/**
 * The daemon that answers now. `ours`: this call started it, not another start at the same time.
 */
interface Launched {
  pid: number;
  ours: boolean;
  /** What the start has found wrong. */
  problems: string[];
}

/** Milliseconds within which a started daemon must answer: a large state takes seconds to read. */
const START_MS = 60_000;

/** Characters of stderr that are shown if the daemon ended instead of answering. */
const MAX_SAID = 4096;

/**
 * @throws UsageError for an unusable state directory or socket; Refusal if another daemon holds one
 * of them
 */
export async function launch(
  options: DaemonOptions,
  { socket, config }: CommandPlaces,
): Promise<Launched> {
  const words = [daemonScript(process.argv[1]!), "start", "--foreground", ...asWords(options)];
  const child = spawn(process.execPath, [...NODE_FLAGS, ...words], {
    detached: true,
    env: { ...NODE_VARIABLES, ...process.env },
    // stderr is read until the daemon answers. Later writes are lost and do not end the daemon.
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let stderr = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(0, MAX_SAID);
  });
  const report = await new Promise<LaunchReport>((resolve, reject) => {
    setTimeout(() => reject(new NoAnswerError(socket, START_MS)), START_MS).unref();
    child.once("message", (message) => resolve(message as LaunchReport));
    child.once("error", (error) =>
      resolve({ type: "failed", message: error.message, code: EXIT.fault }),
    );
    child.once("close", (code, signal) => {
      // Node aborts itself: no code of the daemon can tell.
      if (signal === "SIGABRT") reject(aborted(stderr));
      resolve(
        // The process found that another daemon already answers: it lost the race early.
        code === EXIT.done
          ? { type: "taken", message: "another daemon was started at the same time", owner: null }
          : {
              type: "failed",
              message: `its process ended with ${signal ?? `exit code ${code}`}: ${stderr.trim() || "no message on stderr"}; liveops start --foreground shows more`,
              code: EXIT.fault,
            },
      );
    });
  });
  child.stderr!.destroy();
  child.unref();
  if (child.connected) child.disconnect();
  if (report.type === "answers") {
    const { pid, problems } = report;
    return { pid, ours: true, problems };
  }
  if (report.type === "taken") {
    const { pid } = await otherDaemon(
      socket,
      report,
      OTHER_MS,
      mayFind(options, process.env, config),
    );
    return { pid, ours: false, problems: [] };
  }
  if (report.code === EXIT.usage) throw new UsageError(report.message);
  if (report.code === EXIT.refused) throw daemonNotStarted(report.message);
  throw new Error(`the daemon did not start: ${report.message}`);
}

function aborted(stderr: string): DaemonAbortedError {
  const [said = "no message on stderr"] = stderr.trim().split("\n").filter(Boolean);
  return new DaemonAbortedError(
    `the daemon did not start: the system gave its process no thread or no memory (SIGABRT: ${said}); ` +
      "raise the limit of processes (ulimit -u) or free memory, then: liveops start",
  );
}
