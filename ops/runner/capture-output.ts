/**
 * Captures the output of the operation's process as log lines: `console.log`, `process.stdout.write` and all else that
 * calls `write` of the two streams. Used by the worker and by `liveops run`.
 *
 * The caller gets the real writers, for its own output.
 */
import { StringDecoder } from "node:string_decoder";

export type OutputStream = "stdout" | "stderr";

export interface Capture {
  /** The real `process.stdout.write` and `process.stderr.write`. */
  readonly real: Readonly<Record<OutputStream, (text: string) => boolean>>;
  /** Passes on incomplete lines. */
  flush(): void;
  /** Flushes, and restores the streams. */
  restore(): void;
}

/** Characters of a line; a longer line is split. */
const MAX_LINE = 64 * 1024;

export function captureOutput(onLine: (stream: OutputStream, text: string) => void): Capture {
  const streams = (["stdout", "stderr"] as const).map((name) => capture(name, (text) => onLine(name, text)));
  const [stdout, stderr] = streams as [CapturedStream, CapturedStream];
  return {
    real: { stdout: stdout.real, stderr: stderr.real },
    flush: () => {
      for (const stream of streams) stream.flush();
    },
    restore: () => {
      for (const stream of streams) stream.restore();
    },
  };
}

interface CapturedStream {
  real(text: string): boolean;
  flush(): void;
  restore(): void;
}

function capture(name: OutputStream, onLine: (text: string) => void): CapturedStream {
  const stream = process[name];
  const original = stream.write;
  const decoder = new StringDecoder("utf8");
  let rest = "";

  const take = (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
    for (; rest.length > MAX_LINE; rest = rest.slice(MAX_LINE)) onLine(rest.slice(0, MAX_LINE));
  };
  const flush = () => {
    const last = rest + decoder.end();
    rest = "";
    if (last !== "") onLine(last);
  };
  stream.write = ((chunk: Uint8Array | string, encoding?: unknown, done?: unknown) => {
    const bytes =
      typeof chunk === "string" && isOtherEncoding(encoding) ? Buffer.from(chunk, encoding) : chunk;
    take(typeof bytes === "string" ? bytes : decoder.write(Buffer.from(bytes)));
    const callback = typeof encoding === "function" ? encoding : done;
    if (typeof callback === "function") process.nextTick(callback as () => void);
    return true;
  }) as typeof stream.write;

  return {
    real: (text) => original.call(stream, text),
    flush,
    restore: () => {
      flush();
      stream.write = original;
    },
  };
}

function isOtherEncoding(encoding: unknown): encoding is BufferEncoding {
  return typeof encoding === "string" && encoding !== "utf8" && encoding !== "utf-8";
}
