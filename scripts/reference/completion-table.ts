/** Makes the table that completion reads (`tui/kit/command-table.ts`) from the command trees. */
import type { Argument, Command, Option } from "commander";
import { isFinal, STATES, type State } from "../../protocol/state.js";
import { LOG_LEVELS } from "../../protocol/system/log-level.js";
import { CLIENTS } from "../../tui/features/mcp/clients.js";
import type {
  ArgumentEntry,
  CommandEntry,
  OptionEntry,
  Table,
  Value,
} from "../../tui/kit/command-table.js";
import { isOfDaemon } from "../../tui/kit/host-option.js";
import { optionsOf } from "../../tui/kit/options.js";

const finished = STATES.filter(isFinal);
const live = STATES.filter((state) => !isFinal(state));

/** The states of the operations that a command takes; without an entry, all. */
const TAKEN: Record<string, State[]> = {
  cancel: live,
  wait: live,
  edit: ["queued"],
  approve: ["queued"],
  reject: ["queued"],
  pause: ["running"],
  resume: ["running"],
  attach: ["running"],
  retry: ["failed", "cancelled"],
  shell: finished,
  again: finished,
  rm: [...finished, "queued"],
};

/** By the placeholder of an option or the name of an argument. */
const BY_PLACEHOLDER: Record<string, Value> = {
  op: { of: "type" },
  "name=value": { of: "parameter" },
  host: { of: "host" },
  tag: { of: "tag" },
  tags: { of: "tag", list: true },
  stage: { of: "stage" },
  ids: { of: "id", states: null, list: true },
  zone: { of: "zone" },
  level: { of: "choices", choices: [...LOG_LEVELS] },
  file: { of: "file" },
  path: { of: "file" },
  dir: { of: "file" },
};

/** By the long name of an option; these override the placeholder. */
const BY_OPTION: Record<string, Value> = {
  "--op": { of: "type" },
  "--queue": { of: "queue" },
  "--stage": { of: "stage" },
  "--against": { of: "id", states: null },
};

/** By the words of a command, then the name of an argument or an option. */
const BY_COMMAND: Record<string, Value> = {
  "liveops queue set name": { of: "queue" },
  "liveops queue rm name": { of: "queue" },
  "liveops mcp setup client": { of: "choices", choices: Object.keys(CLIENTS) },
  "liveops schedule rm name": { of: "schedule" },
  "liveops schedule run name": { of: "schedule" },
  "liveops ls --state": { of: "choices", choices: [...STATES], list: true },
  ...Object.fromEntries(
    ["ls", "wait", "cancel", "retry", "rm"].map((name) => [
      `liveops ${name} --label`,
      { of: "label" },
    ]),
  ),
};

export function completionTable(programs: readonly Command[]): Table {
  return programs.map((program) => commandEntry(program, ""));
}

function commandEntry(command: Command, parent: string): CommandEntry {
  const path = `${parent} ${command.name()}`.trim();
  const commands = command.commands.map((each) => commandEntry(each, path));
  if (parent === "" && commands.length > 0) commands.push(HELP);
  return {
    name: command.name(),
    description: command.description(),
    options: optionsOf(command).map((option) => optionEntry(option, path, command)),
    arguments: command.registeredArguments.map((argument) => argumentEntry(argument, path)),
    commands,
  };
}

const HELP: CommandEntry = {
  name: "help",
  description: "Show the help of a command",
  options: [],
  arguments: [{ value: { of: "command" } }],
  commands: [],
};

function optionEntry(option: Option, path: string, command: Command): OptionEntry {
  const { long, short, description, required } = option;
  const names = [long, short].filter((name) => name !== undefined && name !== null);
  const entry: OptionEntry = { names, description };
  if (required) entry.value = optionValue(option, path, command);
  if (option.variadic || description.includes("(repeatable")) entry.repeatable = true;
  return entry;
}

function optionValue(
  { long, flags, description, argChoices }: Option,
  path: string,
  command: Command,
): Value {
  const placeholder = /<([^>]*[^.>])/.exec(flags)?.[1] ?? "";
  if (argChoices) return { of: "choices", choices: argChoices };
  const own = BY_COMMAND[`${path} ${long}`] ?? BY_OPTION[long ?? ""];
  if (own) return own;
  if (long === "--state") return { of: "choices", choices: listed(description), list: true };
  // A new name for this host, not the name of a host that exists.
  if (isOfDaemon(command) && placeholder === "name") return { of: "text" };
  return BY_PLACEHOLDER[placeholder] ?? { of: "text" };
}

/**
 * The names after the last colon: `All operations in these states, separated by commas: queued,
 * running`.
 */
function listed(text: string): string[] {
  return text
    .slice(text.lastIndexOf(":") + 1)
    .split(",")
    .map((name) => name.trim());
}

function argumentEntry(argument: Argument, path: string): ArgumentEntry {
  const entry: ArgumentEntry = { value: argumentValue(argument, path) };
  if (argument.variadic) entry.variadic = true;
  return entry;
}

function argumentValue(argument: Argument, path: string): Value {
  const name = argument.name();
  const command = path.split(" ").at(-1)!;
  if (argument.argChoices) return { of: "choices", choices: argument.argChoices };
  const own = BY_COMMAND[`${path} ${name}`];
  if (own) return own;
  if (name === "id") return { of: "id", states: TAKEN[command] ?? null };
  if (command === "schema") return { of: "choices", choices: listed(argument.description) };
  return BY_PLACEHOLDER[name] ?? { of: "text" };
}
