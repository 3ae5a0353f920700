/**
 * The daemon's process: logs to the state dir's file, stops on SIGTERM and SIGINT, and leaves running operations to
 * the next daemon. `liveopsd start` forks it; `--foreground` runs it in the command's own process.
 */
import pino from "pino";
import { openOwnFile } from "../protocol/own-file.js";
import { AlreadyRunningError, type Daemon, startDaemon } from "./daemon.js";
import { ServiceNotifier } from "./process/service-notifier.js";
import type { Settings } from "./settings.js";
import { settingsFrom } from "./settings.js";
import { layoutOf } from "./store/layout.js";

export { BackupError } from "./backup/backup-error.js";
export { restore } from "./backup/restore.js";
export { backUpWithoutDaemon } from "./backup/without-daemon.js";
export { examine } from "./doctor.js";
export { PlaceError } from "./store/directories.js";
export type { Settings };
export { AlreadyRunningError, type Daemon, settingsFrom, startDaemon };

/** Runs until it is stopped. `toStderr`: logs there as well as to the file; `onAnswers`: the socket answers. */
export async function runDaemon(settings: Settings, toStderr: boolean, onAnswers: () => void): Promise<void> {
  // A daemon in the background is not the process that systemd started.
  const notifier = ServiceNotifier.take(process.env, process.pid);
  const daemon = await startDaemon(settings, () => openLog(settings, toStderr));
  const { log } = daemon.context;
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
    process.exit(70);
  });
  onAnswers();
  if (toStderr) startNotifier(notifier, daemon);
  // Its disk failed it: nothing may be acknowledged any more, and the next daemon starts from what is durable.
  await daemon.stopped.catch((error: Error) => {
    process.stderr.write(`liveopsd: stopped: ${error.message}\n`);
    process.exit(70);
  });
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

/** Whether it can be written is known at once; what writes it is made for the first line, after the daemon answers. */
function openLog(settings: Settings, toStderr: boolean): pino.Logger {
  const fd = openOwnFile(layoutOf(settings.stateDir).log);
  return whenUsed(() => logTo(fd, toStderr));
}

function logTo(fd: number, toStderr: boolean): pino.Logger {
  const file = pino.destination({ dest: fd, sync: true });
  // A line for which the disk has no room waits for the next one; without a listener it would end the daemon.
  file.on("error", () => {});
  const streams: pino.StreamEntry[] = [{ stream: file }];
  if (toStderr) streams.push({ stream: pino.destination({ dest: 2, sync: true }) });
  return pino(
    { base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.multistream(streams),
  );
}

function whenUsed(make: () => pino.Logger): pino.Logger {
  let made: pino.Logger | undefined;
  return new Proxy({} as pino.Logger, {
    get: (_, name) => {
      made ??= make();
      const value: unknown = Reflect.get(made, name);
      return typeof value === "function" ? value.bind(made) : value;
    },
  });
}
