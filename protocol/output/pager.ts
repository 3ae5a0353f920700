/**
 * The pager for output that is longer than the screen of a terminal: `LIVEOPS_PAGER`, `PAGER`, otherwise `less`. A
 * person who closes the pager early ends the command with the exit code that it has.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Command } from "commander";
import { withoutSequences } from "../command/sgr.js";
import { withoutLinks } from "./links.js";
import type { TableStream } from "./table.js";
import { certainWidth } from "./widths.js";

type Env = Record<string, string | undefined>;

export function addPagerOption(command: Command): Command {
  return command.option("--no-pager", "Print long output without a pager");
}

/** Options with `--no-pager`. */
export interface PagerOptions {
  pager?: boolean;
}

export interface Output {
  /** Wait for the promise, if there is one, before the next text. */
  write(text: string): Promise<void> | void;
}

/**
 * Gives `work` an output, and returns when all of it is printed. The pager starts once the text does not fit on the
 * screen. Messages on stderr belong after this call, because the pager has the screen until then.
 */
export async function paged(
  { pager = true }: PagerOptions,
  work: (output: Output) => Promise<void> | void,
  stream: TableStream = process.stdout,
  env: Env = process.env,
): Promise<void> {
  const command = pager && stream.isTTY ? pagerCommand(env) : null;
  if (command === null) return work({ write: (text) => void stream.write(text) });
  const output = new PagedOutput(command, stream, env);
  try {
    await work(output);
  } catch (error) {
    if (error !== output.closed) throw error;
  } finally {
    await output.end();
  }
}

/** The command for `sh -c`; null: no pager. */
export function pagerCommand(env: Env): string | null {
  if (env.NO_PAGER || env.TERM === "dumb") return null;
  const chosen = env.LIVEOPS_PAGER ?? env.PAGER;
  if (chosen !== undefined) return /^\s*(cat\s*)?$/.test(chosen) ? null : chosen;
  return isInPath("less", env) ? "less" : null;
}

function isInPath(name: string, env: Env): boolean {
  return (env.PATH ?? "").split(delimiter).some((dir) => {
    try {
      if (dir !== "") accessSync(join(dir, name), constants.X_OK);
      return dir !== "";
    } catch {
      return false;
    }
  });
}

/** Exit codes of sh for a command that it cannot run. */
const NOT_RUN = [126, 127];

class PagedOutput implements Output {
  /** Thrown by `write` after the person closed the pager. */
  readonly closed = new Error("the pager was closed");
  /** Text before the start of the pager; then what it was given, until it reads. */
  #held = "";
  #rows = 0;
  #pager: ChildProcess | null = null;
  #state: "holds" | "pages" | "plain" | "closed" = "holds";
  #ended: Promise<unknown> = Promise.resolve();
  /** Ctrl-C is for the pager: less takes it for the end of a search. */
  readonly #ignore = () => {};

  constructor(
    private readonly command: string,
    private readonly stream: TableStream,
    private readonly env: Env,
  ) {}

  async write(text: string): Promise<void> {
    if (this.#state === "closed") throw this.closed;
    if (this.#state === "plain") return void this.stream.write(text);
    if (this.#state === "pages") return await this.#pass(text);
    this.#held += text;
    this.#rows += rowsOf(text, this.stream.columns || 80);
    // The prompt of the shell takes a row.
    if (this.#rows >= (this.stream.rows || 24)) await this.#start();
  }

  async end(): Promise<void> {
    if (this.#state === "holds") this.stream.write(this.#held);
    this.#pager?.stdin?.end();
    await this.#ended;
    process.off("SIGINT", this.#ignore);
    process.off("SIGQUIT", this.#ignore);
  }

  async #start(): Promise<void> {
    process.on("SIGINT", this.#ignore);
    process.on("SIGQUIT", this.#ignore);
    const env = { LESS: "FRX", LV: "-c", ...this.env };
    const pager = spawn("/bin/sh", ["-c", this.command], { stdio: ["pipe", "inherit", "inherit"], env });
    this.#pager = pager;
    this.#state = "pages";
    pager.stdin.on("error", () => {});
    this.#ended = new Promise((resolve) => {
      pager.on("error", () => resolve(this.#close(NOT_RUN[0]!)));
      pager.on("exit", (code) => resolve(this.#close(code)));
    });
    const text = this.#held;
    this.#held = "";
    await this.#pass(text);
  }

  /** A pager that could not be run has shown nothing: the text is printed without it. */
  #close(code: number | null): void {
    if (this.#state !== "pages") return;
    const isMissing = NOT_RUN.includes(code ?? 0);
    this.#state = isMissing ? "plain" : "closed";
    if (isMissing) this.stream.write(this.#held);
    this.#held = "";
  }

  async #pass(text: string): Promise<void> {
    const stdin = this.#pager!.stdin!;
    if (this.#held.length < MOST_HELD) this.#held += text;
    // An older less prints the sequences of hyperlinks.
    const goesOn = stdin.write(withoutLinks(text));
    if (!goesOn) await Promise.race([once(stdin, "drain").catch(() => this.#ended), this.#ended]);
    if (this.#isClosed()) throw this.closed;
  }

  #isClosed(): boolean {
    return this.#state === "closed";
  }
}

/** A pager that cannot be run reads nothing, so more than this is not passed before its end. */
const MOST_HELD = 1 << 20;

/** Rows of the screen that the text takes, as far as that is known without the package string-width. */
function rowsOf(text: string, columns: number): number {
  const lines = text.split("\n");
  // What follows the last line end is the beginning of a line, or nothing.
  const last = lines.pop() ?? "";
  const rows = lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(roughWidth(line) / columns)), 0);
  return rows + Math.floor(roughWidth(last) / columns);
}

/** From here on, most characters take two columns. */
const FIRST_WIDE = "\u1100";

function roughWidth(line: string): number {
  const text = withoutLinks(line);
  const width = certainWidth(text);
  if (width !== -1) return width;
  return [...withoutSequences(text)].reduce((sum, character) => sum + (character < FIRST_WIDE ? 1 : 2), 0);
}
