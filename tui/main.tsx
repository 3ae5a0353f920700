/**
 * `liveops-tui`: reads the command line and shows the dashboard. Restores the terminal at every
 * exit: q, Ctrl-C, a signal, an internal error.
 */
// Before Ink.
import "./no-fetch.js";
import { writeSync } from "node:fs";
import { askNothing } from "../protocol/client/address.js";
import { Client } from "../protocol/client/client.js";
import {
  type CommandPlaces,
  commandPlaces,
  type GlobalOptions,
} from "../protocol/client/daemon-address.js";
import { UnreachableError } from "../protocol/client/errors.js";
import { clientFor, starterFor, startIfNone } from "../protocol/client/find-daemon.js";
import { EXIT } from "../protocol/exit-codes.js";
import { UsageError } from "../protocol/failures.js";
import { SETTINGS } from "../protocol/system/config-settings.js";
import { type Arguments, tuiCommand } from "./dashboard/arguments.js";
import { type Program, type Shown, startDashboard } from "./dashboard/program.js";
import { TAKEN_BACK } from "./dashboard/terminal/integration.js";
import { TerminalOutput } from "./dashboard/terminal/output.js";
import { textMode } from "./dashboard/text-mode.js";
import { lookedFile } from "./describe/looked.js";
import { runRoot } from "./kit/options.js";
import { READERS } from "./readers.js";

/**
 * Leaves the alternate screen, shows the cursor and ends bracketed paste. Harmless where nothing
 * was set.
 */
const RESTORE = `\x1b[m\x1b[?2026l\x1b[?2004l\x1b[?1049l\x1b[?25h${TAKEN_BACK}`;

/** Longest wait for the terminal after a signal, in ms. */
const CLOSE_MS = 1000;

const { stdin, stdout, stderr, env } = process;
let program: Program | null = null;

function say(line: string): void {
  stderr.write(`${line}\n`);
}

/** Restores the terminal, whatever the state of Ink, then prints the error. */
function fault(error: unknown): never {
  try {
    program?.close(EXIT.fault);
  } catch {
    // The code below restores the terminal without Ink.
  }
  if (program !== null) {
    try {
      stdin.setRawMode?.(false);
      writeSync(stdout.fd, RESTORE);
    } catch {
      // The terminal is gone.
    }
  }
  try {
    writeSync(
      stderr.fd,
      `liveops-tui: internal error (a bug in liveops)\n${error instanceof Error ? error.stack : String(error)}\n`,
    );
  } catch {
    // stderr is closed: nobody can read the error.
  }
  process.exit(EXIT.fault);
}

/** The reason why the dashboard cannot be drawn, or null. */
function noScreen(): string | null {
  if (!stdout.isTTY) return "stdout is not a terminal";
  if (!stdin.isTTY) return "stdin is not a terminal";
  if (env.TERM === "dumb") return "the terminal cannot draw a screen (TERM=dumb)";
  return null;
}

function flagsOf({ socket, stateDir, remote }: Arguments): GlobalOptions {
  return {
    remote,
    socket,
    stateDir,
  };
}

const isOn = (value: string | undefined) =>
  value !== undefined && !["", "0", "false", "no"].includes(value);

const readsAloud = (args: Arguments) =>
  args.screenReader || isOn(env.LIVEOPS_SCREEN_READER) || isOn(env.INK_SCREEN_READER);

function orFault(error: unknown): never {
  if (error instanceof UsageError) throw error;
  return fault(error);
}

/** Resolves with the exit code. */
async function show(args: Arguments, places: CommandPlaces, client: Client): Promise<number> {
  const { socket, config } = places;
  const stateDir = args.remote === undefined ? places.stateDir : null;
  const [readAloud] = READERS;
  if (readAloud !== undefined && readsAloud(args))
    return readAloud({
      stdin,
      stdout,
      socket,
      stateDir,
      client,
      id: args.id,
      flags: flagsOf(args),
      allow: config.env?.allow,
    });
  const why = noScreen();
  if (why !== null) return textMode({ args, client, why, say });

  return onScreen({ socket, stateDir, client, id: args.id, flags: flagsOf(args) }, places);
}

async function onScreen(of: Shown, { config, stateDir }: CommandPlaces): Promise<number> {
  const output = new TerminalOutput(stdout);
  output.on("error", () => {});
  program = startDashboard({
    stdin,
    stdout: output as unknown as NodeJS.WriteStream,
    env,
    ...of,
    lookedFile: lookedFile(stateDir, of.socket),
    alert: config.alert ?? SETTINGS.alert.default,
    allow: config.env?.allow,
    theme: config.theme,
    keys: config.keys,
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      // Nobody reads the terminal: each call that puts it back would wait, and so would an exit.
      const stuck = setTimeout(() => process.kill(process.pid, "SIGKILL"), CLOSE_MS);
      output.write("", () => {
        clearTimeout(stuck);
        program!.close(EXIT.interrupted);
      });
    });
  const { code, message } = await program.done;
  if (message !== null) say(`liveops-tui: ${message}`);
  return code;
}

process.on("uncaughtException", fault);
process.on("unhandledRejection", fault);
// A closed terminal raises SIGHUP, which ends the program. Writes after that fail here.
for (const stream of [stdout, stderr]) stream.on("error", () => {});
const command = tuiCommand(async (args) => {
  if (args.remote !== undefined) {
    // A person may be asked for a password now, and for nothing once the screen is drawn.
    await new Client(args.remote).daemon().catch((error: unknown) => {
      // The dashboard waits for a daemon that is not started yet, as it does on this machine.
      if (!(error instanceof UnreachableError && error.kind === "no-daemon")) throw error;
    });
    askNothing();
  }
  // As text, `liveops watch` reports an invalid config file.
  const isText = !readsAloud(args) && noScreen() !== null;
  const places = await commandPlaces(flagsOf(args), env, isText ? "ignore" : "warn");
  const client = clientFor(places, flagsOf(args));
  // Before anything is drawn, so that a failure is printed as that of any command. As text, it only
  // asks.
  const start = isText ? null : starterFor(places, flagsOf(args));
  if (start !== null) await startIfNone(client, start);
  process.exitCode = await show(args, places, client).catch(orFault);
});
runRoot(command, process.argv.slice(2)).then(() => process.exit(), fault);
