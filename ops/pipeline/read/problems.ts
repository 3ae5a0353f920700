/** Collects what is wrong with a pipeline file: position, key, what the key takes, and the nearest name. */
import { nearest } from "../../../protocol/text/nearest.js";

/** A position in the file; both numbers begin at 1. */
export interface Place {
  line: number;
  column: number;
}

/**
 * The position of an offset in the text. The counter of the YAML library misses lines after some errors, so that the
 * lines are found here.
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
  /** Path of the key, such as `stages[0].timeout`; empty for the whole file. */
  key: string;
  message: string;
  /** Names that may be meant, nearest first. */
  nearest: string[];
}

/** Problems that are kept; a file with more is not a pipeline. */
const MOST_PROBLEMS = 100;

export class Problems {
  readonly #all: PipelineProblem[] = [];
  readonly #warnings: PipelineProblem[] = [];

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  add({ line, column }: Place, key: string, message: string, near: readonly string[] = []): void {
    if (this.#all.length < MOST_PROBLEMS) this.#all.push({ line, column, key, message, nearest: [...near] });
  }

  /** What may be a mistake: `liveops check` shows it, and the file is valid. */
  warn({ line, column }: Place, key: string, message: string, near: readonly string[]): void {
    if (this.#warnings.length < MOST_PROBLEMS)
      this.#warnings.push({ line, column, key, message: `warning: ${message}`, nearest: [...near] });
  }

  /** `message` with a question for the names that may be meant. */
  addNear(place: Place, key: string, message: string, typed: string, names: Iterable<string>): void {
    const near = nearest(typed, names);
    const hint = near.length === 0 ? "" : `; did you mean ${near.join(" or ")}?`;
    this.add(place, key, message + hint, near);
  }

  /** In the order of the file. */
  sorted(): PipelineProblem[] {
    return this.#all.toSorted(inOrder);
  }

  warnings(): PipelineProblem[] {
    return this.#warnings.toSorted(inOrder);
  }
}

function inOrder(a: Place, b: Place): number {
  return a.line - b.line || a.column - b.column;
}

/** Problems that a message lists; the others are only counted. */
const MOST_LISTED = 20;

/** `file:line:column: message`, a line for each problem. */
export function problemLines(file: string, problems: readonly PipelineProblem[]): string[] {
  const lines = problems
    .slice(0, MOST_LISTED)
    .map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`);
  const others = problems.length - lines.length;
  return others > 0 ? [...lines, `and ${others} more`] : lines;
}

/** A value of the file in a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text);
}

const MOST_CHARACTERS = 60;
