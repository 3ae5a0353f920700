/**
 * Finds many texts in another one. A text that has none of their first characters costs one regular
 * expression.
 */

/** From a character, and to one that is no more part of it. */
export type Range = [from: number, to: number];

export class TextSearch {
  /** Length of the longest text. */
  longest = 0;
  readonly #texts = new Set<string>();
  /** By their first characters. */
  readonly #byStart = new Map<string, string[]>();
  #starts: RegExp | null = null;
  /** The beginnings that are shorter. */
  readonly #beginnings = new Set<string>();

  /** @param startLength - characters of the shortest text */
  constructor(private readonly startLength: number) {}

  add(texts: readonly string[]): void {
    for (const text of texts) {
      if (this.#texts.has(text)) continue;
      this.#texts.add(text);
      this.longest = Math.max(this.longest, text.length);
      const start = text.slice(0, this.startLength);
      const same = this.#byStart.get(start);
      if (same !== undefined) same.push(text);
      else {
        this.#byStart.set(start, [text]);
        for (let length = 1; length < start.length; length++)
          this.#beginnings.add(start.slice(0, length));
        this.#starts = null;
      }
    }
  }

  /**
   * @param shortest - characters of a beginning that counts
   * @returns all places of all texts, and where the longest beginning of one is that the end of
   *   `text` cuts off; the length of `text` if there is none
   */
  find(text: string, shortest: number): { ranges: Range[]; open: number } {
    const ranges: Range[] = [];
    let open = text.length;
    for (const [start, first] of this.#startsIn(text)) {
      for (const each of this.#byStart.get(start)!) {
        const { length } = each;
        for (let from = text.indexOf(each, first); from !== -1; ) {
          const to = endOfOverlaps(text, each, from);
          ranges.push([from, to]);
          from = text.indexOf(each, to);
        }
        let at = text.indexOf(start, Math.max(first, text.length - length + 1));
        while (at !== -1 && at < open && !each.startsWith(text.slice(at)))
          at = text.indexOf(start, at + 1);
        if (at !== -1 && text.length - at >= shortest) open = Math.min(open, at);
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
      if (places.size === this.#byStart.size) break;
      starts.lastIndex = found.index + 1;
    }
    return places;
  }
}

/**
 * The end of the last place of a series in which each place overlaps the one before: a text such as
 * `aaaa` has a place at almost each character.
 *
 * @param first - a place of `each`
 */
function endOfOverlaps(text: string, each: string, first: number): number {
  for (let from = first; ; ) {
    const to = from + each.length;
    const last = text.lastIndexOf(each, to - 1);
    if (last === from) return to;
    from = last;
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
