/** The frames of a stack of Node: those of the operation's own code first. */
import { sanitize } from "./sanitize.js";

/** Frames that are Node's, a package's or ours. */
const FOREIGN = /node:|node_modules|\/liveops\/dist\/|\bliveops\/dist\b/;

export interface StackFrame {
  /** `import.ts:12:9`, with the folder before it. */
  readonly place: string;
  /** The function, or "". */
  readonly where: string;
  readonly own: boolean;
  /** Absolute path and line of the source; null where the frame has none. */
  readonly source: { readonly file: string; readonly line: number } | null;
}

/** The operation's own frames first, in their order; then the others. */
export function framesOf(stack: string | null): StackFrame[] {
  if (stack === null) return [];
  const frames = stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .map(frameOf);
  return [...frames.filter(({ own }) => own), ...frames.filter(({ own }) => !own)];
}

function frameOf(frame: string): StackFrame {
  const place =
    /\(?((?:file:\/\/)?[^()\s]+:\d+:\d+)\)?\s*$/.exec(frame)?.[1] ??
    frame.trim().replace(/^at /, "");
  const where = /^\s+at (?:async )?(.+?) \(/.exec(frame)?.[1] ?? "";
  const short = place
    .replace(/^file:\/\//, "")
    .split("/")
    .slice(-2)
    .join("/");
  const [, file, line] = /^(?:file:\/\/)?(\/.+?):(\d+):\d+$/.exec(place) ?? [];
  const source = file === undefined ? null : { file, line: Number(line) };
  return { source, place: sanitize(short), where: sanitize(where), own: !FOREIGN.test(frame) };
}
