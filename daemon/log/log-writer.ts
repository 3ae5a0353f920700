/**
 * Writes log lines to a target, and never blocks, throws or keeps a queue.
 *
 * A line that the target does not take is dropped and counted. While a target fails, it is tried once a second, not
 * for each line. When it works again, one line says how many lines were dropped and why.
 */

/** A place for log lines that answers at once. */
export interface LogTarget {
  /**
   * Returns how many bytes were written: fewer than given where the rest did not fit.
   *
   * @throws Error where nothing could be written
   */
  append(bytes: Buffer): number;
  close(): void;
}

/** Milliseconds between two tries of a target that fails. */
const RETRY_MS = 1000;

/** Characters of a line; a longer line is cut. */
const MAX_LINE = 32 * 1024;

/** pino's number for a warning. */
const WARNING = 40;

export class LogWriter {
  /** Why the target fails; null while it works. */
  #problem: string | null = null;
  #dropped = 0;
  /** The last line was written in part: the next one begins on a line of its own. */
  #torn = false;
  #retry: NodeJS.Timeout | null = null;

  constructor(private readonly target: LogTarget) {}

  /** Why lines are dropped at present; null while the target works. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Takes a whole line with its newline. */
  write(line: string): void {
    if (this.#problem !== null) this.#dropped++;
    else if (!this.#append(line)) this.#dropped++;
  }

  /** Tries whether the target takes anything, so that a problem is known before the first line. */
  check(): void {
    this.#append("");
  }

  close(): void {
    if (this.#retry) clearTimeout(this.#retry);
    this.target.close();
  }

  #append(line: string): boolean {
    const text = line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}\n` : line;
    const bytes = Buffer.from(this.#torn ? `\n${text}` : text);
    try {
      const count = this.target.append(bytes);
      this.#torn = count < bytes.length && (count > 0 || this.#torn);
      if (count === bytes.length) return true;
      this.#fail("a line fitted only in part");
    } catch (error) {
      this.#fail((error as Error).message);
    }
    return false;
  }

  #fail(reason: string): void {
    this.#problem = reason;
    this.#retry = setTimeout(() => this.#recover(), RETRY_MS).unref();
  }

  #recover(): void {
    const dropped = this.#dropped;
    const note = {
      level: WARNING,
      time: new Date().toISOString(),
      pid: process.pid,
      dropped,
      msg: `the log can be written again; lines were dropped meanwhile: ${this.#problem}`,
    };
    if (!this.#append(dropped > 0 ? `${JSON.stringify(note)}\n` : "")) return;
    this.#problem = null;
    this.#dropped -= dropped;
  }
}
