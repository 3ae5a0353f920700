/**
 * The effects that the operations of `operations/` leave in the file that all hosts share, in the
 * order of the file.
 */
import { existsSync, readFileSync } from "node:fs";

export interface Effect {
  what: "begin" | "step" | "end";
  /** From 1 for a step; otherwise 0. */
  step: number;
  id: string;
  attempt: number;
  /** 0 where the operation has no fence. */
  fence: number;
  /** Milliseconds of the monotonic clock, as `now`. */
  time: number;
  pid: number;
  host: string;
}

/** The monotonic clock of the machine, in ms: the same for all processes. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** @throws Error for a line that no operation writes */
export function readEffects(file: string): Effect[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8").split("\n").filter(Boolean).map(parse);
}

function parse(line: string): Effect {
  const found = /^(begin|end|step:\d+) (\w+) (\d+) (\d+) ([\d.]+) (\d+) (\S+)$/.exec(line);
  if (!found) throw new Error(`not an effect: ${JSON.stringify(line)}`);
  const [, word, id, attempt, fence, time, pid, host] = found as unknown as string[];
  const [what, step] = word!.split(":");
  return {
    what: what as Effect["what"],
    step: Number(step ?? 0),
    id: id!,
    attempt: Number(attempt),
    fence: Number(fence),
    time: Number(time),
    pid: Number(pid),
    host: host!,
  };
}
