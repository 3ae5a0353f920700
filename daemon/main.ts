/**
 * The daemon's process: logs to a file in the state directory, stops on SIGTERM and SIGINT, and
 * leaves running operations to the next daemon. `liveops start` forks it; `--foreground` runs it in
 * the command's own process.
 */
import { type Daemon, startDaemon } from "./daemon.js";
import { problemsOf } from "./http/routes/daemon.js";
import { openDaemonLog, sayOnStderr, sayToSystemLog } from "./log/daemon-log.js";
import { ServiceNotifier } from "./os/service-notifier.js";
import { StateRemovedError } from "./recovery/state-guard.js";
import { type Settings, settingsFrom } from "./settings.js";
import { AlreadyRunningError } from "./socket/held-places.js";
import { SocketTakenError } from "./socket/listen.js";
import { isOfSystem } from "./store/durable-file.js";
import { layoutOf } from "./store/layout.js";

export { PlaceError } from "./store/directories.js";
export type { Settings };
export { AlreadyRunningError, type Daemon, settingsFrom, startDaemon };

/** Milliseconds after which a stopped daemon exits, even with open handles. */
const EXIT_MS = 2000;

/**
 * Runs the daemon until it is stopped.
 *
 * @param toStderr logs to stderr as well as to the file
 * @param onAnswers called once the socket answers, with what the start found wrong
 */
export async function runDaemon(
  settings: Settings,
  toStderr: boolean,
  onAnswers: (problems: string[]) => void,
): Promise<void> {
  // A daemon in the background is not the process that systemd started.
  const notifier = ServiceNotifier.take(process.env, process.pid);
  // The daemon outlives the terminal that started it.
  process.on("SIGHUP", () => {});
  const daemon = await startDaemon(settings, () =>
    openDaemonLog(layoutOf(settings.stateDir).log, settings.logLevel, toStderr),
  );
  const { log } = daemon.context;
  // Relative paths are already resolved; with `/` as its directory the daemon keeps no file system
  // mounted.
  process.chdir("/");
  const stop = () => void daemon.stop();
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("uncaughtException", (error) => {
    if (isOfSystem(error)) {
      log.fatal({ err: error }, "the state directory could not be read or written; stopping");
      sayOnStderr(`stopped: ${whyStopped(error, settings.stateDir)}`);
      process.exit(70);
    }
    log.fatal({ err: error }, "internal error (a bug in liveops)");
    sayOnStderr(`stopped by an internal error (a bug in liveops): ${error.stack ?? error.message}`);
    process.exit(70);
  });
  onAnswers(problemsOf(daemon.context));
  if (toStderr) startNotifier(notifier, daemon);
  // The disk failed: nothing more may be acknowledged, and the next daemon starts from the durable
  // state.
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
    `the state directory ${stateDir} cannot be read or written: ${error.message}; ` +
    "running operations continue; check the disk, then: liveops start"
  );
}

function startNotifier(
  notifier: ServiceNotifier | null,
  { context, stopBegun, stopped }: Daemon,
): void {
  if (!notifier) return;
  const { log, store } = context;
  notifier.start({
    status: () => {
      const { queued, running, toAnswer } = store.ledger.withAsking(store.counts("none"));
      return `${running} running, ${queued} queued, ${toAnswer} to answer`;
    },
    waitingMs: () => store.waitingMs,
    onFailure: (message) => log.warn(message),
  });
  void stopBegun.then(() => notifier.stopping());
  const end = () => notifier.end();
  stopped.then(end, end);
}
