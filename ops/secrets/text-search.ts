/**
 * Finds many texts in another one. A text that has none of their first characters costs one regular expression; else the
 * time is linear (Knuth, Morris and Pratt), also for texts that repeat themselves.
 */

/** From a character, and to one that is no more part of it. */
export type Range = [from: number, to: number];

export class TextSearch {
  /** Length of the longest text. */
  longest = 0;
  readonly #patterns = new Map<string, Pattern>();
  /** By their first characters. */
  readonly #byStart = new Map<string, Pattern[]>();
  #starts: RegExp | null = null;
  /** The beginnings that are shorter. */
  readonly #beginnings = new Set<string>();

  /** @param startLength - characters of the shortest text */
  constructor(private readonly startLength: number) {}

  add(texts: readonly string[]): void {
    for (const text of texts) {
      if (this.#patterns.has(text)) continue;
      const pattern = new Pattern(text);
      this.#patterns.set(text, pattern);
      this.longest = Math.max(this.longest, text.length);
      const start = text.slice(0, this.startLength);
      const same = this.#byStart.get(start);
      if (same !== undefined) same.push(pattern);
      else {
        this.#byStart.set(start, [pattern]);
        for (let length = 1; length < start.length; length++) this.#beginnings.add(start.slice(0, length));
        this.#starts = null;
      }
    }
  }

  /**
   * @param shortest - characters of a beginning that counts
   * @returns all places of all texts, and where the longest beginning of one is that the end of `text` cuts off; the
   *   length of `text` if there is none
   */
  find(text: string, shortest: number): { ranges: Range[]; open: number } {
    const ranges: Range[] = [];
    let open = text.length;
    for (const [start, at] of this.#startsIn(text)) {
      for (const pattern of this.#byStart.get(start)!) {
        const length = pattern.find(text, at, ranges);
        if (length >= shortest) open = Math.min(open, text.length - length);
      }
    }
    for (let length = this.startLength - 1; length >= shortest && open === text.length; length--)
      if (this.#beginnings.has(text.slice(-length))) open = Math.max(0, text.length - length);
    return { ranges, open };
  }

  /** The first place of each start. */
  #startsIn(text: string): Map<string, number> {
    const places = new Map<string, number>();
    if (this.longest === 0) return places;
    this.#starts ??= new RegExp([...this.#byStart.keys()].map(escaped).join("|"), "g");
    const starts = this.#starts;
    starts.lastIndex = 0;
    for (let found = starts.exec(text); found !== null; found = starts.exec(text)) {
      if (!places.has(found[0])) places.set(found[0], found.index);
      starts.lastIndex = found.index + 1;
    }
    return places;
  }
}

class Pattern {
  #borders: Int32Array | null = null;

  constructor(private readonly text: string) {}

  /** Adds all places. @returns the length of the longest beginning of this text at the end of `within` */
  find(within: string, from: number, ranges: Range[]): number {
    const { text } = this;
    this.#borders ??= bordersOf(text);
    let length = 0;
    for (let at = from; at < within.length; at++) {
      length = longer(text, this.#borders, length, within.charCodeAt(at));
      if (length < text.length) continue;
      ranges.push([at + 1 - length, at + 1]);
      length = this.#borders[length - 1]!;
    }
    return length;
  }
}

/** For each beginning of the text, the longest shorter beginning that it ends with. */
function bordersOf(text: string): Int32Array {
  const borders = new Int32Array(text.length);
  for (let at = 1; at < text.length; at++)
    borders[at] = longer(text, borders, borders[at - 1]!, text.charCodeAt(at));
  return borders;
}

/** The longest beginning of the text that ends with one of this length and the character, or with a part of both. */
function longer(text: string, borders: Int32Array, length: number, character: number): number {
  let known = length;
  while (known > 0 && text.charCodeAt(known) !== character) known = borders[known - 1]!;
  return text.charCodeAt(known) === character ? known + 1 : known;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
