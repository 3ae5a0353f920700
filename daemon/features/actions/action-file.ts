/**
 * Which actions have run: `actions.json` in the state directory.
 *
 * Operations are numbered by the decision that finished them. Those up to `after` are done, and of
 * the later ones those of `done`. A daemon runs the actions of all others, so a crash between an
 * outcome and its action repeats the action at most.
 */
import type { ActionFailure } from "../../../protocol/operation.js";
import { readOwnFile } from "../../../protocol/system/own-file.js";
import { replaceFileSync } from "../../store/durable-file.js";
import { quarantineUnreadable } from "../../store/quarantine.js";

interface Saved {
  after: number;
  done: number[];
  failures: ActionFailures;
}

/** Failures by id of the operation, the oldest operation first. */
export type ActionFailures = Record<string, ActionFailure[]>;

/** Most operations whose failures are kept. */
const MOST_FAILED = 200;

/** Most bytes read from the file. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Operations that finish without an action between two writes of the file. */
const WRITE_AFTER = 1000;

export class ActionFile {
  /** Null: there was no file, so no operation of the past gets actions. */
  readonly #start: number | null;
  readonly #open = new Set<number>();
  readonly #done = new Set<number>();
  readonly failures: ActionFailures;
  #last: number;
  #unwritten = 0;

  constructor(
    private readonly file: string,
    onProblem: (problem: string) => void,
  ) {
    const saved = read(file, onProblem);
    this.#start = saved?.after ?? null;
    this.#last = saved?.after ?? 0;
    this.failures = saved?.failures ?? {};
    for (const n of saved?.done ?? []) this.#done.add(n);
  }

  /** The number after which operations may still need their actions; null: there was no file. */
  get after(): number | null {
    return this.#start;
  }

  /** Begins at this number, where there was no file. */
  begin(n: number): void {
    this.#last = Math.max(this.#last, n);
    this.write();
  }

  isDone(n: number): boolean {
    return this.#done.has(n);
  }

  /** An operation has finished. @param hasActions - `settle` follows when they have run */
  open(n: number, hasActions: boolean): void {
    this.#last = Math.max(this.#last, n);
    if (hasActions) this.#open.add(n);
    else if (++this.#unwritten >= WRITE_AFTER) this.write();
  }

  /** The actions of the decision have run. */
  settle(n: number): void {
    this.#open.delete(n);
    this.#done.add(n);
    this.write();
  }

  addFailure(id: string, failure: ActionFailure): void {
    const before = this.failures[id] ?? [];
    delete this.failures[id];
    this.failures[id] = [...before, failure].slice(-10);
    for (const oldest of Object.keys(this.failures).slice(0, -MOST_FAILED))
      delete this.failures[oldest];
  }

  /** @throws the error of the system where the disk has no room */
  write(): void {
    this.#unwritten = 0;
    let after = this.#last;
    for (const n of this.#open) if (n <= after) after = n - 1;
    for (const n of this.#done) if (n <= after) this.#done.delete(n);
    const saved: Saved = {
      after,
      done: [...this.#done].sort((a, b) => a - b),
      failures: this.failures,
    };
    replaceFileSync(this.file, `${JSON.stringify(saved)}\n`);
  }
}

function read(file: string, onProblem: (problem: string) => void): Saved | null {
  try {
    const saved = JSON.parse(readOwnFile(file, MOST_BYTES).toString("utf8")) as Saved;
    const { after, done, failures } = saved;
    if (
      !Number.isInteger(after) ||
      !Array.isArray(done) ||
      typeof failures !== "object" ||
      failures === null
    )
      throw new Error("it has another form");
    return saved;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT")
      onProblem(
        `it is not known which actions have run (${message}): actions run for new operations only; the file is kept in ${quarantineUnreadable(file, error)}`,
      );
    return null;
  }
}
