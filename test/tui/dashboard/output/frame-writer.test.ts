/** The law of the writer: whatever was shown before, the screen then shows the frame, cell for cell. */
import { Writable } from "node:stream";
import xterm from "@xterm/headless";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameWriter } from "../../../../tui/dashboard/output/frame-writer.js";
import { columnsOf } from "../../../../tui/terminal/width.js";

const COLUMNS = 30;
const ROWS = 5;

class Screen {
  readonly terminal = new xterm.Terminal({
    cols: COLUMNS,
    rows: ROWS,
    allowProposedApi: true,
    scrollback: 0,
  });
  written = "";
  /** Takes nothing more while it is set. */
  stuck = false;
  #release: (() => void) | null = null;
  readonly stdout = Object.assign(
    new Writable({
      decodeStrings: false,
      highWaterMark: 1,
      write: (data, _encoding, done) => {
        this.written += data;
        this.terminal.write(String(data), () => {
          if (this.stuck) this.#release = done;
          else done();
        });
      },
    }),
    { isTTY: true, columns: COLUMNS, rows: ROWS },
  ) as unknown as NodeJS.WriteStream;

  constructor() {
    const wcwidth = (point: number) => Math.min(2, columnsOf(String.fromCodePoint(point))) as 0 | 1 | 2;
    this.terminal.unicode.register({
      version: "ours",
      wcwidth,
      charProperties: (point: number, preceding: number) => {
        const width = wcwidth(point);
        const joins = width === 0 && preceding !== 0;
        return ((joins ? (preceding >> 1) & 3 : width) << 1) | (joins ? 1 : 0);
      },
    });
    this.terminal.unicode.activeVersion = "ours";
  }

  unstick(): void {
    this.stuck = false;
    this.#release?.();
  }

  /** Every cell with its look. */
  async cells(): Promise<string[]> {
    await new Promise<void>((resolve) => this.terminal.write("", resolve));
    const buffer = this.terminal.buffer.active;
    return Array.from({ length: ROWS }, (_, y) =>
      Array.from({ length: COLUMNS }, (_, x) => {
        const cell = buffer.getLine(y)!.getCell(x)!;
        const look = [cell.isBold(), cell.isDim(), cell.isInverse(), cell.getFgColor(), cell.isFgDefault()];
        return `${cell.getChars() || " "}${look.join()}`;
      }).join("|"),
    );
  }
}

const word = fc.constantFrom("a", "bc", "0123", "━╸─", "✓ ", "  ", "      ", "日本", "e\u0301", "한", "👍");
const style = fc.constantFrom(
  ["", ""],
  ["\x1b[1m", "\x1b[22m"],
  ["\x1b[2m", "\x1b[22m"],
  ["\x1b[36m", "\x1b[39m"],
  ["\x1b[36m\x1b[1m", "\x1b[22m\x1b[39m"],
  ["\x1b[7m", "\x1b[27m"],
);
const row = fc.array(fc.tuple(style, word), { maxLength: 9 }).map((pieces) => {
  let used = 0;
  let text = "";
  for (const [[on, off], piece] of pieces) {
    used += columnsOf(piece);
    if (used > COLUMNS) break;
    text += on + piece + off;
  }
  return text;
});
const frame = fc.array(row, { minLength: ROWS, maxLength: ROWS });

describe("the writer", () => {
  test("shows each frame as if nothing had been there before", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 2, maxLength: 6 }), async (frames) => {
        const screen = new Screen();
        const out = new FrameWriter(screen.stdout).stream();
        for (const rows of frames) {
          out.write(rows.join("\n"));
          const fresh = new Screen();
          new FrameWriter(fresh.stdout).stream().write(rows.join("\n"));
          expect(await screen.cells()).toEqual(await fresh.cells());
        }
      }),
      { numRuns: 120 },
    );
  });

  test("writes nothing for the same frame, and little for one changed figure", async () => {
    const screen = new Screen();
    const out = new FrameWriter(screen.stdout).stream();
    out.write("\x1b[36mrows\x1b[39m 41%\nsecond");
    await screen.cells();
    const before = screen.written;
    out.write("\x1b[36mrows\x1b[39m 41%\nsecond");
    expect(screen.written).toBe(before);
    out.write("\x1b[36mrows\x1b[39m 42%\nsecond");
    await screen.cells();
    expect(screen.written.slice(before.length)).toBe("\x1b[?2026h\x1b[1;7H2\x1b[?2026l");
  });

  test("control sequences go through, and another screen starts anew", async () => {
    const screen = new Screen();
    const out = new FrameWriter(screen.stdout).stream();
    out.write("one");
    out.write("\x1b[?1049h");
    out.write("one");
    await screen.cells();
    expect(screen.written.split("one")).toHaveLength(3);
    expect(screen.terminal.buffer.active.type).toBe("alternate");
  });

  test("a frame of another size is drawn whole", async () => {
    const screen = new Screen();
    const out = new FrameWriter(screen.stdout).stream();
    out.write("one\ntwo");
    Object.assign(screen.stdout, { columns: 20 });
    out.write("one\ntwo");
    await screen.cells();
    expect(screen.written.split("one")).toHaveLength(3);
  });

  test("a terminal that takes nothing gets the newest frame when it does, and none of those between", async () => {
    const screen = new Screen();
    const out = new FrameWriter(screen.stdout).stream();
    screen.stuck = true;
    out.write("frame 1");
    for (let i = 2; i <= 50; i++) out.write(`frame ${i}`);
    await screen.cells();
    screen.unstick();
    await screen.cells();
    expect(screen.written.match(/\?2026h/g)).toHaveLength(2);
    const shown = screen.terminal.buffer.active.getLine(0)!.translateToString(true);
    expect(shown).toBe("frame 50");
  });
});
