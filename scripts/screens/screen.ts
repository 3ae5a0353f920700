/** A headless terminal. Its screen is read as rows of runs, each with a position and a style. */
import xterm from "@xterm/headless";
import { columnsOf } from "../../tui/kit/output/width.js";

export interface Style {
  /** `#rrggbb`, or null for the text's own colour. */
  colour: string | null;
  /** `#rrggbb`, or null for the screen's background. */
  background: string | null;
  bold: boolean;
  dim: boolean;
  inverse: boolean;
}

export interface Run {
  x: number;
  columns: number;
  text: string;
  style: Style;
}

export class RecordedScreen {
  readonly #terminal: InstanceType<typeof xterm.Terminal>;
  #title = "";

  constructor(columns: number, rows: number) {
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 0 });
    this.#terminal.onTitleChange((title) => {
      this.#title = title;
    });
    // The default tables are those of Unicode 6, in which an emoji is one column wide.
    const wcwidth = (point: number) => Math.min(2, columnsOf(String.fromCodePoint(point))) as 0 | 1 | 2;
    this.#terminal.unicode.register({
      version: "current",
      wcwidth,
      charProperties: (point: number, preceding: number) => {
        const width = wcwidth(point);
        const joins = width === 0 && preceding !== 0;
        return ((joins ? (preceding >> 1) & 3 : width) << 1) | (joins ? 1 : 0);
      },
    });
    this.#terminal.unicode.activeVersion = "current";
  }

  get columns(): number {
    return this.#terminal.cols;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  get title(): string {
    return this.#title;
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
  }

  write(data: string): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(data, resolve));
  }

  text(): string {
    return Array.from(
      { length: this.rows },
      (_, y) => this.#line(y)?.translateToString(true, 0, this.columns).trimEnd() ?? "",
    ).join("\n");
  }

  /** Blank runs are left out. */
  row(y: number): Run[] {
    const line = this.#line(y);
    const runs: Run[] = [];
    let width = 1;
    for (let x = 0; x < this.columns; x++) {
      const cell = line?.getCell(x);
      if (cell === undefined || cell.getWidth() === 0) continue;
      const style = {
        colour: cell.isFgDefault() ? null : colourOf(cell.isFgRGB(), cell.getFgColor()),
        background: cell.isBgDefault() ? null : colourOf(cell.isBgRGB(), cell.getBgColor()),
        bold: cell.isBold() !== 0,
        dim: cell.isDim() !== 0,
        inverse: cell.isInverse() !== 0,
      };
      const text = cell.getChars() || " ";
      const last = runs.at(-1);
      // A font may draw wide characters in another width: what follows begins anew at its column.
      const widens = cell.getWidth() !== width;
      width = cell.getWidth();
      const joins = last !== undefined && !widens && last.x + last.columns === x && same(last.style, style);
      if (joins) {
        last.text += text;
        last.columns += cell.getWidth();
      } else runs.push({ x, columns: cell.getWidth(), text, style });
    }
    return runs
      .map((run) => (isFilled(run) ? run : { ...run, text: run.text.trimEnd() }))
      .filter(({ text }) => text !== "");
  }

  #line(y: number) {
    const { active } = this.#terminal.buffer;
    return active.getLine(active.viewportY + y);
  }
}

/** Whether blanks of the run are visible. */
export function isFilled({ style }: Run): boolean {
  return style.inverse || style.background !== null;
}

function same(a: Style, b: Style): boolean {
  return (
    a.colour === b.colour &&
    a.background === b.background &&
    a.bold === b.bold &&
    a.dim === b.dim &&
    a.inverse === b.inverse
  );
}

function colourOf(isRgb: boolean, value: number): string {
  return isRgb ? `#${value.toString(16).padStart(6, "0")}` : `palette ${value}`;
}
