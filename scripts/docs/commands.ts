/**
 * Generates the regions of docs/commands.md from the commander trees of `liveops` and `liveopsd`. The commands that both
 * have are described once, as those of `liveops`.
 */
import type { Argument, Command, Option } from "commander";
import { commandTree as operationTree } from "../../tui/cli/commands.js";
import { daemonTree, SHARED_COMMANDS } from "../../tui/cli/liveopsd/commands.js";
import { examplesOf, isAdvanced, isGlobal } from "../../tui/kit/options.js";
import { exitCodes } from "./errors.js";
import { code, type Regions, table } from "./markdown.js";

/** @param dashboardHelp output of `liveops-tui --help` */
export async function commandRegions(dashboardHelp: string): Promise<Regions> {
  const trees = [await operationTree(), await daemonTree()];
  const regions: Record<string, string> = {
    "global options": globalOptions(trees[0]!),
    "liveops-tui": fence(dashboardHelp.trim(), ""),
    "exit codes": exitCodes(),
  };
  for (const tree of trees) {
    const programOf = (command: Command) =>
      Object.hasOwn(SHARED_COMMANDS, command.name()) ? "liveops" : tree.name();
    const groups = Map.groupBy(tree.commands, (command) => command.helpGroup().replace(":", ""));
    regions[tree.name()] = [...groups]
      .map(([group, commands]) =>
        table(
          [group || "command", "does"],
          commands.map((command) => [
            `[\`${tree.name()} ${command.name()}\`](#${programOf(command)}-${command.name()})`,
            command.description(),
          ]),
        ),
      )
      .join("\n\n");
    for (const command of tree.commands)
      if (programOf(command) === tree.name())
        regions[`${tree.name()} ${command.name()}`] = section(tree.name(), command);
  }
  return regions;
}

/** A command, then its subcommands. */
function section(parent: string, command: Command): string {
  const name = `${parent} ${command.name()}`;
  const parts = [`${command.description()}.`, fence(`${name} ${command.usage()}`, "sh")];
  if (command.registeredArguments.length > 0)
    parts.push(table(["argument", "meaning"], command.registeredArguments.map(argumentRow)));
  const options = command.options.filter((option) => !option.hidden && !isGlobal(option));
  const [advanced = [], everyday = []] = [true, false].map((is) =>
    options.filter((option) => isAdvanced(option) === is),
  );
  if (everyday.length > 0) parts.push(table(["option", "meaning"], everyday.map(optionRow)));
  if (advanced.length > 0) parts.push(table(["advanced option", "meaning"], advanced.map(optionRow)));
  const examples = examplesOf(command);
  if (examples.length > 0) parts.push(`Examples:\n\n${fence(examples.join("\n"), "sh")}`);
  for (const each of command.commands) {
    if (each.name() !== "help") parts.push(`**\`${name} ${each.name()}\`**`, section(name, each));
  }
  return parts.join("\n\n");
}

function globalOptions(tree: Command): string {
  const shown = tree.createHelp().visibleOptions(tree);
  const known = shown.filter(isGlobal);
  return table(["option", "meaning"], known.map(optionRow));
}

function argumentRow(argument: Argument): string[] {
  const name = argument.variadic ? `${argument.name()}...` : argument.name();
  return [code(argument.required ? `<${name}>` : `[${name}]`), argument.description];
}

function optionRow({ flags, description, defaultValue, argChoices }: Option): string[] {
  const choices = argChoices ? `: ${argChoices.map(code).join(", ")}` : "";
  const byDefault = defaultValue === undefined ? "" : ` (default: ${code(String(defaultValue))})`;
  const meaning = plain(description).replace(/(?: \(default: .*\))?$/, (end) => choices + end);
  return [code(flags), meaning + byDefault];
}

/** Marks placeholders such as <n> as code, because Markdown reads them as HTML. */
function plain(text: string): string {
  return text.replace(/<[^>]+>/g, (placeholder) => code(placeholder));
}

function fence(text: string, language: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}
