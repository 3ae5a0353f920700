/**
 * A real screen model: what is written to it is read back as the rows a person would see.
 *
 * It looks after every frame: a row that wrapped, or a frame that scrolled the header away, is kept
 * as a fault.
 */
import xterm from "@xterm/headless";
import { columnsOf } from "../../../tui/kit/output/width.js";

/** Closes a synchronised update: until then a terminal shows nothing of it. */
const FRAME_END = "\x1b[?2026l";

/** Longest wait for something to appear, in ms; passed only by a test that fails. */
const PATIENCE = 60_000;

export class HeadlessTerminal {
  readonly #terminal: InstanceType<typeof xterm.Terminal>;
  readonly #waiting = new Set<() => void>();
  readonly faults: string[] = [];
  /**
   * A frame of the old size may be on its way when the terminal changes its size: until the first
   * that fits, none is a fault.
   */
  #settling = false;
  /** All that was written, for what is no picture: modes set and reset. */
  written = "";
  title = "";

  constructor(columns: number, rows: number) {
    // A tty would make a carriage return of each newline as well.
    const options = { convertEol: true, allowProposedApi: true, scrollback: 0 };
    this.#terminal = new xterm.Terminal({ cols: columns, rows, ...options });
    // Its own tables stand at Unicode 6, for which an emoji is one column wide.
    const wcwidth = (point: number) =>
      Math.min(2, columnsOf(String.fromCodePoint(point))) as 0 | 1 | 2;
    this.#terminal.unicode.register({
      version: "ours",
      wcwidth,
      charProperties: (point: number, preceding: number) => {
        const width = wcwidth(point);
        const joins = width === 0 && preceding !== 0;
        return ((joins ? (preceding >> 1) & 3 : width) << 1) | (joins ? 1 : 0);
      },
    });
    this.#terminal.unicode.activeVersion = "ours";
    this.#terminal.onTitleChange((title) => {
      this.title = title;
    });
  }

  write(data: string, done?: () => void): void {
    this.written += data;
    this.#terminal.write(data, () => {
      if (data.endsWith(FRAME_END)) this.#look();
      for (const wake of this.#waiting) wake();
      done?.();
    });
  }

  get columns(): number {
    return this.#terminal.cols;
  }

  get size(): { columns: number; rows: number } {
    return { columns: this.#terminal.cols, rows: this.#terminal.rows };
  }

  /** The cells of a row. */
  line(y: number) {
    const buffer = this.#terminal.buffer.active;
    return buffer.getLine(buffer.viewportY + y);
  }

  resize(columns: number, rows: number): void {
    this.#settling = true;
    this.#terminal.resize(columns, rows);
  }

  /** The rows, without the blanks at their ends. */
  rows(): string[] {
    return Array.from(
      { length: this.#terminal.rows },
      (_, y) => this.line(y)?.translateToString(true, 0, this.columns).trimEnd() ?? "",
    );
  }

  text(): string {
    return this.rows().join("\n").trimEnd();
  }

  get alternate(): boolean {
    return this.#terminal.buffer.active.type === "alternate";
  }

  /** Whether the last word about the cursor was to show it. */
  get cursorShown(): boolean {
    return this.written.lastIndexOf("\x1b[?25h") > this.written.lastIndexOf("\x1b[?25l");
  }

  /** Colours other than the default that a cell of the screen has. */
  coloured(): boolean {
    for (let y = 0; y < this.#terminal.rows; y++) {
      const line = this.line(y);
      for (let x = 0; x < this.#terminal.cols; x++) {
        const cell = line?.getCell(x);
        if (cell && !(cell.isFgDefault() && cell.isBgDefault())) return true;
      }
    }
    return false;
  }

  /** The palette colour of the first character of the text; null: the default. */
  colourOf(text: string): number | null {
    const cell = this.#cellOf(text);
    return cell === undefined || cell.isFgDefault() ? null : cell.getFgColor();
  }

  /** Whether the first character of the text is shown inverse. */
  inverseAt(text: string): boolean {
    const cell = this.#cellOf(text);
    return cell !== undefined && cell.isInverse() !== 0;
  }

  /** The cell of the first character of the text. */
  #cellOf(text: string) {
    const y = this.rows().findIndex((row) => row.includes(text));
    return this.line(y)?.getCell(this.rows()[y]?.indexOf(text) ?? 0);
  }

  /** Resolves as soon as the screen fits; a frame that has not arrived whole is none. */
  async until(
    fits: string | RegExp | ((text: string) => boolean),
    patience = PATIENCE,
  ): Promise<string> {
    const matches = (text: string) => {
      if (typeof fits === "string") return text.includes(fits);
      return fits instanceof RegExp ? fits.test(text) : fits(text);
    };
    const limit = Date.now() + patience;
    for (;;) {
      if (!this.#terminal.modes.synchronizedOutputMode && matches(this.text())) return this.text();
      const left = limit - Date.now();
      if (left <= 0) throw new Error(`the screen never showed ${fits}; it shows:\n${this.text()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(wake, left);
        const waiting = this.#waiting;
        function wake() {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        }
        waiting.add(wake);
      });
    }
  }

  #look(): void {
    if (!this.alternate) return;
    const before = this.faults.length;
    this.#lookFor();
    const clean = this.faults.length === before;
    if (this.#settling) this.faults.length = before;
    if (clean) this.#settling = false;
  }

  #lookFor(): void {
    for (let y = 0; y < this.#terminal.rows; y++) {
      if (this.line(y)?.isWrapped) this.faults.push(`row ${y} wrapped:\n${this.text()}`);
    }
    // While the log is copied, nothing stands above it.
    if (/^ esc back {2}/.test(this.rows().at(-1) ?? "")) return;
    const [header = ""] = this.rows();
    if (header !== "" && !/^( liveops| ● |liveops-tui needs)/.test(header))
      this.faults.push(`the header is not in the first row:\n${this.text()}`);
  }
}
