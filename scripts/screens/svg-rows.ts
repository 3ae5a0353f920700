/** Draws rows of a screen as SVG text. */
import { columnsOf } from "../../tui/kit/output/width.js";
import { cssColour, type Paper } from "./paper.js";
import { isFilled, type Run } from "./screen.js";

export const CELL = { width: 8.4, height: 17 };
export const MARGIN = 12;
const FONT =
  '14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Noto Sans Mono CJK SC",monospace';

/** The SVG of rows on one paper. Collects the CSS classes of their styles. */
export class SvgRows {
  readonly #classes = new Map<string, string>();

  constructor(
    readonly paper: Paper,
    /** Keeps the classes of several papers in one SVG apart. */
    readonly prefix = "",
  ) {}

  css(): string {
    const classes = [...this.#classes].map(([style, name]) => `.${name}{${style}}`);
    return `.x${this.prefix} text{font:${FONT};fill:${this.paper.ink};white-space:pre}${classes.join("")}`;
  }

  /** @param top - y of the upper edge of the first row */
  row(runs: readonly Run[], y: number, top: number): string {
    if (runs.length === 0) return "";
    const upper = top + y * CELL.height;
    const x = (column: number) => number(MARGIN + column * CELL.width);
    const { paper } = this;
    const boxes = runs.filter(isFilled).map((run) => {
      const { inverse, colour, background } = run.style;
      const fill = inverse ? (colour ?? paper.ink) : background!;
      return `<rect x="${x(run.x)}" y="${number(upper)}" width="${number(run.columns * CELL.width)}" height="${CELL.height}" fill="${cssColour(fill, paper)}"/>`;
    });
    const spans = runs.flatMap((run) =>
      words(run).map(({ text, at, columns }) => {
        // Keeps the column positions with any font.
        const held = `x="${x(run.x + at)}" textLength="${number(columns * CELL.width)}"`;
        return `<tspan ${held}${this.#classOf(run)}>${escaped(text)}</tspan>`;
      }),
    );
    return `${boxes.join("")}<text y="${number(upper + 13)}">${spans.join("")}</text>`;
  }

  #classOf({ style }: Run): string {
    const { colour, background, bold, dim, inverse } = style;
    const { paper } = this;
    const fill = inverse ? (background ?? paper.background) : colour;
    const css = [
      fill === null ? "" : `fill:${cssColour(fill, paper)}`,
      bold ? "font-weight:700" : "",
      dim ? "fill-opacity:.62" : "",
    ]
      .filter(Boolean)
      .join(";");
    if (css === "") return "";
    const name = this.#classes.get(css) ?? `${this.prefix}c${this.#classes.size}`;
    this.#classes.set(css, name);
    return ` class="${name}"`;
  }
}

/** Splits text at wide gaps, because some SVG viewers do not keep spaces. */
function words({ text }: Run): { text: string; at: number; columns: number }[] {
  return [...text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: found, index }) => ({
    text: found,
    at: columnsOf(text.slice(0, index)),
    columns: columnsOf(found),
  }));
}

export const number = (value: number) => String(Math.round(value * 10) / 10);

export function escaped(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (found) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[found]!,
  );
}
