/**
 * What is written to the worker's file descriptors 1 and 2 behind JavaScript's back (children that inherit them,
 * native code) goes to two files; this reads them into the log, line by line, marked as what they are.
 *
 * A file is emptied before each operation. After a worker's death the daemon reads what was left unread.
 */
import { type FSWatcher, statSync, truncateSync, watch } from "node:fs";
import { Tail } from "../run-files/tail.js";

/** Gets a line, and how far the file was read with it. */
type OnLine = (text: string, end: number) => void;

/** One of the two, for the life of the worker. */
export class OwnOutput {
  readonly #tail: Tail;
  #watcher: FSWatcher | null = null;
  /** Null between operations. */
  #onLine: OnLine | null = null;

  constructor(private readonly file: string) {
    this.#tail = new Tail(file);
  }

  start(onLine: OnLine): void {
    // Not for nothing: it would put the file into the next commit of the file system's journal.
    if (statSync(this.file).size > 0) truncateSync(this.file, 0);
    this.#tail.offset = 0;
    this.#onLine = onLine;
    this.#watcher ??= this.#watch();
  }

  read(): void {
    const onLine = this.#onLine;
    // Asked with each stage, and nearly always there is nothing.
    if (onLine && this.#tail.hasMore()) this.#tail.read((line) => onLine(line, this.#tail.offset));
  }

  /** Reads the rest, an unfinished last line too. */
  stop(): void {
    this.read();
    const rest = this.#tail.takeRest();
    if (rest !== "") this.#onLine?.(rest, this.#tail.offset);
    this.#onLine = null;
  }

  #watch(): FSWatcher {
    const watcher = watch(this.file, () => this.read());
    watcher.unref();
    watcher.on("error", () => {});
    return watcher;
  }
}
