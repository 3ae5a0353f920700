/**
 * Common parts of every command of `liveops` and `liveopsd`: `--socket`, `--state-dir`, `--host`,
 * `--help` with examples, `--version`, and the report of wrong usage (exit 2).
 */
import { Command, CommanderError, Help, type Option } from "commander";
import { closeRemotes } from "../../protocol/client/address.js";
import {
  commandPlaces,
  type GlobalOptions,
  startCommand,
} from "../../protocol/client/daemon-address.js";
import { EXIT } from "../../protocol/exit-codes.js";
import { paintFor } from "../../protocol/text/colour.js";
import { sanitize } from "../../protocol/text/sanitize.js";
import { VERSION } from "../../protocol/version.js";
import { addHostOption, type HostUse, markOfDaemon, readHostOption } from "./host-option.js";
import { type ReportTo, report } from "./report.js";

export { commandPlaces, type GlobalOptions };

const GLOBAL_OPTIONS = "Global options:";

/** Creates the root of a command line. Options before the command's name belong to the root. */
export function rootCommand(name: string, description: string): Command {
  const root = new Command(name)
    .description(description)
    .helpCommand("help [command]", "Show the help of a command")
    .exitOverride()
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .configureHelp({
      showGlobalOptions: false,
      // Commander shows options in the order in which they were added, and the common ones are
      // added first.
      visibleOptions: (command) =>
        optionsOf(command).filter((option) => showsAll || !isAdvanced(option)),
      groupItems(all, visible, groupOf) {
        const isOption = visible.some((item) => isGlobal(item as Option));
        return new Help().groupItems(isOption ? [] : all, visible, groupOf);
      },
    })
    .configureOutput({
      outputError: (text, write) => {
        const prefix = paintFor(process.stderr)("red", `${name}:`);
        write(sanitize(text, { newlines: true }).replace(/^error: /, `${prefix} `));
      },
    });
  return withGlobals(root, `Try: ${name} --help`);
}

const ADVANCED_OPTIONS = "Advanced options:";

/** The help of a command has the options that few need too. */
let showsAll = false;

/** Removes the word from `submit --help all`, which asks for the help with all options. */
export function takeAll(words: string[]): string[] {
  showsAll = words.at(-1) === "all" && /^(-h|--help)$/.test(words.at(-2) ?? "");
  return showsAll ? words.slice(0, -1) : words;
}

/** Leaves the command's other options to `--help all`, under a heading of their own. */
export function everyday(command: Command, names: readonly string[]): Command {
  for (const option of command.options)
    if (!option.helpGroupHeading && !names.includes(option.long!))
      option.helpGroup(ADVANCED_OPTIONS);
  const others = command.options.filter(isAdvanced).length;
  return command.addHelpText("after", () =>
    showsAll ? "" : `\n--help all has ${others} more options.`,
  );
}

/** Whether the option is one that few need. */
export function isAdvanced({ helpGroupHeading }: Option): boolean {
  return helpGroupHeading === ADVANCED_OPTIONS;
}

/** Those of every day, the advanced ones, then those that all commands have. */
export function optionsOf(command: Command): Option[] {
  const last = [ADVANCED_OPTIONS, GLOBAL_OPTIONS];
  const rank = ({ helpGroupHeading }: Option) => last.indexOf(helpGroupHeading ?? "");
  return new Help().visibleOptions(command).toSorted((a, b) => rank(a) - rank(b));
}

/** Whether the option is one of those that all commands have. */
export function isGlobal({ helpGroupHeading }: Option): boolean {
  return helpGroupHeading === GLOBAL_OPTIONS;
}

const examplesByCommand = new WeakMap<Command, string[]>();

/** The examples in the help of a command. */
export function examplesOf(command: Command): string[] {
  return examplesByCommand.get(command) ?? [];
}

/**
 * Adds a command with the common options, and its examples at the end of its help.
 *
 * @param host - what the command does with `--host`; default: that of the command above
 */
export function addCommand(
  root: Command,
  usage: string,
  description: string,
  examples: string[],
  host?: HostUse,
): Command {
  return withHelp(root.command(usage).description(description), examples, host);
}

/** As `addCommand`, for a command on the daemon itself: `liveops` and `liveopsd` share these. */
export function addDaemonCommand(
  ...[root, usage, description, ...rest]: Parameters<typeof addCommand>
): Command {
  const command = root.command(usage).description(description);
  markOfDaemon(command);
  return withHelp(command, ...rest);
}

function withHelp(command: Command, examples: string[], host?: HostUse): Command {
  const root = command.parent!;
  examplesByCommand.set(command, examples);
  const lines = examples.map((example) => `  $ ${example}`).join("\n");
  command.addHelpText("after", `\nExamples:\n${lines}`);
  const above = root.parent === null ? root.name() : `${root.parent.name()} ${root.name()}`;
  return withGlobals(command, `Try: ${above} ${command.name()} --help`, host);
}

function withGlobals(command: Command, help: string, host?: HostUse): Command {
  command.optionsGroup(GLOBAL_OPTIONS);
  addHostOption(command, host);
  command
    .option("--socket <path>", "Socket of the daemon")
    .option("--state-dir <dir>", "State directory of the daemon")
    .version(VERSION, "--version", "Print the version")
    .helpOption("-h, --help", "Show this help")
    .showHelpAfterError(help);
  // Options that are added from here on are the command's own.
  return command.optionsGroup("");
}

/** The options of the command line: the command's own override those before its name. */
export function allOptions<T extends GlobalOptions>(command: Command): T {
  const before = command.parent ? allOptions(command.parent) : {};
  return { ...before, ...command.opts() } as T;
}

/**
 * Parses and runs a command. Sets the exit code and returns, so that all output is written before
 * the process ends.
 */
export async function runRoot(
  root: Command,
  argv: string[],
  /** More help for wrong usage, after the error of the parser; null for none. */
  hint: (error: CommanderError) => Promise<string | null> = async () => null,
): Promise<void> {
  root.hook("preAction", (_root, command) => readHostOption(command));
  try {
    await root.parseAsync(withoutUnknownHelp(root, argv), { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
      const text = error.exitCode === 0 ? null : await hint(error);
      if (text !== null) process.stderr.write(`${sanitize(text)}\n`);
      return;
    }
    process.exitCode = await report(error, reportTo(root));
  } finally {
    closeRemotes();
  }
}

/** Global options whose value is the next word. */
const WITH_VALUE = new Set(["--socket", "--state-dir", "--host"]);

/** Index of the command's name among the words of the command line; -1 for none. */
export function commandIndex(words: readonly string[]): number {
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (WITH_VALUE.has(word)) i++;
    else if (!word.startsWith("-")) return i;
  }
  return -1;
}

/** Whether the words are only options that select a daemon, with their values. */
export function selectsDaemon(words: readonly string[]): boolean {
  return words.every(
    (word, i) => WITH_VALUE.has(word.split("=", 1)[0]!) || WITH_VALUE.has(words[i - 1] ?? ""),
  );
}

/**
 * For `help NAME` of an unknown command, the name alone: commander then reports it with the near
 * names.
 */
function withoutUnknownHelp(root: Command, argv: string[]): string[] {
  const at = commandIndex(argv);
  const name = argv[at + 1];
  if (
    root.commands.length === 0 ||
    argv[at] !== "help" ||
    name === undefined ||
    name.startsWith("-")
  )
    return argv;
  const isKnown = name === "help" || root.commands.some((command) => command.name() === name);
  return isKnown ? argv : [name];
}

/** The parameters of `report` for a command. */
export function reportTo(command: Command): ReportTo {
  if (command.parent !== null) return reportTo(command.parent);
  const root = command;
  const optionSets = root.commands
    .flatMap((command) => [command, ...command.commands])
    .map((it) => it.opts());
  const options = Object.assign({}, root.opts<GlobalOptions>(), ...optionSets);
  return { program: root.name(), startCommand: startCommand(options), options };
}
