/**
 * The form of the state document `state.json`: one JSON document with an operation on each line.
 *
 * `operations` has the records as everyone sees them, and `queue` what a start needs beside them.
 * Each value has the checksum of its line. The document has one over its head and the checksums of
 * the lines, so that a document in another layout, as an editor writes it, can be checked too.
 */
import type { Operation } from "../../protocol/operation.js";
import { sumOf } from "../../protocol/record-line.js";
import { DERIVED, OF_TYPE, RECORDED, SUBMIT_DEFAULTS } from "../../protocol/submit-fields.js";
import { type Counts, NO_COUNTS } from "../../protocol/watch.js";
import type { Entry, KeptEvent } from "./decision.js";
import { SUBMITTED } from "./entry-events.js";
import type { IdempotencyTombstone } from "./idempotency-tombstones.js";
import { STATE_FORMAT } from "./layout.js";

export interface StateDocument {
  /** Number of the last journal record that the document reflects. */
  journal: number;
  nextOrder: number;
  counts: Counts;
  /** The operations that are not finished. */
  live: Iterable<Entry>;
  /**
   * The newest finished operations, for people. The history has all of them: reading leaves these
   * out.
   */
  finished: readonly Entry[];
  /** Idempotency keys of removed operations, while they are valid. */
  tombstones: readonly IdempotencyTombstone[];
}

export const EMPTY: StateDocument = {
  journal: 0,
  nextOrder: 1,
  counts: NO_COUNTS,
  live: [],
  finished: [],
  tombstones: [],
};

/** The first line, before the operations. */
export interface Head extends Pick<StateDocument, "journal" | "nextOrder" | "counts"> {
  format: number;
  /** ISO 8601, UTC. */
  savedAt: string;
}

/** What an entry has beside the record as it is shown. */
export interface QueueValue extends Omit<Entry, "record" | "events"> {
  /** Absent: the record is as it is shown, without its momentary values. */
  record?: Operation;
  /**
   * The values of the submit that the record does not have. Absent: `events` has the event of the
   * submit.
   */
  submitted?: object;
  /** The events after the submit; absent: none. */
  events?: KeptEvent[];
}

/** Values that are computed when a record is shown. */
const UNSEEN = {
  queuePosition: null,
  blocked: null,
  waitsFor: null,
  stalledSince: null,
  noRoomSince: null,
  usage: null,
} satisfies Partial<Operation>;

/** Keys of a submit that its record has. */
const SUBMITTED_KEYS: readonly string[] = [
  ...["id", "op", "title", "label", "cwd", "stages", "chain", "parent", "againOf", "schedule"],
  ...new Set([...RECORDED, ...DERIVED, ...OF_TYPE].filter((key) => key !== "params")),
];

export const SECTIONS = ["operations", "queue", "finished", "tombstones"] as const;

/**
 * The text of the document, in pieces of at most a line.
 *
 * @param shown - the record as everyone sees it
 */
export function* textOf(
  document: StateDocument,
  shown: (entry: Entry) => Operation,
): Generator<string> {
  const { live, finished, tombstones, journal, nextOrder, counts } = document;
  /**
   * Ids of the operations whose records cannot be derived: those that run are shown with measured
   * figures.
   */
  const underived = new Set<string>();
  const values: Record<(typeof SECTIONS)[number], Iterable<[string, object]>> = {
    operations: linesOf(live, (entry) => {
      const record = shown(entry);
      if (!isDerivable(record, entry.record)) underived.add(record.id);
      return [record.id, record];
    }),
    queue: linesOf(live, (entry) => {
      const { record } = entry;
      return [record.id, { ...queueValue(entry), ...(underived.has(record.id) && { record }) }];
    }),
    finished: linesOf(finished, (entry) => [entry.record.id, shown(entry)]),
    tombstones: linesOf(tombstones, (tombstone) => [tombstone.key, tombstone]),
  };
  const head: Head = {
    format: STATE_FORMAT,
    savedAt: new Date().toISOString(),
    journal,
    nextOrder,
    counts,
  };
  const first = JSON.stringify(head);
  let sums = 0;
  let before = first.slice(0, -1);
  for (const section of SECTIONS) {
    yield `${before},"${section}":{`;
    let separator = "\n";
    for (const [key, value] of values[section]) {
      const body = bodyOf(key, value);
      const sumOfLine = sumOf(body);
      sums ^= Number.parseInt(sumOfLine, 16);
      yield `${separator}${body},"sum":"${sumOfLine}"}`;
      separator = ",\n";
    }
    before = "\n}";
  }
  yield `\n},"sum":"${sumOfDocument(first, sums)}"}\n`;
}

/**
 * The checksum of a document.
 *
 * @param first - the first line, as an object of its own
 * @param sums - the checksums of all lines, joined by exclusive or: their order may change
 */
export function sumOfDocument(first: string, sums: number): string {
  return sumOf(first + (sums >>> 0));
}

/** The lines of a section, made one at a time, so that memory does not grow with the queue. */
function* linesOf<T>(
  items: Iterable<T>,
  lineOf: (item: T) => [string, object],
): Generator<[string, object]> {
  for (const item of items) yield lineOf(item);
}

/** The line of a value before its checksum. */
export function bodyOf(key: string, value: object): string {
  return `${JSON.stringify(key)}:${JSON.stringify(value).slice(0, -1)}`;
}

/** Whether a read makes the record of the shown one. */
function isDerivable(shown: Operation, record: Operation): boolean {
  if (shown === record) return true;
  const keys = Object.keys({ ...record, ...shown }) as Array<keyof Operation>;
  return keys.every((key) => shown[key] === record[key] || (key in UNSEEN && record[key] === null));
}

function queueValue({ record, events, order, ...more }: Entry): QueueValue {
  const [submit, ...later] = events;
  const submitted = submit === undefined ? null : submittedBeside(record, submit);
  if (submitted === null) return { order, ...more, events };
  return { order, ...more, submitted, ...(later.length > 0 && { events: later }) };
}

/**
 * The values of a submit that its record does not have; null: record and values do not make the
 * event.
 */
function submittedBeside(record: Operation, event: KeptEvent): object | null {
  if (
    event.type !== "operation:submitted" ||
    event.seq !== SUBMITTED ||
    event.at !== record.createdAt
  )
    return null;
  const known = submissionOf(record);
  const operation: Record<string, unknown> = event.operation;
  for (const key in known) if (!(key in operation)) return null;
  const beside: Record<string, unknown> = {};
  for (const key in operation) if (known[key] !== operation[key]) beside[key] = operation[key];
  return beside;
}

/** The submit as far as its record tells: a submit leaves out what is the default. */
function submissionOf(record: Operation): Record<string, unknown> {
  const values = record as unknown as Record<string, unknown>;
  const submission: Record<string, unknown> = {};
  for (const key of SUBMITTED_KEYS)
    if (values[key] !== SUBMIT_DEFAULTS[key]) submission[key] = values[key];
  return submission;
}

export function entryOf(shown: Operation, value: QueueValue): Entry {
  const { record = { ...shown, ...UNSEEN }, submitted, events = [], ...more } = value;
  if (submitted === undefined) return { ...more, record, events };
  // `submittedBeside` has compared each key of the submit.
  const event = {
    type: "operation:submitted",
    seq: SUBMITTED,
    at: record.createdAt,
    attempt: 0,
    operation: { ...submissionOf(record), ...submitted },
  } as KeptEvent;
  return { ...more, record, events: [event, ...events] };
}
