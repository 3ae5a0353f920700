/** Runs the code blocks of a page in one shell, and compares the output that the page shows. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "vitest";
import {
  type Block,
  commandsOf,
  fileOf,
  isRun,
  isSession,
  markOf,
  ROOT,
} from "../harness/doc-blocks.js";
import { binFile } from "./bins.js";
import { World } from "./world.js";

/** Longest time of a command, in ms; reached only where one hangs. */
const PATIENCE = 60_000;

/**
 * An empty home directory, with the bins on the PATH. `/tmp`, `/srv` and `/backups` of a page are
 * directories of it. A step has the variables and the directory of the steps before.
 */
export class DocumentWorld extends World implements AsyncDisposable {
  readonly #shell: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  /** The ids of this run, by the ids of the page. */
  readonly #ids = new Map<string, string>();
  #steps = 0;

  constructor() {
    super();
    this.make();
    for (const name of Object.keys(this.env))
      if (/^XDG_|AUTOSTART/.test(name)) delete this.env[name];
    mkdirSync(join(this.dir, "bin"));
    for (const name of ["liveops", "liveopsd", "liveops-tui"])
      this.#program(name, `exec "${process.execPath}" "${binFile(name)}" "$@"`);
    this.#program("npx", 'exec "$@"');
    for (const name of ["srv", "backups", "steps", "home/me"]) mkdirSync(join(this.dir, name));
    this.env.HOME = join(this.dir, "home/me");
    const env = {
      ...this.env,
      PATH: `${this.dir}/bin:${this.env.PATH}`,
      NO_COLOR: "1",
      CHECKOUT: ROOT,
    };
    this.#shell = spawn("bash", ["-s"], {
      cwd: this.env.HOME,
      env,
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#answers = createInterface({ input: this.#shell.stdout! })[Symbol.asyncIterator]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#shell.stdin!.end();
    this.#shell.kill("SIGKILL");
    await this.close();
  }

  /** Writes the file that the block is, or runs its commands. */
  async take(block: Block, next: Block | undefined): Promise<void> {
    if (!isRun(block)) return this.#write(block);
    if (isSession(block)) {
      for (const { command, output } of commandsOf(block))
        await this.#run(block, command, output, false);
    } else {
      const shown = next?.isOutput && !next.marks.includes("sketch") ? next : undefined;
      await this.#run(block, block.text, shown?.text ?? "", shown?.language === "json");
    }
  }

  async #write(block: Block): Promise<void> {
    const path = fileOf(block);
    if (path === undefined || block.marks.includes("sketch")) return;
    const file = this.write(`steps/${this.#steps++}.block`, this.#inside(block.text));
    await this.#run(block, `mkdir -p "$(dirname "${path}")" && cp ${file} ${path}`, "", false);
  }

  async #run(block: Block, command: string, shown: string, isJson: boolean): Promise<void> {
    const file = join(this.dir, "steps", String(this.#steps++));
    writeFileSync(`${file}.sh`, `${this.#withIds(this.#inside(command))}\n`);
    const trap = `trap 'echo $? >>${file}.codes' ERR`;
    this.#shell.stdin!.write(
      `: >${file}.codes; ${trap}; source ${file}.sh >${file}.out 2>&1 </dev/null; trap - ERR; echo done\n`,
    );
    const where = `${block.page}:${block.line}: ${command}`;
    const hung = setTimeout(() => this.#shell.kill("SIGKILL"), PATIENCE);
    const { done } = await this.#answers.next();
    clearTimeout(hung);
    const printed = (
      existsSync(`${file}.out`) ? readFileSync(`${file}.out`, "utf8") : ""
    ).replaceAll(this.dir, "");
    if (done) throw new Error(`${where}\ndoes not end; it printed:\n${printed}`);
    const codes = [...new Set(readFileSync(`${file}.codes`, "utf8").match(/\d+/g))];
    const code = markOf(block, "exit");
    if (code === undefined || codes.length > 0)
      expect.soft(codes, `${where}\n${printed}`).toEqual(code === undefined ? [] : [code]);
    if (block.language === "run") this.#takeNames(printed);
    if (shown.trim() === "") return;
    const [shownIds, printedIds] = [idsIn(shown), idsIn(printed)];
    for (const [n, id] of shownIds.entries()) if (printedIds[n]) this.#ids.set(id, printedIds[n]);
    compareOutput(where, printed, shown, isJson);
  }

  /** A hidden command names an operation of the page: it prints `k3f=` and an id. */
  #takeNames(printed: string): void {
    for (const [, name, id] of printed.matchAll(/^(\w+)=(\w{12})$/gm)) this.#ids.set(name!, id!);
  }

  /** An id of the page, or a prefix of it, becomes the id of this run. */
  #withIds(text: string): string {
    return text.replaceAll(/(?<=^|[\s=/#])[a-z][0-9a-z]{2,11}(?=$|[\s)])/gm, (word) => {
      const known = [...this.#ids].find(
        ([id]) => id.startsWith(word) && (word.length === 3 || word === id),
      );
      return known?.[1] ?? word;
    });
  }

  #inside(text: string): string {
    const path = /(?<![\w.~/])\/(?!tmp\/e2e-)(tmp|srv|backups)(?=[/\s"';]|$)/gm;
    return text.replaceAll(path, `${this.dir}/$1`);
  }

  #program(name: string, text: string): void {
    writeFileSync(join(this.dir, "bin", name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
}

/** Ids, times, durations and sizes differ from run to run. */
const DIFFERENT: Array<[RegExp, string]> = [
  [/\/home\/\w+|(?<![\w/])\/home\b/g, "~"],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g, "TIME"],
  [/\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?(?: [+-]\d\d:\d\d| [A-Z]{3,4})?/g, "TIME"],
  [
    /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d+ \w{3}(?: \d{4})?(?: \d\d:\d\d(?::\d\d)?)?(?: [A-Z]{3,4})?/g,
    "TIME",
  ],
  [/\b\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d\d:\d\d/g, "TIME"],
  // The day is left out where it is today.
  [/\b\d\d:\d\d(?=, in )/g, "TIME"],
  [/\b\d{4}-\d\d-\d\d\b/g, "DATE"],
  [/\b\d{8}T\d{9}Z/g, "TIME"],
  [/\b[a-z][0-9a-z]{11}\b/g, "ID"],
  [/\bpid \d+/g, "pid N"],
  [/\buid \d+/g, "uid N"],
  [/\b[\d,.]+ ?(?:B|[KMG]i?B)(?:\/s)?(?!\w)/g, "SIZE"],
  [/~?(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+\b/g, "DURATION"],
  [/\b\d+(?:\.\d+)? (?:s|min)\b/g, "DURATION"],
  // The progress of a stage, in text mode: how often it is printed depends on the time.
  [/^\S.* \d+% \([\d,]+\/[\d,]+.*\)\n/gm, ""],
  [/[ \t]+/g, " "],
  [/ $/gm, ""],
];

function normal(text: string): string {
  return DIFFERENT.reduce((all, [pattern, name]) => all.replaceAll(pattern, name), text).trim();
}

/** One value, or one a line. */
function values(text: string): string {
  const lines = (() => {
    try {
      return [JSON.parse(text)];
    } catch {
      return text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
    }
  })();
  return lines.map((value) => JSON.stringify(value)).join("\n");
}

/** In the shown text, a line `…` stands for any lines, and `…` in a line for any text. */
function compareOutput(where: string, printed: string, shown: string, isJson: boolean): void {
  const form = (text: string) => normal(isJson ? values(text) : text);
  const [actual, expected] = [form(printed), form(shown)];
  const pattern = expected
    .split("\n")
    .map((line) => (line === "…" ? "(?:.*\\n)*?" : `${line.split("…").map(escaped).join(".*")}\\n`))
    .join("");
  if (!new RegExp(`^${pattern}$`).test(`${actual}\n`)) expect.soft(actual, where).toBe(expected);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

/**
 * The ids in a text, each once, in their order. One id in forty has no digit. It is told from a
 * word by its place: alone on its line, at the start of a row, or after `submitted` or a command.
 */
function idsIn(text: string): string[] {
  const ids =
    /\b(?=[a-z]*\d)[a-z][0-9a-z]{11}\b|(?<=^(?:submitted |.*liveops \w+ )?)[a-z]{12}(?=$| {2})/gm;
  return [...new Set([...text.matchAll(ids)].map(([id]) => id))];
}
