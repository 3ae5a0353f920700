/**
 * The daemon's process: logs to the state dir's file, stops on SIGTERM and SIGINT, and leaves running operations to
 * the next daemon. `liveopsd start` forks it; `--foreground` runs it in the command's own process.
 */
import { type Daemon, startDaemon } from "./daemon.js";
import { AlreadyRunningError } from "./held-places.js";
import { SocketTakenError } from "./listen.js";
import { openDaemonLog, sayOnStderr } from "./log/daemon-log.js";
import { dropAllocator } from "./os/allocator.js";
import { ServiceNotifier } from "./os/service-notifier.js";
import { StateRemovedError } from "./recovery/state-guard.js";
import { type Settings, settingsFrom } from "./settings.js";
import { layoutOf } from "./store/layout.js";

export { BackupError } from "./backup/backup-error.js";
export { restore } from "./backup/restore.js";
export { backUpWithoutDaemon } from "./backup/without-daemon.js";
export { examine } from "./recovery/doctor.js";
export { PlaceError } from "./store/directories.js";
export type { Settings };
export { AlreadyRunningError, type Daemon, settingsFrom, startDaemon };

/** Milliseconds after which a stopped daemon ends, whatever is still open. */
const EXIT_MS = 2000;

/**
 * Runs until it is stopped.
 *
 * @param toStderr logs there as well as to the file
 * @param onAnswers the socket answers; `logProblem`: why the log file cannot be written, null where it can
 */
export async function runDaemon(
  settings: Settings,
  toStderr: boolean,
  onAnswers: (logProblem: string | null) => void,
): Promise<void> {
  // A daemon in the background is not the process that systemd started.
  const notifier = ServiceNotifier.take(process.env, process.pid);
  dropAllocator(process.env);
  const daemon = await startDaemon(settings, () =>
    openDaemonLog(layoutOf(settings.stateDir).log, settings.maxDaemonLog, settings.logLevel, toStderr),
  );
  const { log, logProblem } = daemon.context;
  // Relative places are resolved by now; the directory it was started in may be unmounted.
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
  // The terminal that started it may go; the daemon stays.
  process.on("SIGHUP", () => {});
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "a fault in liveopsd");
    sayOnStderr(`stopped by a fault in liveops: ${error.stack ?? error.message}`);
    process.exit(70);
  });
  onAnswers(logProblem());
  if (toStderr) startNotifier(notifier, daemon);
  // Its disk failed it: nothing may be acknowledged any more, and the next daemon starts from what is durable.
  await daemon.stopped.catch((error: Error) => {
    sayOnStderr(`stopped: ${whyStopped(error, settings.stateDir)}`);
    process.exit(70);
  });
  // Lines that wait for a reader of stderr would keep the process.
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
