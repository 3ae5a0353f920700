/**
 * What is written to the worker's file descriptors 1 and 2 behind JavaScript's back (children that inherit them,
 * native code) goes to two files; this reads them into the log, line by line, marked as what they are.
 *
 * The files are emptied before each operation. After a worker's death the daemon reads what was left unread.
 */
import { type FSWatcher, statSync, truncateSync, watch } from "node:fs";
import { Tail } from "../run-files/tail.js";

export class OwnOutput {
  readonly #tail: Tail;
  #watcher: FSWatcher | null = null;

  constructor(
    private readonly file: string,
    private readonly onLine: (text: string, end: number) => void,
  ) {
    // Not for nothing: it would put the file into the next commit of the file system's journal.
    if (statSync(file).size > 0) truncateSync(file, 0);
    this.#tail = new Tail(file);
  }

  start(): void {
    this.#watcher = watch(this.file, () => this.read());
    this.#watcher.unref();
    this.#watcher.on("error", () => {});
  }

  read(): void {
    this.#tail.read((line) => this.onLine(line, this.#tail.offset));
  }

  /** Reads the rest, an unfinished last line too. */
  stop(): void {
    this.#watcher?.close();
    this.read();
    const rest = this.#tail.takeRest();
    if (rest !== "") this.onLine(rest, this.#tail.offset);
    this.#tail.close();
  }
}
