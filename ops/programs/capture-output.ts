/**
 * Captures the output of the operation's process as log lines: `console.log`,
 * `process.stdout.write` and all else that calls `write` of the two streams. Used by the worker and
 * by `liveops run`.
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

/**
 * @param onLine - gets each line with who wrote it
 * @param placeOf - where to cut a line that is too long
 * @param writerNow - who writes now: what two of them write makes no line together. Default: all
 *   is of one
 */
export function captureOutput<W>(
  onLine: (stream: OutputStream, text: string, writer: W | undefined) => void,
  placeOf?: CutPlace,
  writerNow: () => W | undefined = () => undefined,
): Capture {
  const capture = (name: OutputStream) => {
    const stream = process[name];
    const original = stream.write;
    const lines = new WrittenLines<W>(
      (text, writer) => onLine(name, text, writer),
      placeOf,
      writerNow,
    );
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
export class WrittenLines<W = undefined> {
  /** By writer: what is written between two chunks of a line is not of that line. */
  readonly #unfinished = new Map<W | undefined, UnfinishedLine>();

  constructor(
    private readonly onLine: (text: string, writer: W | undefined) => void,
    private readonly placeOf?: CutPlace,
    private readonly writerNow?: () => W | undefined,
  ) {}

  /** Takes the arguments of `stream.write`, and calls its callback. */
  write(chunk: Uint8Array | string, encoding?: unknown, done?: unknown): true {
    const bytes =
      typeof chunk === "string" && isOtherEncoding(encoding) ? Buffer.from(chunk, encoding) : chunk;
    const writer = this.writerNow?.();
    const line = this.#unfinished.get(writer) ?? new UnfinishedLine();
    for (const whole of line.add(bytes, this.placeOf)) this.onLine(whole, writer);
    if (line.isEmpty) this.#unfinished.delete(writer);
    else this.#unfinished.set(writer, line);
    const callback = typeof encoding === "function" ? encoding : done;
    if (typeof callback === "function") process.nextTick(callback as () => void);
    return true;
  }

  /** Passes on the incomplete lines. */
  flush(): void {
    for (const [writer, line] of this.#unfinished) this.onLine(line.end(), writer);
    this.#unfinished.clear();
  }
}

class UnfinishedLine {
  readonly #decoder = new StringDecoder("utf8");
  /** Whether the decoder may hold the first bytes of a character. */
  #isInBytes = false;
  #rest = "";

  get isEmpty(): boolean {
    return this.#rest === "" && !this.#isInBytes;
  }

  /** @returns the lines that are complete, and pieces of one that is too long */
  add(chunk: Uint8Array | string, placeOf?: CutPlace): string[] {
    const text = typeof chunk === "string" ? chunk : this.#decoder.write(Buffer.from(chunk));
    this.#isInBytes = typeof chunk !== "string" && !text.endsWith("\n");
    const lines = (this.#rest + text).split("\n");
    const rest = lines.pop() ?? "";
    const pieces = cut(rest, MAX_LINE, false, placeOf);
    this.#rest = pieces.pop() ?? "";
    return [...lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line)), ...pieces];
  }

  end(): string {
    return this.#rest + this.#decoder.end();
  }
}

function isOtherEncoding(encoding: unknown): encoding is BufferEncoding {
  return typeof encoding === "string" && encoding !== "utf8" && encoding !== "utf-8";
}
