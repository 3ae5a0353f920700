/**
 * The files of one attempt: their names, the completion of an events file, and the values that its
 * events hold.
 */
import { closeSync, constants, fdatasyncSync, fstatSync, readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { KeptItems, KeptValue } from "../../ops/attempt/stage-values.js";
import type { WorkerEvent } from "../../protocol/event.js";
import { parseRecord } from "../../protocol/record-line.js";
import { endOfText, FILLER, giveBackReserved } from "../../protocol/system/append-file.js";
import { openOwnFile, readAt } from "../../protocol/system/own-file.js";
import type { Entry } from "../store/decision.js";
import { type EventsPlace, EventsReader, TextReader } from "./events-reader.js";
import { MOST_LINE } from "./tail.js";

const NEWLINE = 10;

export const LOG_FILE = "log.ndjson";
export const eventsFile = (dir: string) => join(dir, "events.ndjson");
export const logFile = (dir: string) => join(dir, LOG_FILE);
/**
 * An older part of a long log; the parts are numbered from 1. The worker removes the oldest ones.
 */
export const olderLogFile = (dir: string, part: number) => join(dir, `log.${part}.ndjson`);
/** Written by the daemon, seen by a busy worker: `{"reason":"cancel"|"timeout"}`. */
export const cancelFile = (dir: string) => join(dir, "cancel");
/** How long the attempt was paused, for its worker. */
export const pauseFile = (dir: string) => join(dir, "pause");
/**
 * Paths of the older parts of a log, oldest first.
 *
 * @throws the system error if the directory cannot be read
 */
export function olderLogFiles(dir: string): string[] {
  return olderLogParts(dir).map((part) => olderLogFile(dir, part));
}

/** Numbers of the older parts of a log, in order. */
export function olderLogParts(dir: string): number[] {
  const parts = readdirSync(dir).flatMap((name) => /^log\.(\d+)\.ndjson$/.exec(name)?.[1] ?? []);
  return parts.map(Number).sort((a, b) => a - b);
}

/**
 * Completes the events file of a dead worker. Durable lines get their newlines only after their
 * sync. A worker that was killed in between, or a power cut, leaves valid lines with a tab in the
 * place of the newline. After a power cut, other lines may follow the tab.
 *
 * Ends these lines, removes the reserved space, and makes the file durable: the daemon's next
 * decision depends on the file. A file that is missing or cannot be changed stays as it is, and its
 * readable part counts.
 */
export function completeEvents(file: string): void {
  complete(file, (fd) => {
    endLines(fd);
    giveBackReserved(file);
    fdatasyncSync(fd);
  });
}

/**
 * As `completeEvents`, where no decision depends on the file now: mostly there is nothing to
 * change, and no sync.
 */
export function completeLines(file: string): void {
  complete(file, (fd) => {
    if (endLines(fd)) fdatasyncSync(fd);
  });
}

function complete(file: string, change: (fd: number) => void): void {
  let fd: number;
  try {
    fd = openOwnFile(file, constants.O_RDWR);
  } catch {
    return;
  }
  try {
    change(fd);
  } catch {
    // The disk is full, or fails: one operation is judged by the readable part.
  } finally {
    closeSync(fd);
  }
}

/** Writes a newline in the place of each tab that ends a line; returns whether there was any. */
function endLines(fd: number): boolean {
  const { end } = endOfText(fd, fstatSync(fd).size);
  if (end > MOST_LINE) return false;
  const text = readAt(fd, 0, end);
  let any = false;
  for (let start = 0; start <= end; ) {
    const tab = text.indexOf(FILLER, start);
    const lineEnd = tab === -1 ? end : tab;
    const line = text.subarray(
      text.subarray(start, lineEnd).lastIndexOf(NEWLINE) + 1 + start,
      lineEnd,
    );
    // Nothing follows the last line, so it may be torn.
    if (line.length > 0 && (tab !== -1 || parseRecord(line.toString("utf8")) !== null)) {
      writeSync(fd, "\n", lineEnd);
      any = true;
    }
    start = lineEnd + 1;
  }
  return any;
}

/** The lines of the text after the last newline: there is a tab in the place of each newline. */
function linesOfRest(text: string): string[] {
  const whole = text.replace(/[\t\0]+$/, "");
  return whole === "" ? [] : whole.split("\t");
}

/** Bytes of a run file read at a time. */
const PIECE = 64 * 1024;

/**
 * The entry as the daemon held it at the start, from the first event of the attempt
 * (`attempt:accepted`). With it the run files identify their operation, even if every other record
 * is lost. Null if the event is missing or unreadable.
 */
export function readAccepted(place: EventsPlace): Entry | null {
  let entry: Entry | null = null;
  const look = (line: string) => {
    if (entry !== null || !line.includes('"attempt:accepted"')) return;
    const event = parseRecord<{ type: string; entry: Entry }>(line);
    if (event?.type === "attempt:accepted") entry = event.entry;
  };
  const reader = new EventsReader(place);
  try {
    while (entry === null && reader.read(look, PIECE));
    // The event is durable, but a power cut came before its newline was.
    if (entry === null) linesOfRest(reader.takeRest()).forEach(look);
  } finally {
    reader.close();
  }
  return entry;
}

/** The events of an attempt that has ended: where they are stored, or as text. */
export type EarlierEvents = EventsPlace | { attempt: number; text: string };

/**
 * The events of ended attempts, oldest first: those that the entry has, and those of the places.
 */
export function allEvents(
  { attemptEvents }: Pick<Entry, "attemptEvents">,
  places: readonly EventsPlace[],
): EarlierEvents[] {
  const texts = Object.entries(attemptEvents ?? {});
  return [
    ...places.filter((place) => attemptEvents?.[place.attempt] === undefined),
    ...texts.map(([n, text]) => ({ attempt: Number(n), text })),
  ].sort((a, b) => a.attempt - b.attempt);
}

/**
 * The values of stages and steps in the events of earlier attempts, oldest first. A stage or step
 * whose event is damaged runs again.
 */
export function* keptValues(earlier: readonly EarlierEvents[]): Generator<KeptValue> {
  for (const [attempt, event] of eventsIn(earlier, "stage:left", "step:finished")) {
    if (event.state !== "done" || !event.value) continue;
    const step = event.type === "stage:left" ? undefined : event.step;
    yield { attempt, stage: event.stage, step, ...event.value };
  }
}

/**
 * The finished items in the events of earlier attempts, oldest first. Those of a damaged event are
 * done again.
 */
export function* keptItems(earlier: readonly EarlierEvents[]): Generator<KeptItems> {
  for (const [attempt, event] of eventsIn(earlier, "items:finished"))
    if (event.items) yield { attempt, stage: event.stage, step: event.step, ...event.items };
}

type EventOf<T> = Extract<WorkerEvent, { type: T }>;

/** The events of these types of the earlier attempts, and their attempts. */
function* eventsIn<T extends WorkerEvent["type"]>(
  earlier: readonly EarlierEvents[],
  ...types: T[]
): Generator<[number, EventOf<T>]> {
  for (const each of earlier) {
    const found: Array<[number, EventOf<T>]> = [];
    const look = (line: string) => {
      if (!types.some((type) => line.includes(`"${type}"`))) return;
      const event = parseRecord<WorkerEvent>(line);
      if (types.some((type) => event?.type === type))
        found.push([each.attempt, event as EventOf<T>]);
    };
    const reader = "text" in each ? new TextReader(each.text) : new EventsReader(each);
    try {
      while (reader.read(look, PIECE));
    } finally {
      reader.close();
    }
    yield* found;
  }
}
