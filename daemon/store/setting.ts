/**
 * Settings that commands change and that outlive the daemon: in a file of the state directory, or
 * kept by the engine.
 */
import { readOwnFile } from "../../protocol/system/own-file.js";
import { isDiskFull, replaceFileSync } from "./durable-file.js";
import { StoreFullError } from "./not-recorded.js";

export interface Setting<T> {
  /** The value as it is known here. Never changed in place. */
  readonly value: T;
  /**
   * Replaces the newest value; durable when it resolves. `change` may be called again where another
   * host was faster.
   *
   * @throws NotRecordedError where the value cannot be recorded now, or what `change` throws:
   *   then nothing is changed
   */
  update(change: (current: T) => T): Promise<void>;
  /**
   * Takes in what another host has changed by now.
   *
   * @throws NotRecordedError where the engine does not answer
   */
  refresh(): Promise<void>;
  /** Calls the listener after each change, also one that was made elsewhere. */
  onChange(listener: () => void): void;
}

export interface FileSettingOptions<T> {
  file: string;
  /** Most bytes read from the file. */
  mostBytes: number;
  /** Value without a file, or where it cannot be read. */
  initial: T;
  /** Reads the parsed JSON of the file. An error means that it cannot be read. */
  parse(json: unknown): T;
  /** The value as JSON. Default: the value itself. */
  format?(value: T): unknown;
  /** The content cannot be read; the file is still there. */
  onUnreadable(message: string): void;
  /** What could not be recorded on a full disk, in words. */
  name: string;
}

/** A setting in a file of this machine. The change is on disk before it takes effect. */
export class FileSetting<T> implements Setting<T> {
  #value: T;
  readonly #listeners: Array<() => void> = [];

  constructor(private readonly options: FileSettingOptions<T>) {
    this.#value = this.#read();
  }

  get value(): T {
    return this.#value;
  }

  /** Nobody else changes the file. */
  async refresh(): Promise<void> {}

  async update(change: (current: T) => T): Promise<void> {
    const next = change(this.#value);
    const { file, format = (value: T) => value, name } = this.options;
    try {
      replaceFileSync(file, `${JSON.stringify(format(next), null, 2)}\n`);
    } catch (error) {
      throw isDiskFull(error) ? new StoreFullError(`no disk space to record ${name}`) : error;
    }
    this.#value = next;
    for (const listener of this.#listeners) listener();
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #read(): T {
    const { file, mostBytes, initial, parse, onUnreadable } = this.options;
    try {
      return parse(JSON.parse(readOwnFile(file, mostBytes).toString("utf8")));
    } catch (error) {
      const { code, syscall, message } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return initial;
      // It says nothing about the content: without the file, the next change would replace what it
      // holds.
      if (syscall !== undefined) throw error;
      onUnreadable(message);
      return initial;
    }
  }
}
