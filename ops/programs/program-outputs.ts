/**
 * What is kept of one program of `p.exec`: the values that it reports, its last lines, and its
 * stdout.
 */
import { withoutMakeEnd } from "../../protocol/text/line-level.js";
import { withoutSequences } from "../../protocol/text/sgr.js";
import type { Masker } from "../secrets/masker.js";

/** Most characters of all names and values together. */
const MOST_CHARACTERS = 256 * 1024;

const LAST_LINES = 10;
/** Of these the last ones are chosen: a program that ends may only repeat that it failed. */
const RAW_LINES = 50;
const MAX_LAST_LINE = 500;

/** Most bytes of stdout that `capture` returns. */
const MAX_CAPTURE = 1024 * 1024;

/** The named values that a program reports: `output name=value`. */
export class ProgramOutputs {
  readonly #values = new Map<string, string>();
  #characters = 0;

  /** @param label - name of the program, for the problem */
  constructor(private readonly label: string) {}

  /**
   * A later value of the same name replaces the earlier one. @returns why the value is not kept;
   * null: it is kept
   */
  set(name: string, value: string): string | null {
    const before = this.#values.get(name);
    const freed = before === undefined ? 0 : name.length + before.length;
    const after = this.#characters - freed + name.length + value.length;
    if (after > MOST_CHARACTERS)
      return `the output ${name} of ${this.label} is not kept: all outputs together have more than ${MOST_CHARACTERS / 1024} KiB; write the value to a file and report its path`;
    this.#characters = after;
    this.#values.set(name, value);
    return null;
  }

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  get values(): Record<string, string> {
    return Object.fromEntries(this.#values);
  }
}

/** The last lines of the log, for the error. */
export class LastLines {
  #lines: readonly string[] = [];

  constructor(private readonly masker: Masker) {}

  add(lines: readonly string[]): void {
    this.#lines = [...this.#lines, ...lines.slice(-RAW_LINES)].slice(-RAW_LINES);
  }

  get newest(): string {
    return this.#lines.at(-1) ?? "";
  }

  /** Without secrets and colours, shortened. */
  get texts(): string[] {
    return withoutMakeEnd(this.#lines)
      .slice(-LAST_LINES)
      .map((line) => withoutSequences(this.masker.mask(line)).slice(0, MAX_LAST_LINE));
  }
}

/** The text of stdout, bounded. */
export class Captured {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  /** False if there is too much. */
  add(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_CAPTURE) return false;
    this.#chunks.push(chunk);
    return true;
  }

  /** @throws RangeError if there was too much */
  of(label: string): string {
    if (this.#bytes <= MAX_CAPTURE) return Buffer.concat(this.#chunks).toString("utf8");
    throw new RangeError(
      `${label} printed more than ${MAX_CAPTURE / 1024 / 1024} MiB, the limit of capture; let it write to a file`,
    );
  }
}
