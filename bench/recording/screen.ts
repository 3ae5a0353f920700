/** A headless terminal. Its screen is read as rows of runs, each with a position and a style. */
import xterm from "@xterm/headless";
import { columnsOf } from "../../tui/terminal/width.js";

export interface Style {
  /** `#rrggbb`, or null for the text's own colour. */
  colour: string | null;
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

  constructor(
    readonly columns: number,
    readonly rows: number,
  ) {
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 0 });
    this.#terminal.onTitleChange((title) => {
      this.#title = title;
    });
  }

  get title(): string {
    return this.#title;
  }

  write(data: string): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(data, resolve));
  }

  text(): string {
    return Array.from({ length: this.rows }, (_, y) => this.#line(y)?.translateToString(true) ?? "").join(
      "\n",
    );
  }

  /** Blank runs are left out. */
  row(y: number): Run[] {
    const line = this.#line(y);
    const runs: Run[] = [];
    for (let x = 0; x < this.columns; x++) {
      const cell = line?.getCell(x);
      if (cell === undefined || cell.getWidth() === 0) continue;
      const style = {
        colour: colourOf(cell),
        bold: cell.isBold() !== 0,
        dim: cell.isDim() !== 0,
        inverse: cell.isInverse() !== 0,
      };
      const text = cell.getChars() || " ";
      const last = runs.at(-1);
      const joins = last !== undefined && last.x + last.columns === x && same(last.style, style);
      if (joins) {
        last.text += text;
        last.columns += Math.max(1, columnsOf(text));
      } else runs.push({ x, columns: Math.max(1, columnsOf(text)), text, style });
    }
    return runs
      .map((run) => (run.style.inverse ? run : { ...run, text: run.text.trimEnd() }))
      .filter(({ text }) => text.trim() !== "" || text !== "");
  }

  #line(y: number) {
    const { active } = this.#terminal.buffer;
    return active.getLine(active.viewportY + y);
  }
}

function same(a: Style, b: Style): boolean {
  return a.colour === b.colour && a.bold === b.bold && a.dim === b.dim && a.inverse === b.inverse;
}

function colourOf(cell: { isFgPalette(): boolean; isFgRGB(): boolean; getFgColor(): number }): string | null {
  if (cell.isFgPalette()) return paletteColour(cell.getFgColor());
  return cell.isFgRGB() ? `#${cell.getFgColor().toString(16).padStart(6, "0")}` : null;
}

const SIXTEEN = ["#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4"];

/** One of the 256 colours: the first sixteen suit the recording's background; the cube is the standard one. */
function paletteColour(index: number): string {
  if (index < 16) return SIXTEEN[index % 8]!;
  if (index >= 232) return hex([8 + (index - 232) * 10, 8 + (index - 232) * 10, 8 + (index - 232) * 10]);
  const levels = [0, 95, 135, 175, 215, 255];
  const at = index - 16;
  return hex([levels[Math.floor(at / 36)]!, levels[Math.floor(at / 6) % 6]!, levels[at % 6]!]);
}

function hex(rgb: number[]): string {
  return `#${rgb.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}
