/**
 * The code blocks of README and docs/, as far as no process is needed.
 * test/end-to-end/documents.test.ts runs them.
 */
import type { Command } from "commander";
import { expect, test } from "vitest";
import { commandTree as operationTree } from "../tui/cli/commands.js";
import { daemonTree } from "../tui/cli/liveopsd/commands.js";
import {
  type Block,
  blocks,
  commandsOf,
  isRun,
  isSession,
  pages,
  textOf,
} from "./harness/doc-blocks.js";

const where = ({ page, line }: Block) => `${page}:${line}`;

test("each mark of a block is known", () => {
  const wrong = blocks.flatMap((block) =>
    block.marks
      .filter((mark) => !/^(?:sketch|file=\S+|exit=\d+)$/.test(mark))
      .map((mark) => `${where(block)}: ${mark}`),
  );
  expect(wrong).toEqual([]);
});

test("each block in JSON is JSON, as one value or one a line", () => {
  const wrong = blocks.filter(({ language, marks, text }) => {
    if (language !== "json" || marks.includes("sketch")) return false;
    return !isJson(text) && !text.trim().split("\n").every(isJson);
  });
  expect(wrong.map(where)).toEqual([]);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("CONTRIBUTING.md names each page with a block that is not run", () => {
  const [, list = ""] = textOf("CONTRIBUTING.md").split("### Blocks that do not run\n");
  const notRun = blocks.filter(
    (block) => (block.language === "sh" || isSession(block)) && !isRun(block),
  );
  const names = notRun.map(({ page }) => page.replace("docs/", ""));
  expect([...new Set(names)].filter((name) => !list.includes(`\`${name}\``))).toEqual([]);
});

/** The words of each command of liveops in a text of the shell; a quoted word is `QUOTED`. */
function callsIn(text: string): string[][] {
  return text
    .replaceAll(/\\\n/g, " ")
    .replaceAll(/'[^']*'|"(?:\\.|[^"\\])*"/g, "QUOTED")
    .split(/\n|&&|\|\||[;|()`#]| -- /)
    .map((part) => part.trim().split(/\s+/))
    .map((words) =>
      words.slice(words.findIndex((word) => word === "liveops" || word === "liveopsd")),
    )
    .filter(([program]) => program === "liveops" || program === "liveopsd");
}

/** Whether each command and each option of the words exists. */
function isTypable(words: string[], root: Command): boolean {
  let command = root;
  let isValue = false;
  for (const word of words.slice(1)) {
    if (isValue) {
      isValue = false;
    } else if (/^--?[a-z]/.test(word)) {
      const name = word.startsWith("--") ? word.split("=")[0] : word.slice(0, 2);
      if (name === "--help" || name === "-h") continue;
      const options = [...command.options, ...root.options];
      const option = options.find(({ short, long }) => name === long || name === short);
      if (option === undefined) return false;
      isValue = option.required && name === word;
    } else {
      const next = command.commands.find(
        (each) => each.name() === word || each.aliases().includes(word),
      );
      if (command === root && next === undefined && /^[a-z][a-z-]+$/.test(word)) return false;
      command = next ?? command;
    }
  }
  return true;
}

/** Not typed by a reader: a wrong command, or a text that begins with a name of a program. */
const NO_COMMANDS =
  /`(?:liveopsd ls|liveops start|liveops kill k3f|liveops a lease|liveops was not found on box)`/g;

/** The texts of the shell in a page: blocks, and code in a sentence or a table. */
const shellTexts = [
  ...blocks
    .filter((block) => block.language === "sh" || block.language === "run" || isSession(block))
    .map((block) => ({
      place: `${block.page}:${block.line}`,
      text: isSession(block)
        ? commandsOf(block)
            .map(({ command }) => command)
            .join("\n")
        : block.text,
    })),
  ...pages.flatMap((page) =>
    [
      ...textOf(page)
        .replaceAll(NO_COMMANDS, "")
        .matchAll(/`(liveopsd? [^`]+)`/g),
    ].map(([, text]) => ({
      place: page,
      text: text!.replaceAll("\\|", "|").replaceAll(/\s+/g, " "),
    })),
  ),
];

test("each command and each option in the documents exists", async () => {
  const trees = { liveops: await operationTree(), liveopsd: await daemonTree() };
  const wrong = shellTexts.flatMap(({ place, text }) =>
    callsIn(text)
      .filter((words) => !isTypable(words, trees[words[0] as keyof typeof trees]))
      .map((words) => `${place}: ${words.join(" ")}`),
  );
  expect(wrong).toEqual([]);
});
