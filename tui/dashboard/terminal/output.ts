/**
 * The terminal as an output that never holds up the process. Node waits for each write to a
 * terminal: while nobody reads it, as behind a frozen ssh or after ctrl-S, no signal would be
 * handled.
 */
import { write } from "node:fs";
import { Writable } from "node:stream";

type Done = (error?: Error | null) => void;

/** Errors of a terminal that takes no more for now. */
const FULL = new Set<string | undefined>(["EAGAIN", "EINTR"]);

/**
 * The cursor keeps its place when the terminal enters the alternate screen, and the frame is drawn
 * from there.
 */
const ENTERS = "\x1b[?1049h";
const HOME = "\x1b[H";

/** Pause before the next try, in ms. */
const AGAIN_MS = 5;

export class TerminalOutput extends Writable {
  readonly isTTY = true;

  constructor(private readonly terminal: NodeJS.WriteStream & { fd: number }) {
    // Whatever the terminal has not taken makes the next drawing wait: a frame that is late is not
    // sent.
    super({ decodeStrings: true, highWaterMark: 1 });
    terminal.on("resize", this.#resized);
  }

  get columns(): number {
    return this.terminal.columns;
  }

  get rows(): number {
    return this.terminal.rows;
  }

  override _write(bytes: Buffer, _encoding: string, done: Done): void {
    this.#put(homed(bytes), done);
  }

  override _writev(chunks: ReadonlyArray<{ chunk: Buffer }>, done: Done): void {
    this.#put(Buffer.concat(chunks.map(({ chunk }) => homed(chunk))), done);
  }

  #put(bytes: Buffer, done: Done): void {
    write(this.terminal.fd, bytes, (error, count) => {
      if (FULL.has(error?.code)) setTimeout(() => this.#put(bytes, done), AGAIN_MS);
      else if (error === null && count < bytes.length) this.#put(bytes.subarray(count), done);
      else done(error);
    });
  }

  override _destroy(error: Error | null, done: Done): void {
    this.terminal.off("resize", this.#resized);
    done(error);
  }

  readonly #resized = () => this.emit("resize");
}

const homed = (bytes: Buffer): Buffer =>
  bytes.includes(ENTERS) ? Buffer.from(bytes.toString().replaceAll(ENTERS, ENTERS + HOME)) : bytes;
