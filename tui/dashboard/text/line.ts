/** A row under construction: pieces are cut to what is left, so that no row is ever wider than its width. */
import { fit, sanitizeLine, widthOf } from "./cells.js";
import type { Paint, Style } from "./theme.js";

export class Line {
  #text = "";
  #used = 0;

  constructor(
    readonly width: number,
    private readonly paint: Paint,
  ) {}

  get left(): number {
    return this.width - this.#used;
  }

  /** Adds text that is already sanitized. */
  add(text: string, ...styles: Style[]): this {
    const fitted = fit(text, this.left);
    this.#text += this.paint(fitted, ...styles);
    this.#used += widthOf(fitted);
    return this;
  }

  /** Adds a drawing character so many times, or as often as there is room; each is one column. */
  draw(character: string, times: number, ...styles: Style[]): this {
    const count = Math.max(0, Math.min(times, this.left));
    this.#text += this.paint(character.repeat(count), ...styles);
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
    this.#text += part.#text;
    this.#used += part.#used;
    return this;
  }

  toString(): string {
    return this.#text;
  }
}
