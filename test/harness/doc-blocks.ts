/**
 * The code blocks of README and docs/. Words after the language of a block are marks:
 *
 * - `sketch`: the block is not run: it needs another machine or program, or shows only a part.
 * - `file=PATH`: the block is this file. A block in TypeScript names its file in its first line.
 * - `exit=N`: a command of the block ends with N, and no command with another code but 0.
 *
 * A comment `<!-- run: COMMAND -->` runs a command that the reader does not see, such as one that
 * makes a file.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = new URL("../..", import.meta.url).pathname;

export interface Block {
  page: string;
  /** From 1: the line of the fence. */
  line: number;
  /** `run` for a comment that runs a command. */
  language: string;
  marks: string[];
  text: string;
  /**
   * Whether this is the output of the block before: a block without a language, or in JSON,
   * directly after `sh`.
   */
  isOutput: boolean;
}

export const pages: string[] = ["README.md", ...globSync("docs/*.md", { cwd: ROOT }).sort()];

export const textOf = (page: string): string => readFileSync(join(ROOT, page), "utf8");

const BLOCK = /^( *)```(.*)\n([\s\S]*?)^ *```$|<!-- run: ([\s\S]*?) -->/gm;

export function blocksOf(page: string): Block[] {
  const text = textOf(page);
  let end = 0;
  let isAfterShell = false;
  return [...text.matchAll(BLOCK)].map((match) => {
    const [all, indent = "", info = "", body = "", command] = match;
    const between = text.slice(end, match.index);
    end = match.index + all.length;
    const [language = "", ...marks] = command === undefined ? info.split(" ") : ["run"];
    const isOutput = isAfterShell && between.trim() === "" && ["", "json"].includes(language);
    isAfterShell = language === "sh";
    return {
      page,
      language,
      marks,
      isOutput,
      line: text.slice(0, match.index).split("\n").length,
      text: command ?? body.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
    };
  });
}

export const blocks: Block[] = pages.flatMap(blocksOf);

export function markOf({ marks }: Block, name: string): string | undefined {
  return marks.find((mark) => mark.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** The path of the file that the block is; undefined: it is none. */
export function fileOf(block: Block): string | undefined {
  return markOf(block, "file") ?? /^\/\/ (\S+\.m?[tj]s)\n/.exec(block.text)?.[1];
}

interface Command {
  command: string;
  /** What the page shows after the command. */
  output: string;
}

/** Whether the block shows commands after a prompt, each with its output. */
export function isSession({ language, text, isOutput }: Block): boolean {
  return !isOutput && (language === "" || language === "console") && text.startsWith("$ ");
}

/**
 * A line `$ …` after an output is a command only if it names liveops: liveops prints such lines for
 * a script.
 */
export function commandsOf({ text }: Block): Command[] {
  const commands: Command[] = [];
  for (const line of text.split(/(?<=\n)/)) {
    const last = commands.at(-1);
    const isCommand = line.startsWith("$ ") && (!last?.output || /\bliveopsd?\b/.test(line));
    if (isCommand) commands.push({ command: line.slice(2), output: "" });
    else if (last!.output === "" && last!.command.endsWith("\\\n")) last!.command += line;
    else last!.output += line;
  }
  return commands;
}

/** Whether the commands of the block are run. Those of npm install something. */
export function isRun(block: Block): boolean {
  if (block.marks.includes("sketch") || block.text.startsWith("npm ")) return false;
  return ["sh", "run"].includes(block.language) || isSession(block);
}
