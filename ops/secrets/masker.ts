/**
 * Replaces secrets by `***` in everything an attempt reports: log lines, status, errors and
 * results. `formsOf` says in which forms a secret is found.
 *
 * A text is masked before it is quoted or cut: a part of a secret is found at the end of a text
 * alone.
 */
import { inspect } from "node:util";
import type { EventBody, Outcome } from "../../protocol/event.js";
import { SEQUENCES } from "../../protocol/text/sgr.js";
import { assignedIn, SECRET_NAME } from "./assigned.js";
import { formsOf, SHORTEST_SECRET } from "./secret-forms.js";
import { type Range, TextSearch } from "./text-search.js";

export const MASK = "***";

/** A terminal shows nothing of these: a secret with one between its letters is still read. */
const UNSEEN = new RegExp(`${SEQUENCES.source}|\\0`, "g");

/** Keys of events that are not masked. */
const KEPT = new Set([
  "type",
  "stage",
  "step",
  "stages",
  "untrackedStage",
  "value",
  "items",
  "state",
]);

/** Where secrets are in a text. */
interface Found {
  ranges: Range[];
  /**
   * Where a secret begins that the end of the text cuts off; the length of the text if there is
   * none.
   */
  open: number;
}

export class Masker {
  readonly #search = new TextSearch(SHORTEST_SECRET);

  /**
   * Masks this text from now on; of a text with several lines, each line.
   *
   * @returns false if the text has no line that is long enough to be masked
   */
  add(text: string): boolean {
    const forms = formsOf(text);
    this.#search.add(forms);
    return forms.length > 0;
  }

  get isEmpty(): boolean {
    return this.#search.longest === 0;
  }

  /** Whether the text contains a secret. */
  finds(text: string): boolean {
    return this.#find(text).ranges.length > 0;
  }

  mask(text: string): string {
    return this.isEmpty ? text : hidden(text, this.#find(text).ranges);
  }

  /**
   * As `mask`, for each of the lines that came together. Mostly one search finds that there is no
   * secret.
   */
  maskLines(lines: readonly string[]): readonly string[] {
    if (this.isEmpty || !this.finds(lines.join("\n"))) return lines;
    return lines.map((line) => this.mask(line));
  }

  /** As `mask`, for a text that goes on: a beginning of a secret at its end is masked too. */
  maskUnfinished(text: string): string {
    if (this.isEmpty) return text;
    const { ranges, open } = this.#find(text);
    return hidden(text, [...ranges, [open, text.length]]);
  }

  /**
   * As `mask`, for a text that leaves the machine or is kept for others: a value is masked too that
   * stands where a secret is written. The text may be cut off.
   */
  maskOutgoing(text: string): string {
    const { ranges, open } = this.#find(text);
    const assigned = inText(text, assignedIn(text.replace(UNSEEN, "")));
    return hidden(text, [...ranges, ...assigned, [open, text.length]]);
  }

  /**
   * Where to cut a line that is too long: at `end`, or after a secret that lies there.
   *
   * @param isWhole - nothing follows the text
   * @returns null: what follows decides. The text is then longer than `end` by at most two secrets
   */
  cut(text: string, end: number, isWhole: boolean): number | null {
    if (this.isEmpty) return end;
    const { longest } = this.#search;
    const near = text.slice(0, end + 2 * longest);
    const { ranges, open } = this.#find(near, 1);
    const [, at] = merged(ranges).find(([from, to]) => from < end && end < to) ?? [end, end];
    const mayWait = !isWhole && text.length < end + 2 * longest;
    return mayWait && open < at ? null : at;
  }

  /** The value as in a program, for a message. */
  quoted(value: unknown, most: number): string {
    return typeof value === "string"
      ? JSON.stringify(this.mask(value).slice(0, most))
      : this.mask(inspect(value, { maxStringLength: null })).slice(0, most);
  }

  maskEvent<E extends EventBody>(event: E): E {
    if (this.isEmpty) return event;
    if (event.type === "status:changed") {
      const { status } = event;
      return { ...event, status: { ...status, text: this.mask(status.text) } };
    }
    // The names of stages connect events, and a value is for the next attempt; neither may change.
    const masked = Object.entries(event).map(([key, each]) => [
      key,
      KEPT.has(key) ? each : this.maskValue(each),
    ]);
    return Object.fromEntries(masked) as E;
  }

  maskOutcome(outcome: Outcome): Outcome {
    if (this.isEmpty) return outcome;
    const { state, next, ...rest } = outcome;
    return { ...(this.maskValue(rest) as Omit<Outcome, "state" | "next">), state, next };
  }

  /** A JSON value with all its texts and names masked. */
  maskValue(value: unknown): unknown {
    if (typeof value === "string") return this.mask(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((each) => this.maskValue(each));
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [this.mask(name), this.maskValue(each)]),
    );
  }

  /**
   * A program may colour a part of a secret, as `grep --color` does: the text without `UNSEEN` is
   * looked at too.
   *
   * @param shortest - characters of the beginning of a secret that counts
   */
  #find(text: string, shortest = SHORTEST_SECRET): Found {
    const found = this.#search.find(text, shortest);
    const plain = text.replace(UNSEEN, "");
    if (plain.length === text.length) return found;
    const inner = this.#search.find(plain, shortest);
    if (inner.ranges.length === 0 && inner.open === plain.length) return found;
    const open = inner.open < plain.length ? placesIn(text)(inner.open) : text.length;
    return {
      ranges: [...found.ranges, ...inText(text, inner.ranges)],
      open: Math.min(found.open, open),
    };
  }
}

/** Ranges of the text without `UNSEEN`, as they are in the text. */
function inText(text: string, ranges: readonly Range[]): Range[] {
  const place = placesIn(text);
  return ranges.map(([from, to]) => [place(from), place(to - 1) + 1]);
}

/** Knows the values of secret parameters, and of variables with the name of a secret. */
export function maskerOf(
  env: Readonly<Record<string, string>>,
  secrets: Readonly<Record<string, string>> = {},
) {
  const masker = new Masker();
  const named = Object.entries(env).flatMap(([name, value]) =>
    SECRET_NAME.test(name) ? value : [],
  );
  for (const value of [...Object.values(secrets), ...named]) masker.add(value);
  return masker;
}

/** Where a character of the text without `UNSEEN` is in the text with it. */
function placesIn(text: string): (at: number) => number {
  const sequences = [...text.matchAll(UNSEEN)].map(({ 0: { length }, index }) => ({
    index,
    length,
  }));
  return (at) => {
    let moved = at;
    for (const { index, length } of sequences) {
      if (index > moved) break;
      moved += length;
    }
    return moved;
  };
}

/** In order, and without overlaps. */
function merged(ranges: readonly Range[]): Range[] {
  const all: Range[] = [];
  for (const [from, to] of ranges.toSorted(([a], [b]) => a - b)) {
    const last = all.at(-1);
    if (last !== undefined && from < last[1]) last[1] = Math.max(last[1], to);
    else all.push([from, to]);
  }
  return all;
}

/** The text with a mask for each range. Colours stay. */
function hidden(text: string, ranges: readonly Range[]): string {
  let shown = "";
  let at = 0;
  for (const [from, to] of merged(ranges)) {
    if (from === to) continue;
    shown += text.slice(at, from) + MASK + (text.slice(from, to).match(SEQUENCES)?.join("") ?? "");
    at = to;
  }
  return shown + text.slice(at);
}
