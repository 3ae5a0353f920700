/**
 * `autostart`: a command that acts and finds no daemon starts it, with `liveops start`. What only
 * asks starts none.
 *
 * Two commands at the same time may both start one. The lock of the state directory decides, and
 * the other start reports the daemon that won.
 */
import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { UsageError } from "../failures.js";
import { sanitize } from "../text/sanitize.js";
import { type CommandPlaces, type GlobalOptions, startCommand } from "./daemon-address.js";
import { NoDaemonError } from "./errors.js";

type Env = Record<string, string | undefined>;

/** The start that a command made failed. The command has the exit code of the start. */
export class StartFailedError extends NoDaemonError {
  static override kind = "StartFailedError";

  constructor(
    socket: string,
    startLine: string,
    /** What the start wrote. */
    said: string,
    readonly exitCode: ExitCode,
  ) {
    super(socket, "not started", startLine);
    this.message = `the daemon was not started (autostart): ${said}`;
  }
}

/** Set in the processes of an operation, which end with it, and a daemon of theirs too. */
const OF_OPERATION = ["LIVEOPS_WORKER", "LIVEOPS_RUN"];

/**
 * Starts the daemon; null if a command may not.
 *
 * @throws UsageError if `LIVEOPS_AUTOSTART` has no valid value
 */
export function autostart(
  { socket, config }: CommandPlaces,
  options: GlobalOptions,
  env: Env = process.env,
): (() => Promise<void>) | null {
  const isOn = fromEnvironment(env.LIVEOPS_AUTOSTART) ?? config.autostart ?? true;
  if (!isOn || OF_OPERATION.some((name) => env[name])) return null;
  return () => start(socket, options);
}

function fromEnvironment(value: string | undefined): boolean | null {
  if (value === undefined || value === "") return null;
  if (value === "1" || value === "0") return value === "1";
  throw new UsageError(`LIVEOPS_AUTOSTART=${value} is not valid`, "set it to 1 or 0, or unset it");
}

async function start(socket: string, options: GlobalOptions): Promise<void> {
  const words = [
    ...(options.stateDir === undefined ? [] : ["--state-dir", options.stateDir]),
    ...(options.socket === undefined ? [] : ["--socket", options.socket]),
  ];
  const { code, said } = await run([binOfDaemon(), "start", ...words]);
  const lines = said.split("\n").filter((line) => line !== "");
  if (code === EXIT.done) {
    // Another command was first, and has reported its start.
    for (const line of lines.filter((each) => !each.startsWith("liveopsd: already running")))
      process.stderr.write(`${line}\n`);
    return;
  }
  const why = lines.map((line) => line.replace(/^liveopsd: /, "")).join("\n");
  throw new StartFailedError(socket, startCommand(options), why || `exit code ${code}`, code);
}

/** The bin beside that of this command, whatever link led to it. */
function binOfDaemon(): string {
  return join(dirname(realpathSync(process.argv[1]!)), "liveopsd.cjs");
}

/** Most characters that are kept of what the start wrote. */
const MAX_SAID = 4096;

function run(words: string[]): Promise<{ code: ExitCode; said: string }> {
  // Loaded only here: the usual command finds a daemon.
  const { spawn } = process.getBuiltinModule("node:child_process");
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, words, { stdio: ["ignore", "ignore", "pipe"] });
    let output = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(0, MAX_SAID);
    });
    child.once("error", reject);
    child.once("close", (code) =>
      resolve({
        code: (code ?? EXIT.fault) as ExitCode,
        said: sanitize(output.trim(), { newlines: true }),
      }),
    );
  });
}
