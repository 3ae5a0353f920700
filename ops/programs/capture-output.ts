/**
 * Captures the output of the operation's process as log lines: `console.log`, `process.stdout.write` and all else that
 * calls `write` of the two streams. Used by the worker and by `liveops run`.
 *
 * The caller gets the real writers, for its own output.
 */
import { StringDecoder } from "node:string_decoder";
import { type CutPlace, cut } from "./output.js";

export type OutputStream = "stdout" | "stderr";

export interface Capture {
  /** The real `process.stdout.write` and `process.stderr.write`. */
  readonly real: Readonly<Record<OutputStream, (text: string | Uint8Array) => boolean>>;
  /** Passes on incomplete lines. */
  flush(): void;
  /** Flushes, and restores the streams. */
  restore(): void;
}

/** Characters of a line; a longer line is split. */
const MAX_LINE = 64 * 1024;

/** @param placeOf - where to cut a line that is too long */
export function captureOutput(
  onLine: (stream: OutputStream, text: string) => void,
  placeOf?: CutPlace,
): Capture {
  const capture = (name: OutputStream) => {
    const stream = process[name];
    const original = stream.write;
    const lines = new WrittenLines((text) => onLine(name, text), placeOf);
    stream.write = lines.write.bind(lines) as typeof original;
    const real = (text: string | Uint8Array) => original.call(stream, text);
    const restore = () => {
      lines.flush();
      stream.write = original;
    };
    return { real, restore, flush: () => lines.flush() };
  };
  const [stdout, stderr] = [capture("stdout"), capture("stderr")];
  const both = (work: "flush" | "restore") => () => {
    stdout[work]();
    stderr[work]();
  };
  return {
    real: { stdout: stdout.real, stderr: stderr.real },
    flush: both("flush"),
    restore: both("restore"),
  };
}

/** Makes lines of the chunks that are written to one stream. */
export class WrittenLines {
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";

  constructor(
    private readonly onLine: (text: string) => void,
    private readonly placeOf?: CutPlace,
  ) {}

  /** Takes the arguments of `stream.write`, and calls its callback. */
  write(chunk: Uint8Array | string, encoding?: unknown, done?: unknown): true {
    const bytes =
      typeof chunk === "string" && isOtherEncoding(encoding) ? Buffer.from(chunk, encoding) : chunk;
    this.#take(typeof bytes === "string" ? bytes : this.#decoder.write(Buffer.from(bytes)));
    const callback = typeof encoding === "function" ? encoding : done;
    if (typeof callback === "function") process.nextTick(callback as () => void);
    return true;
  }

  /** Passes on the incomplete line. */
  flush(): void {
    const last = this.#rest + this.#decoder.end();
    this.#rest = "";
    if (last !== "") this.onLine(last);
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    const rest = lines.pop() ?? "";
    for (const line of lines) this.onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
    const pieces = cut(rest, MAX_LINE, false, this.placeOf);
    this.#rest = pieces.pop() ?? "";
    for (const piece of pieces) this.onLine(piece);
  }
}

function isOtherEncoding(encoding: unknown): encoding is BufferEncoding {
  return typeof encoding === "string" && encoding !== "utf8" && encoding !== "utf-8";
}
