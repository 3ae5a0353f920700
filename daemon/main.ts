/**
 * The daemon's process: logs to a file in the state directory, stops on SIGTERM and SIGINT, and leaves running
 * operations to the next daemon. `liveopsd start` forks it; `--foreground` runs it in the command's own process.
 */
import { type Daemon, startDaemon } from "./daemon.js";
import { AlreadyRunningError } from "./held-places.js";
import { SocketTakenError } from "./listen.js";
import { openDaemonLog, sayOnStderr, sayToSystemLog } from "./log/daemon-log.js";
import { dropAllocator } from "./os/allocator.js";
import { ServiceNotifier } from "./os/service-notifier.js";
import { StateRemovedError } from "./recovery/state-guard.js";
import { type Settings, settingsFrom } from "./settings.js";
import { layoutOf } from "./store/layout.js";

export { BackupError } from "./backup/backup-error.js";
export { restore } from "./backup/restore.js";
export { backUpWithoutDaemon } from "./backup/without-daemon.js";
export { openFleetClient } from "./fleet/open-client.js";
export { examine } from "./recovery/doctor.js";
export { PlaceError } from "./store/directories.js";
export type { Settings };
export { AlreadyRunningError, type Daemon, settingsFrom, startDaemon };

/** Milliseconds after which a stopped daemon exits, even with open handles. */
const EXIT_MS = 2000;

/**
 * Runs the daemon until it is stopped.
 *
 * @param toStderr logs to stderr as well as to the file
 * @param onAnswers called once the socket answers; `logProblem`: why the log file cannot be written, or null; `copy`:
 * what to know of a copied state directory, or null
 */
export async function runDaemon(
  settings: Settings,
  toStderr: boolean,
  onAnswers: (found: { logProblem: string | null; copy: string | null }) => void,
): Promise<void> {
  // A daemon in the background is not the process that systemd started.
  const notifier = ServiceNotifier.take(process.env, process.pid);
  dropAllocator(process.env);
  const daemon = await startDaemon(settings, () =>
    openDaemonLog(
      layoutOf(settings.stateDir).log,
      settings.maxDaemonLog,
      settings.logLevel,
      toStderr,
      settings.traces !== null,
    ),
  );
  const { log, logProblem, copied } = daemon.context;
  // Relative paths are already resolved; with `/` as its directory the daemon keeps no file system mounted.
  process.chdir("/");
  const stop = (signal: string) => {
    daemon.context.audit.record({
      action: "stop",
      request: null,
      ids: [],
      details: { signal },
      result: "done",
    });
    void daemon.stop();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  // The daemon outlives the terminal that started it.
  process.on("SIGHUP", () => {});
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "internal error (a bug in liveops)");
    sayOnStderr(`stopped by an internal error (a bug in liveops): ${error.stack ?? error.message}`);
    process.exit(70);
  });
  onAnswers({ logProblem: logProblem(), copy: copied.describe() });
  if (toStderr) startNotifier(notifier, daemon);
  // The disk failed: nothing more may be acknowledged, and the next daemon starts from the durable state.
  await daemon.stopped.catch((error: Error) => {
    const why = `stopped: ${whyStopped(error, settings.stateDir)}`;
    sayOnStderr(why);
    if (error instanceof StateRemovedError) sayToSystemLog(why);
    process.exit(70);
  });
  // Unread lines on stderr would keep the process alive.
  setTimeout(() => process.exit(), EXIT_MS).unref();
}

/** Why the daemon stopped by itself, and what to do next. */
function whyStopped(error: Error, stateDir: string): string {
  if (error instanceof StateRemovedError || error instanceof SocketTakenError) return error.message;
  return (
    `the state directory ${stateDir} cannot be written: ${error.message}; ` +
    "running operations continue; check the disk, then: liveopsd start"
  );
}

function startNotifier(notifier: ServiceNotifier | null, { context, stopBegun, stopped }: Daemon): void {
  if (!notifier) return;
  const { log, store } = context;
  notifier.start({
    status: () => {
      const { queued, running } = store.counts();
      return `${running} running, ${queued} queued`;
    },
    waitingMs: () => store.waitingMs,
    onFailure: (message) => log.warn(message),
  });
  void stopBegun.then(() => notifier.stopping());
  const end = () => notifier.end();
  stopped.then(end, end);
}
