/**
 * Stands between Ink and the terminal: Ink hands over whole frames, the terminal gets what changed.
 *
 * Ink runs in its `debug` mode for this, in which every write is either a complete frame (rows, styled by SGR alone)
 * or a control sequence of its own (screens, cursor, paste), which goes through as it is. A frame that equals the one
 * on the screen writes nothing. While the terminal does not take what was written, frames are not queued: the newest
 * one is written when it does.
 */
import { type Cells, cellsOf } from "./cells-of.js";
import { rowDifference, wholeRow } from "./difference.js";

/** Other escape sequences than SGR; a frame has none. */
const CONTROL = /\x1b(?!\[[\d;]*m)/;
const SYNC = { begin: "\x1b[?2026h", end: "\x1b[?2026l" } as const;
const CLEAR = "\x1b[m\x1b[H\x1b[J";

interface Row {
  readonly text: string;
  /** Made when the row first differs. */
  cells: Cells | null;
}

export class FrameWriter {
  /** What the terminal shows; null: not known. */
  #shown: Row[] | null = null;
  #size = "";
  #waiting: string | null = null;

  constructor(
    private readonly terminal: NodeJS.WriteStream,
    /** Frames as this terminal can show them. */
    private readonly showable: (frame: string) => string = (frame) => frame,
  ) {
    terminal.on("drain", () => {
      const frame = this.#waiting;
      this.#waiting = null;
      if (frame !== null) this.#draw(frame);
    });
  }

  /** The terminal as a stream for Ink. */
  stream(): NodeJS.WriteStream {
    const write = this.#write.bind(this);
    return new Proxy(this.terminal, {
      get(terminal, key) {
        if (key === "write") return write;
        const value: unknown = Reflect.get(terminal, key);
        return typeof value === "function" ? value.bind(terminal) : value;
      },
    });
  }

  /** Something else wrote to the screen: the next frame is drawn whole. */
  forget(): void {
    this.#shown = null;
  }

  #write(data: string, ...rest: unknown[]): boolean {
    if (data !== "" && !CONTROL.test(data)) return this.#draw(this.showable(data));
    // Another screen, or the same one come back.
    if (data.includes("\x1b[?1049")) {
      this.#shown = null;
      this.#waiting = null;
    }
    return (this.terminal.write as (...args: unknown[]) => boolean)(data, ...rest);
  }

  #draw(frame: string): boolean {
    if (this.terminal.writableNeedDrain) {
      this.#waiting = frame;
      return false;
    }
    const size = `${this.terminal.columns}x${this.terminal.rows}`;
    const shown = size === this.#size ? this.#shown : null;
    this.#size = size;
    const rows = frame.split("\n").slice(0, this.terminal.rows || undefined);
    const out = shown === null ? this.#whole(rows) : this.#changes(shown, rows);
    return out === "" || this.terminal.write(SYNC.begin + out + SYNC.end);
  }

  #whole(rows: string[]): string {
    this.#shown = rows.map((text) => ({ text, cells: null }));
    return CLEAR + rows.map((text, y) => (text === "" ? "" : wholeRow(text, y))).join("");
  }

  #changes(shown: Row[], rows: string[]): string {
    let out = "";
    const height = Math.max(shown.length, rows.length);
    const next: Row[] = [];
    for (let y = 0; y < height; y++) {
      const was = shown[y] ?? { text: "", cells: null };
      const text = rows[y] ?? "";
      if (was.text === text) {
        if (y < rows.length) next.push(was);
        continue;
      }
      was.cells ??= cellsOf(was.text);
      const row = { text, cells: cellsOf(text) };
      out += rowDifference(was.cells, row.cells, y);
      if (y < rows.length) next.push(row);
    }
    this.#shown = next;
    return out;
  }
}
