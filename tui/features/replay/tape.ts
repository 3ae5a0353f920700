/**
 * The tape that a replay plays: the stored events and lines of a chain, in order.
 *
 * It grows at its end alone. The records stand in it every `CHUNK` entries, so that going to any place folds at most
 * that many events: a step back costs what a step forward does.
 */

import type { LogLine, Operation } from "../../../protocol/operation.js";
import { RecordBuilder, reduceEvent } from "../../../protocol/reduce.js";
import type { EndLine, EventLine } from "../../../protocol/stream-lines.js";

export type TapedLine = Exclude<EventLine, EndLine>;

export interface TapeEntry {
  /** The operation of the chain that it happened in. */
  readonly id: string;
  /** Milliseconds since the first entry; never less than the entry's before. */
  readonly t: number;
  readonly line: TapedLine;
}

/** All records as they were at a place, and the operation that the last entry was about. */
export interface Moment {
  readonly records: ReadonlyMap<string, Operation>;
  readonly current: string | null;
}

interface Chunk {
  readonly before: Moment;
  readonly entries: readonly TapeEntry[];
}

export interface Tape {
  readonly chunks: readonly Chunk[];
  readonly length: number;
  /** Wall clock of the first entry, in ms. */
  readonly start: number;
  /** After the last entry. */
  readonly end: Moment;
  /** Places of the entries that begin or end something. */
  readonly turns: readonly number[];
  /** Those of them to which a jump goes: none of a step, of which a stage may have thousands. */
  readonly milestones: readonly number[];
}

export const CHUNK = 512;
/** Entries kept at most. */
export const TAPE_MOST = 200_000;

const NOTHING: Moment = { records: new Map(), current: null };
export const EMPTY_TAPE: Tape = { chunks: [], length: 0, start: 0, end: NOTHING, turns: [], milestones: [] };

const MILESTONES: ReadonlySet<TapedLine["type"]> = new Set([
  "operation:submitted",
  "attempt:started",
  "attempt:requeued",
  "approval:answered",
  "operation:retried",
  "cancel:requested",
  "stage:entered",
  "stage:left",
  "operation:finished",
] as const);
const OF_STEPS: ReadonlySet<TapedLine["type"]> = new Set(["step:entered", "step:finished"] as const);

/** The tape with more at its end; what is over the most is left off. */
export function record(tape: Tape, id: string, lines: readonly TapedLine[]): Tape {
  const fresh = lines.slice(0, Math.max(0, TAPE_MOST - tape.length));
  if (fresh.length === 0) return tape;
  const chunks = [...tape.chunks];
  const turns = [...tape.turns];
  const milestones = [...tape.milestones];
  const reel = new Reel(tape.end);
  let { length } = tape;
  const start = length === 0 ? Date.parse(fresh[0]!.at) : tape.start;
  let t = entryAt(tape, length - 1)?.t ?? 0;
  let last: TapeEntry[] | null = null;
  for (const line of fresh) {
    if (last === null || last.length === CHUNK) {
      const open = chunks.at(-1);
      if (last === null && open !== undefined && open.entries.length < CHUNK) {
        last = [...open.entries];
        chunks[chunks.length - 1] = { before: open.before, entries: last };
      } else {
        last = [];
        chunks.push({ before: reel.moment, entries: last });
      }
    }
    // Clocks may be set back: the tape only goes on.
    t = Math.max(t, Date.parse(line.at) - start || 0);
    last.push({ id, t, line });
    if (MILESTONES.has(line.type)) milestones.push(length);
    if (MILESTONES.has(line.type) || OF_STEPS.has(line.type)) turns.push(length);
    reel.take(id, line);
    length++;
  }
  return { chunks, length, start, end: reel.moment, turns, milestones };
}

/** The records from a moment on, entry after entry. */
class Reel {
  readonly #records: Map<string, RecordBuilder>;
  #current: string | null;

  constructor({ records, current }: Moment) {
    this.#records = new Map([...records].map(([id, record]) => [id, new RecordBuilder(record)]));
    this.#current = current;
  }

  get moment(): Moment {
    const records = new Map([...this.#records].map(([id, growing]) => [id, growing.record]));
    return { records, current: this.#current };
  }

  take(id: string, line: TapedLine): void {
    const growing = this.#records.get(id);
    if (growing === undefined) {
      // A link that was cut off in front has nothing to fold into.
      if (line.type !== "operation:submitted") return;
      this.#records.set(id, new RecordBuilder(reduceEvent(null, line)));
    } else if (line.type === "log:line") growing.addLine(line);
    else growing.add(line);
    this.#current = id;
  }
}

export function entryAt(tape: Tape, place: number): TapeEntry | undefined {
  return tape.chunks[Math.floor(place / CHUNK)]?.entries[place % CHUNK];
}

/** The records after so many entries. */
export function momentAt(tape: Tape, place: number): Moment {
  if (place >= tape.length) return tape.end;
  if (place <= 0) return NOTHING;
  const { before, entries } = tape.chunks[Math.floor(place / CHUNK)]!;
  const reel = new Reel(before);
  for (const { id, line } of entries.slice(0, place % CHUNK)) reel.take(id, line);
  return reel.moment;
}

/** How long the tape is, in ms. */
export function durationOf(tape: Tape): number {
  return entryAt(tape, tape.length - 1)?.t ?? 0;
}

/** How many entries had happened by then. */
export function placeAt(tape: Tape, t: number): number {
  let [low, high] = [0, tape.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entryAt(tape, middle)!.t <= t) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Entries looked at for the log lines on the screen, so that a tape with few lines costs no search through all of it. */
const LOOKED_AT = 50_000;

/** The last lines that the operation had logged by then, oldest first. */
export function linesBefore(tape: Tape, place: number, id: string, most: number): LogLine[] {
  const lines: LogLine[] = [];
  for (let at = place - 1; at >= Math.max(0, place - LOOKED_AT) && lines.length < most; at--) {
    const entry = entryAt(tape, at)!;
    if (entry.id === id && entry.line.type === "log:line") lines.push(entry.line);
  }
  return lines.reverse();
}
