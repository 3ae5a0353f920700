/**
 * Man pages in section 1: one for each program, and one for each command with its subcommands. The
 * commands that `liveops` and `liveopsd` share have a page of `liveops`.
 */
import type { Command, Option } from "commander";
import { EXIT, EXIT_MEANINGS } from "../../protocol/exit-codes.js";
import { VERSION } from "../../protocol/version.js";
import { SHARED_COMMANDS } from "../../tui/cli/liveopsd/commands.js";
import { examplesOf, optionsOf } from "../../tui/kit/options.js";

/** Text of each page by its path in dist/. */
export function manPages(programs: readonly Command[], date: string): Record<string, string> {
  const pages: Record<string, string> = {};
  const names = programs.map((program) => program.name());
  for (const program of programs) {
    pages[`man/${program.name()}.1`] = page(program, [program.name()], names, date);
    for (const command of program.commands) {
      const name = `${program.name()}-${command.name()}`;
      // `liveops tui` is `liveops-tui`, which has its page.
      if (names.includes(name)) continue;
      if (program.name() === "liveopsd" && Object.hasOwn(SHARED_COMMANDS, command.name())) continue;
      pages[`man/${name}.1`] = page(command, [program.name(), command.name()], names, date);
    }
  }
  return pages;
}

function page(command: Command, words: string[], programs: string[], date: string): string {
  const title = words.join("-");
  const isProgram = words.length === 1;
  const lines = [
    `.TH ${title.toUpperCase().replaceAll("-", "\\-")} 1 ${date} "liveops ${VERSION}" "liveops manual"`,
    ".SH NAME",
    `${text(title)} \\- ${text(plainStop(command.description()))}`,
    ".SH SYNOPSIS",
    ...synopsis(command, words),
    ".SH DESCRIPTION",
    `${text(plainStop(command.description()))}.`,
    ...(isProgram ? [] : argumentsAndOptions(command)),
    ...(isProgram
      ? commandList(command)
      : command.commands.flatMap((sub) => subcommand(sub, [...words, sub.name()]))),
    ...(isProgram ? [".SH OPTIONS", ...argumentsOf(command), ...optionEntries(command)] : []),
    ...examples(command),
    ...(isProgram ? exitStatus() : []),
    ".SH SEE ALSO",
    seeAlso(title, words, programs),
  ];
  return `${lines.join("\n")}\n`;
}

function plainStop(description: string): string {
  return description.replace(/\.$/, "");
}

function synopsis(command: Command, words: string[]): string[] {
  return [`.B ${text(words.join(" "))}`, text(command.usage())];
}

function argumentsAndOptions(command: Command): string[] {
  const given = argumentsOf(command);
  const options = optionEntries(command);
  return [...(given.length > 0 ? [".SH ARGUMENTS", ...given] : []), ".SH OPTIONS", ...options];
}

function argumentsOf(command: Command): string[] {
  return command.registeredArguments.flatMap((argument) => {
    const name = argument.variadic ? `${argument.name()}...` : argument.name();
    return entry(argument.required ? `<${name}>` : `[${name}]`, argument.description);
  });
}

function optionEntries(command: Command): string[] {
  return optionsOf(command).flatMap(optionEntry);
}

function optionEntry({ flags, description, defaultValue, argChoices }: Option): string[] {
  const choices = argChoices ? ` (${argChoices.join(", ")})` : "";
  const byDefault = defaultValue === undefined ? "" : ` (default: ${String(defaultValue)})`;
  return entry(flags, description + choices + byDefault);
}

function commandList(program: Command): string[] {
  if (program.commands.length === 0) return [];
  const groups = Map.groupBy(program.commands, (command) => command.helpGroup().replace(":", ""));
  const entries = [...groups].flatMap(([group, commands]) => [
    ...(group === "" ? [] : [`.SS "${text(group)}"`]),
    ...commands.flatMap((command) => entry(command.name(), command.description())),
  ]);
  return [".SH COMMANDS", ...entries];
}

function subcommand(command: Command, words: string[]): string[] {
  return [
    `.SH "${text(words.slice(1).join(" ").toUpperCase())}"`,
    ...synopsis(command, words),
    ".PP",
    `${text(plainStop(command.description()))}.`,
    ...argumentsOf(command),
    ...optionEntries(command),
    ...exampleLines(command, ".PP"),
  ];
}

function examples(command: Command): string[] {
  return exampleLines(command, ".SH EXAMPLES");
}

function exampleLines(command: Command, heading: string): string[] {
  const given = examplesOf(command);
  return given.length === 0 ? [] : [heading, ".nf", ...given.map(text), ".fi"];
}

function exitStatus(): string[] {
  const entries = Object.entries(EXIT).flatMap(([name, code]) =>
    entry(String(code), EXIT_MEANINGS[name as keyof typeof EXIT].replaceAll("`", "")),
  );
  return [".SH EXIT STATUS", ...entries];
}

function seeAlso(title: string, [program]: string[], programs: string[]): string {
  const others = [program!, ...programs].filter(
    (name, i, all) => name !== title && all.indexOf(name) === i,
  );
  return others.map((name) => `.BR ${text(name)} (1)`).join("\n");
}

function entry(term: string, description: string): string[] {
  return [".TP", `.B ${text(term)}`, text(description)];
}

/**
 * Escapes for roff: no character of the text is a request, a macro argument's quote or a special
 * character.
 */
function text(plain: string): string {
  const escaped = plain
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll('"', "\\(dq")
    .replaceAll("`", "\\(ga")
    .replaceAll("~", "\\(ti")
    .replaceAll("^", "\\(ha")
    .replace(/\s+/g, " ");
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}
