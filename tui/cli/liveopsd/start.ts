/** `liveops start`. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { asWords, optionsOf, ownWords } from "../../../daemon/start-words.js";
import { layoutOf } from "../../../daemon/store/layout.js";
import { clientFor, mayFind } from "../../../protocol/client/find-daemon.js";
import { EXIT, type ExitCode } from "../../../protocol/exit-codes.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import { type LogLevel, logLevelFrom } from "../../../protocol/system/log-level.js";
import { until } from "../../../protocol/system/until.js";
import { shellLine } from "../../../protocol/text/shell-quote.js";
import {
  addDaemonCommand,
  allOptions,
  commandPlaces,
  everyday,
  reportTo,
} from "../../kit/options.js";
import { type ReportTo, say } from "../../kit/report.js";
import { type StartOptions, warnOfMissing, withDaemonFlags } from "./daemon-options.js";
import { FEATURE_OPTIONS } from "./feature-options.js";
import { runForeground, warnOf } from "./foreground.js";
import { launch } from "./launch.js";
import { startUnit, unitRunning, unitToUse } from "./manager.js";
import { answersElsewhere, answersOn, daemonNotStarted } from "./other-daemon.js";
import { versionProblems } from "./version-problems.js";

/** How long a daemon without its state directory may still answer, in ms. */
const END_MS = 5000;

/** Returns when the socket answers. A daemon that is already running is a success. */
async function runStart(options: StartOptions, to: ReportTo): Promise<ExitCode> {
  const places = await commandPlaces(options, process.env, "throw");
  const { socket, stateDir, config } = places;
  const logLevel = logLevelFrom(options.logLevel, process.env, config.logLevel);
  const client = clientFor(places, options);
  // Without a socket no daemon answers, and asking takes a tenth of the time of a start.
  let running = existsSync(socket) ? await answersOn(socket, stateDir) : null;
  // Where `launch` starts the process, it finds that daemon itself.
  const isAlone = options.foreground && process.send === undefined;
  if (running === null && isAlone && mayFind(options, process.env, config))
    running = await answersElsewhere(stateDir);
  if (running !== null && (await hasEnded(running))) running = null;
  warnOfMissing(options, to);
  const saysRunning = async (it: DaemonReply) => {
    checkStateDir(options, it, stateDir);
    const without = await untaken(options, logLevel, it);
    say(to, `already running (pid ${it.pid}, ${it.socket})${without}`, "yellow");
    await warnOfVersions(it, to);
    return EXIT.done;
  };
  if (running) return saysRunning(running);
  if (options.foreground) return runForeground(options, to);
  const unit = await unitToUse({ socket: options.socket, stateDir }, null, to);
  if (unit !== null) {
    const started = await startUnit(unit, "start", client, null);
    const { pid, socket: answersAt } = started;
    const without = await untaken(options, logLevel, started);
    process.stderr.write(
      `liveopsd: started (pid ${pid}) by ${unit.label}, answers on ${answersAt}${without}\n`,
    );
    return EXIT.done;
  }
  const { pid, ours, problems } = await launch(options, places);
  if (!ours) return saysRunning(await client.daemon());
  process.stderr.write(`liveopsd: started (pid ${pid}), answers on ${socket}\n`);
  warnOf(problems, to);
  return EXIT.done;
}

/**
 * Waits for the end of a daemon whose state directory was removed: it notices that within a second.
 */
async function hasEnded({ stateDir, socket, pid }: DaemonReply): Promise<boolean> {
  if (existsSync(layoutOf(stateDir).lock)) return false;
  return (
    (await until(async () => (await answersOn(socket, stateDir))?.pid !== pid, END_MS)) === true
  );
}

/** The daemon that answers must not be taken for the daemon of another state directory. */
function checkStateDir(options: StartOptions, running: DaemonReply, wanted: string): void {
  if (!options.stateDir && !process.env.LIVEOPS_STATE_DIR) return;
  if (running.stateDir === wanted) return;
  throw daemonNotStarted(
    `the daemon on ${running.socket} (pid ${running.pid}) keeps its state in ${running.stateDir}, not in ${wanted}; choose another --socket`,
  );
}

async function warnOfVersions(running: DaemonReply, to: ReportTo): Promise<void> {
  // Most daemons have this version: systemd is not asked.
  if (versionProblems(running, null).length === 0) return;
  for (const problem of versionProblems(running, await unitRunning(running)))
    say(to, problem, "yellow");
}

/** The options that the running daemon was started without, with the command that applies them. */
async function untaken(
  options: StartOptions,
  logLevel: LogLevel,
  running: DaemonReply,
): Promise<string> {
  const ops = (options.ops ?? []).filter((dir) => !running.opsDirs.includes(resolve(dir)));
  const words = ops.flatMap((dir) => ["--ops", dir]);
  if (options.concurrency !== undefined && options.concurrency !== running.concurrency) {
    words.push("--concurrency", String(options.concurrency));
  }
  const levelAsked = options.logLevel !== undefined || process.env.LIVEOPS_DEBUG !== undefined;
  if (levelAsked && logLevel !== running.logLevel) words.push("--log-level", logLevel);
  const values = new Map<string, unknown>(Object.entries(options));
  for (const [name, { isMissing }] of Object.entries(FEATURE_OPTIONS)) {
    const given = values.get(name);
    if (typeof given === "string" && isMissing?.(given, running)) words.push(`--${name}`, given);
  }
  if (options.paused) words.push("--paused");
  if (options.runQueued && running.copyOf !== null) words.push("--run-queued");
  if (words.length === 0) return "";
  const given = { ...options, ...(levelAsked && { logLevel }) };
  const unit = await unitRunning(running);
  const command =
    unit?.installLine(ownWords({ ...optionsOf(running), ...given })) ??
    shellLine(["liveops", "restart", ...asWords(given)]);
  return `, without ${words.join(" ")}; to apply, run: ${command}`;
}

export function registerStart(root: Command): void {
  const command = addDaemonCommand(
    root,
    "start",
    "Start the daemon; return when it answers",
    [
      "liveops start",
      "liveops start --ops ./ops --concurrency 4",
      "liveops start --foreground --log-level debug",
    ],
    "own-name",
  );
  withDaemonFlags(command)
    .option("--foreground", "Run in this process and also log to stderr")
    .action(async () => {
      process.exitCode = await runStart(allOptions<StartOptions>(command), reportTo(root));
    });
  everyday(command, ["--ops", "--concurrency", "--log-level", "--foreground"]);
}
