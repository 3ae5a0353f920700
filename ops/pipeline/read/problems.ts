/**
 * Collects what is wrong with a pipeline file: position, key, what the key takes, and the nearest
 * name.
 */
import { nearest } from "../../../protocol/text/nearest.js";

/** A position in the file; both numbers begin at 1. */
export interface Place {
  line: number;
  column: number;
}

/**
 * The position of an offset in the text. The counter of the YAML library misses lines after some
 * errors, so that the lines are found here.
 */
export function placesIn(text: string): (offset: number) => Place {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: Math.min(offset, text.length) - starts[low]! + 1 };
  };
}

export interface PipelineProblem extends Place {
  /** Absolute; absent: the file that is checked. */
  file?: string;
  /** Path of the key, such as `stages[0].timeout`; empty for the whole file. */
  key: string;
  message: string;
  /** Names that may be meant, nearest first. */
  nearest: string[];
}

/** Problems that are kept; a file with more is not a pipeline. */
const MOST_PROBLEMS = 100;

/** Of one file, and of those that it names. */
export class Problems {
  readonly #all: PipelineProblem[] = [];
  readonly #warnings: PipelineProblem[] = [];
  readonly #others: Problems[] = [];

  /**
   * @param path - absolute; null: the text came from stdin
   * @param parent - of the file that names this one; null: this one is checked
   */
  constructor(
    readonly path: string | null,
    readonly parent: Problems | null = null,
  ) {}

  /** Of a file that this one names. */
  of(path: string): Problems {
    const other = new Problems(path, this);
    this.#others.push(other);
    return other;
  }

  /** Undefined: the file that is checked. */
  get file(): string | undefined {
    return this.parent === null ? undefined : this.path!;
  }

  get isEmpty(): boolean {
    return this.#all.length === 0 && this.#others.every((other) => other.isEmpty);
  }

  add(place: Place, key: string, message: string, near: readonly string[] = []): void {
    if (this.#all.length < MOST_PROBLEMS) this.#all.push(this.#problem(place, key, message, near));
  }

  /** What may be a mistake: `liveops check` shows it, and the file is valid. */
  warn(place: Place, key: string, message: string, near: readonly string[]): void {
    if (this.#warnings.length < MOST_PROBLEMS)
      this.#warnings.push(this.#problem(place, key, `warning: ${message}`, near));
  }

  #problem(
    { line, column }: Place,
    key: string,
    message: string,
    near: readonly string[],
  ): PipelineProblem {
    const { file } = this;
    return { ...(file !== undefined && { file }), line, column, key, message, nearest: [...near] };
  }

  /** `message` with a question for the names that may be meant. */
  addNear(
    place: Place,
    key: string,
    message: string,
    typed: string,
    names: Iterable<string>,
  ): void {
    const near = nearest(typed, names);
    const hint = near.length === 0 ? "" : `; did you mean ${near.join(" or ")}?`;
    this.add(place, key, message + hint, near);
  }

  /** In the order of the file; those of other files come after them. */
  sorted(): PipelineProblem[] {
    return [...this.#all.toSorted(inOrder), ...this.#others.flatMap((other) => other.sorted())];
  }

  warnings(): PipelineProblem[] {
    return [
      ...this.#warnings.toSorted(inOrder),
      ...this.#others.flatMap((other) => other.warnings()),
    ];
  }
}

function inOrder(a: Place, b: Place): number {
  return a.line - b.line || a.column - b.column;
}

/** Problems that a message lists; the others are only counted. */
const MOST_LISTED = 20;

/** `file:line:column: message`, a line for each problem. */
export function problemLines(checked: string, problems: readonly PipelineProblem[]): string[] {
  const lines = problems
    .slice(0, MOST_LISTED)
    .map(({ file = checked, line, column, message }) => `${file}:${line}:${column}: ${message}`);
  const others = problems.length - lines.length;
  return others > 0 ? [...lines, `and ${others} more`] : lines;
}

/** A value of the file in a message. */
export function quoted(text: string): string {
  return JSON.stringify(
    text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text,
  );
}

const MOST_CHARACTERS = 60;
