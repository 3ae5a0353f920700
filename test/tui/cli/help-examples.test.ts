/** The examples in the help of each command are lines that the command accepts. */
import type { Command } from "commander";
import { expect, test } from "vitest";
import { takeTrailing } from "../../../tui/cli/arguments.js";
import { withType } from "../../../tui/cli/command-line.js";
import { commandTree } from "../../../tui/cli/commands.js";
import { daemonTree } from "../../../tui/cli/liveopsd/commands.js";
import { examplesOf } from "../../../tui/kit/options.js";

/**
 * Words and operators of a line of a shell. Without substitutions, which the examples have only
 * around a command.
 */
function shellWords(line: string): string[] {
  const parts = line.matchAll(/(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\|&;<>])+|[|&;<>]+/g);
  return [...parts].map(([part]) => part.replace(/'([^']*)'|"((?:\\.|[^"\\])*)"/g, "$1$2"));
}

/** The commands of ours in the line, each from its name to the next operator or comment. */
function commandsIn(line: string): string[][] {
  const commands: string[][] = [[]];
  for (const word of shellWords(line.replace(/ +# .*$/, "")))
    if (/^[|&;<>]+$/.test(word)) commands.push([]);
    else commands.at(-1)!.push(word);
  return commands.flatMap((words) => {
    const at = words.findIndex((word) => /^\(*(liveops|liveopsd)$/.test(word));
    return at === -1 ? [] : [words.slice(at).map((word) => word.replace(/^\(|\)$/g, ""))];
  });
}

function allOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allOf)];
}

const trees = { liveops: await commandTree(), liveopsd: await daemonTree() };
const examples = Object.values(trees).flatMap((tree) =>
  allOf(tree).flatMap((each) => examplesOf(each)),
);

test("an option that does not exist is found", async () => {
  await expect(parse(["liveops", "ls", "--nope"])).rejects.toThrow("unknown option");
});

test.each(examples)("%s", async (example) => {
  const commands = commandsIn(example);
  for (const words of commands) await parse(words);
  // `echo "progress 1/2" >> "$LIVEOPS_REPORT"` has none.
  if (example.includes("liveops ")) expect(commands.length).toBeGreaterThan(0);
});

async function parse([program, ...words]: string[]): Promise<void> {
  const root = program === "liveops" ? await commandTree() : await daemonTree();
  for (const command of allOf(root)) {
    command
      .action(() => {})
      .configureOutput({ writeErr: () => {}, writeOut: () => {}, outputError: () => {} });
    command.exitOverride();
  }
  await root.parseAsync(withType(root, words[0]!, takeTrailing(words)), { from: "user" });
}
