/**
 * A row under construction: pieces are cut to what is left, so that no row is ever wider than its
 * width. Pieces of one style share its sequences, also across blanks: a flush sends them anew for
 * each row that changed.
 */
import { fit, sanitizeLine, widthOf, wrap } from "./cells.js";
import { type Paint, type Style, unpainted } from "./theme.js";

/** A row of the screen: its text is made when it is drawn. */
export type Drawn = string | Line;

/** Text with its styles. */
export type Piece = readonly [text: string, ...styles: Style[]];

interface Run {
  text: string;
  readonly styles: readonly Style[];
}

/** The end of a colour that another colour follows at once. */
const END_BEFORE_COLOUR = /\x1b\[39m(?=\x1b\[38;)/g;

export class Line {
  #runs: Run[] = [];
  #used = 0;

  /** @param paint by default that of the place where the row is drawn */
  constructor(
    readonly width: number,
    private readonly paint: Paint = unpainted,
  ) {}

  get left(): number {
    return this.width - this.#used;
  }

  /** Adds text that is already sanitized. */
  add(text: string, ...styles: Style[]): this {
    const fitted = fit(text, this.left);
    if (fitted !== "") this.#runs.push({ text: fitted, styles });
    this.#used += widthOf(fitted);
    return this;
  }

  /** Adds a drawing character so many times, or as often as there is room; each is one column. */
  draw(character: string, times: number, ...styles: Style[]): this {
    const count = Math.max(0, Math.min(times, this.left));
    if (count > 0) this.#runs.push({ text: character.repeat(count), styles });
    this.#used += count;
    return this;
  }

  /** Adds the piece only where it fits whole. */
  addWhole(text: string, ...styles: Style[]): this {
    return widthOf(text) <= this.left ? this.add(text, ...styles) : this;
  }

  /** Adds untrusted text, sanitized. */
  addUntrusted(text: string, ...styles: Style[]): this {
    return this.add(sanitizeLine(text), ...styles);
  }

  /** Fills up to the column, or to the right edge. */
  fill(until = this.width, character = " ", ...styles: Style[]): this {
    const count = Math.min(until, this.width) - this.#used;
    return this.draw(character, count, ...styles);
  }

  /** Adds the piece at the right edge, where it fits whole with a space before it. */
  right(text: string, ...styles: Style[]): this {
    const width = widthOf(text);
    if (width === 0 || width + (this.#used > 0 ? 1 : 0) > this.left) return this;
    return this.fill(this.width - width).add(text, ...styles);
  }

  /** Adds a part that was made for its own width. */
  join(part: Line): this {
    if (part.#used > this.left) return this;
    this.#runs.push(...part.#runs);
    this.#used += part.#used;
    return this;
  }

  /** @param paint for a row that has none of its own */
  toString(paint: Paint = unpainted): string {
    const own = this.paint === unpainted ? paint : this.paint;
    const paintRun = (run: Run | null) => (run === null ? "" : own(run.text, ...run.styles));
    let painted = "";
    let open: Run | null = null;
    let blanks = "";
    for (const run of this.#runs) {
      if (isBlank(run)) {
        blanks += run.text;
        continue;
      }
      // Blanks look the same in each style that only colours text: they take the one of a
      // neighbour.
      if (open !== null && !showsBlanks(open)) {
        open.text += blanks;
        blanks = "";
      }
      if (open !== null && blanks === "" && sameStyles(open.styles, run.styles)) {
        open.text += run.text;
        continue;
      }
      painted += paintRun(open);
      if (showsBlanks(run)) painted += blanks;
      open = { ...run, text: showsBlanks(run) ? run.text : blanks + run.text };
      blanks = "";
    }
    // Ink writes one colour after another without an end, and parses a text in any other form
    // twice.
    return (painted + paintRun(open)).replaceAll(END_BEFORE_COLOUR, "") + blanks;
  }
}

const showsBlanks = ({ styles }: Run): boolean =>
  styles.some(
    (style) => style === "inverse" || style.startsWith("sgr ") || style.startsWith("link "),
  );

const isBlank = (run: Run): boolean => run.text.trim() === "" && !showsBlanks(run);

function sameStyles(a: readonly Style[], b: readonly Style[]): boolean {
  return a.length === b.length && a.every((style, i) => style === b[i]);
}

/** The pieces that there is room for; those of a low rank are given room first. */
export function fitting<T>(
  pieces: readonly T[],
  room: number,
  costOf: (piece: T) => number,
  rankOf: (piece: T) => number,
): ReadonlySet<T> {
  const chosen = new Set<T>();
  for (const piece of pieces.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    if (costOf(piece) > room) continue;
    chosen.add(piece);
    room -= costOf(piece);
  }
  return chosen;
}

/**
 * Untrusted text as rows of a width, broken at spaces, the later rows below the text behind the
 * sign.
 */
export function paragraph(
  text: string,
  { width, most, paint, sign = "" }: { width: number; most: number; paint?: Paint; sign?: string },
  ...styles: Style[]
): Line[] {
  return text
    .split("\n", most)
    .flatMap((line) => wrap(sanitizeLine(line), width - sign.length, most))
    .slice(0, most)
    .map((part, i) => {
      const before = i === 0 ? sign : " ".repeat(sign.length);
      return new Line(width, paint).add(before, ...styles).add(part, ...styles);
    });
}

/** Facts in rows, as many in each as fit; no fact is broken in two. */
export function factRows(facts: readonly string[], width: number, paint: Paint): Line[] {
  const rows: string[] = [];
  for (const fact of facts) {
    const longer = rows.length === 0 ? fact : `${rows.at(-1)} · ${fact}`;
    if (rows.length === 0 || widthOf(longer) > width - 2) rows.push(fact);
    else rows[rows.length - 1] = longer;
  }
  return rows.map((text) => new Line(width, paint).add(`  ${text}`, "muted"));
}
