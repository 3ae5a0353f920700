/**
 * Reads a state document line by line, so that memory does not grow with the file. A document in
 * another layout, as an editor writes it, is read as a whole. What has its checksum counts.
 */
import { existsSync, statSync } from "node:fs";
import { isPlainObject } from "../../protocol/objects.js";
import type { Operation } from "../../protocol/operation.js";
import { splitRecord } from "../../protocol/record-line.js";
import { readOwnFile } from "../../protocol/system/own-file.js";
import type { Entry } from "./decision.js";
import type { IdempotencyTombstone } from "./idempotency-tombstones.js";
import { STATE_FORMAT } from "./layout.js";
import { readLines } from "./read-lines.js";
import {
  bodyOf,
  EMPTY,
  entryOf,
  type Head,
  type QueueValue,
  SECTIONS,
  type StateDocument,
  sumOfDocument,
} from "./state-document.js";

/** Most bytes of a document in another layout. */
const MOST_WHOLE = 64 * 1024 * 1024;

const HEAD = /^(\{.*),"operations":\{$/;
const SECTION = /^\},"(?:queue|finished|tombstones)":\{$/;
const END = /^\},"sum":"([0-9a-f]{8})"\}$/;

/**
 * What was read of a document, and what is wrong with the file, in words; then the document has the
 * intact lines.
 */
export interface ReadState {
  document: StateDocument & { live: readonly Entry[] };
  problem: string | null;
}

/** Null where the file does not exist. */
export function readStateDocument(file: string): ReadState | null {
  if (!existsSync(file)) return null;
  const byLine = readByLine(file).read();
  if (byLine.problem === null) return byLine;
  const whole = readWhole(file)?.read() ?? byLine;
  return whole.problem === null || byLine.document.live.length === 0 ? whole : byLine;
}

function readByLine(file: string): Values {
  const values = new Values();
  let lines = 0;
  let isEnded = false;
  for (const { text, isComplete } of readLines(file)) {
    lines++;
    const end = END.exec(text)?.[1];
    if (lines === 1) values.begin(`${HEAD.exec(text)?.[1]}}`);
    else if (end !== undefined) {
      values.end(end);
      isEnded = true;
    } else if (!SECTION.test(text) && (isEnded || !values.add(text)))
      values.problem ??= `line ${lines} is damaged`;
    if (!isComplete) values.problem ??= `line ${lines} is cut off`;
  }
  if (!isEnded) values.problem ??= "its end is missing";
  return values;
}

/** Reads a document in another layout; null: the file is no such document. */
function readWhole(file: string): Values | null {
  if (statSync(file).size > MOST_WHOLE) return null;
  const parsed = parsedObject(
    readOwnFile(file)
      .toString("utf8")
      .replace(/^\uFEFF/, ""),
  );
  if (parsed === null || !SECTIONS.every((section) => isPlainObject(parsed[section]))) return null;
  const { operations, queue, finished, tombstones, sum, ...head } = parsed;
  const values = new Values();
  values.begin(JSON.stringify(head));
  for (const section of [operations, queue, finished, tombstones])
    for (const [key, value] of Object.entries(section as object))
      if (!isPlainObject(value) || !values.add(lineOf(key, value)))
        values.problem ??= `${key} is damaged`;
  values.end(sum);
  return values;
}

function lineOf(key: string, { sum, ...value }: Record<string, unknown>): string {
  return `${bodyOf(key, value)},"sum":"${sum}"}`;
}

function parsedObject(text: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return isPlainObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

/** The values of a document while it is read. */
class Values {
  /** The first thing that is wrong. */
  problem: string | null = null;
  #head: StateDocument = EMPTY;
  #first = "";
  /** The checksums of the lines, joined by exclusive or. */
  #sums = 0;
  readonly #records = new Map<string, Operation>();
  readonly #queue = new Map<string, QueueValue>();
  readonly #tombstones: IdempotencyTombstone[] = [];

  /** @param text - the first line, as an object of its own */
  begin(text: string): void {
    const head = parsedObject(text) as Head | null;
    this.#first = text;
    if (head === null) this.problem ??= "it does not begin as a state document does";
    else if (head.format !== STATE_FORMAT) this.problem ??= `its format is ${head.format}`;
    else this.#head = { ...EMPTY, journal: head.journal, nextOrder: head.nextOrder };
  }

  /**
   * Adds the value of a line. The keys of the value tell its section: the line that began the
   * section may be damaged.
   *
   * @returns whether the line is intact
   */
  add(text: string): boolean {
    const line = text.endsWith(",") ? text.slice(0, -1) : text;
    const found = splitRecord(line);
    if (found === null) return false;
    this.#sums ^= Number.parseInt(found.sum, 16);
    const [[key, value] = []] = Object.entries(parsedObject(`{${found.body}}}`) ?? {});
    if (key === undefined || !isPlainObject(value)) return false;
    // The checksum says that a daemon wrote the value.
    if ("queuedAt" in value) this.#queue.set(key, value as unknown as QueueValue);
    else if ("hash" in value) this.#tombstones.push(value as unknown as IdempotencyTombstone);
    else this.#records.set(key, value as unknown as Operation);
    return true;
  }

  /** @param sum - the checksum of the document */
  end(sum: unknown): void {
    if (sum !== sumOfDocument(this.#first, this.#sums))
      this.problem ??= "its lines are not those that were written";
  }

  read(): ReadState {
    const live: Entry[] = [];
    for (const [id, value] of this.#queue) {
      const record = this.#records.get(id) ?? value.record;
      if (record === undefined) this.problem ??= `${id} has no record`;
      else live.push(entryOf(record, value));
    }
    return {
      document: { ...this.#head, live, tombstones: this.#tombstones },
      problem: this.problem,
    };
  }
}
