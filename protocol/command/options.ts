/**
 * What every command of `liveops` and `liveopsd` has: `--socket`, `--state-dir`, `--help` with examples,
 * `--version`, and one way of saying wrong usage (exit 2).
 */
import { Command, CommanderError } from "commander";
import { EXIT } from "../exit-codes.js";
import { VERSION } from "../version.js";
import { paintFor } from "./colour.js";
import { type CommandPlaces, commandPlaces, type GlobalOptions, startCommand } from "./daemon-address.js";
import { type ReportTo, report } from "./report.js";
import { sanitize } from "./sanitize.js";

export { type CommandPlaces, commandPlaces, type GlobalOptions, startCommand };

/** The command line's root. Options before the command's name are the root's, after it the command's. */
export function rootCommand(name: string, description: string): Command {
  const root = new Command(name)
    .description(description)
    .helpCommand("help [command]", "Show the help of a command")
    .exitOverride()
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      outputError: (text, write) => {
        const prefix = paintFor(process.stderr)("red", `${name}:`);
        write(sanitize(text, { newlines: true }).replace(/^error: /, `${prefix} `));
      },
    });
  return withGlobals(root, `Try: ${name} --help`);
}

const examplesByCommand = new WeakMap<Command, string[]>();

/** The examples under the help of a command. */
export function examplesOf(command: Command): string[] {
  return examplesByCommand.get(command) ?? [];
}

/** Adds a command with the options all have, and its examples under its help. */
export function addCommand(root: Command, usage: string, description: string, examples: string[]): Command {
  const command = root.command(usage).description(description);
  examplesByCommand.set(command, examples);
  const lines = examples.map((example) => `  $ ${example}`).join("\n");
  command.addHelpText("after", `\nExamples:\n${lines}`);
  return withGlobals(command, `Try: ${root.name()} ${command.name()} --help`);
}

function withGlobals(command: Command, help: string): Command {
  return command
    .option("--socket <path>", "Socket of the daemon")
    .option("--state-dir <dir>", "State directory of the daemon")
    .version(VERSION, "--version", "Print the version")
    .helpOption("-h, --help", "Show this help")
    .showHelpAfterError(help);
}

/** The command's own options over those given before its name. */
export function allOptions<T extends GlobalOptions>(command: Command): T {
  return { ...command.parent?.opts(), ...command.opts() } as T;
}

/** Parses and runs; sets the exit code and returns, so that all output is out before the process ends. */
export async function runRoot(root: Command, argv: string[]): Promise<void> {
  try {
    await root.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
      return;
    }
    process.exitCode = report(error, reportTo(root));
  }
}

/** Where messages of this command line go, and what it says of starting the daemon. */
export function reportTo(root: Command): ReportTo {
  const given = root.commands.map((command) => command.opts<GlobalOptions>());
  const options = Object.assign({}, root.opts<GlobalOptions>(), ...given);
  return { program: root.name(), startCommand: startCommand(options), options };
}
