/**
 * What a terminal shows at this moment, for somebody who attaches later: the newest output, and the
 * modes that the program switched on.
 *
 * The replay is not the raw output: a question to the terminal (such as "where is the cursor?")
 * would be answered again by the terminal of the person, and the program would take the answer for
 * input.
 */

/** Bytes of output that are kept. */
const KEPT_BYTES = 64 * 1024;
const CLEAR = "\x1b[H\x1b[2J";
const RESET_TEXT = "\x1b[0m";

/** Private modes that a person needs to see and to type, with their state at the start. */
const MODES: Readonly<Record<number, boolean>> = {
  1: false, // cursor keys of applications
  7: true, // wrap at the edge
  25: true, // cursor
  1000: false, // mouse
  1002: false,
  1003: false,
  1004: false, // focus
  1006: false,
  1015: false,
  2004: false, // marks around a paste
};

/** Modes of the alternate screen, on which full-screen programs draw. */
const ALTERNATE = new Set([47, 1047, 1049]);

/**
 * Switches of modes, keypad and a complete reset; the last alternative is a sequence that is not
 * complete yet.
 */
const SWITCHES = /\x1b\[\?([\d;]{1,40})([hl])|\x1b([=>c])|\x1b(?:\[(?:\?[\d;]{0,40})?)?$/g;

/**
 * All control sequences, and control characters. Bytes from 0x80 are parts of UTF-8 characters
 * here.
 */
const CONTROLS =
  /\x1b\[([\x30-\x3f]*)([\x20-\x2f]*)([\x40-\x7e])|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b\[[\x30-\x3f]*$|\x1b[\x20-\x2f]*[\x30-\x7e]?|[\x00-\x07\x0b-\x0c\x0e-\x1f\x7f]/g;

/** Final characters of the sequences that move the cursor, erase, or change colours. */
const DRAWING = new Set([..."@ABCDEFGHJKLMPSTXZ`abdefmr"]);

export class TerminalScreen {
  /** Bytes of the main screen, as Latin-1, so that a cut through a character changes nothing. */
  #main = "";
  /** Bytes since the program switched to the alternate screen; null: it is on the main screen. */
  #alternate: string | null = null;
  readonly #modes = new Map<number, boolean>();
  #isKeypadOn = false;
  /** A sequence whose end has not come yet. */
  #open = "";

  write(bytes: Buffer): void {
    const text = this.#open + bytes.toString("latin1");
    let from = 0;
    this.#open = "";
    for (const found of text.matchAll(SWITCHES)) {
      const [all, modes, switched, single] = found;
      if (modes === undefined && single === undefined) {
        this.#add(text.slice(from, found.index));
        from = found.index;
        this.#open = all;
        break;
      }
      this.#add(text.slice(from, found.index + all.length));
      from = found.index + all.length;
      if (single === "c") this.#reset();
      else if (single !== undefined) this.#isKeypadOn = single === "=";
      else for (const mode of modes!.split(";")) this.#switch(Number(mode), switched === "h");
    }
    if (this.#open === "") this.#add(text.slice(from));
  }

  get isAlternate(): boolean {
    return this.#alternate !== null;
  }

  /** The text of the last line, without control sequences, if it has no line end: a question. */
  get prompt(): string {
    if (this.#alternate !== null) return "";
    const line = Buffer.from(this.#main.slice(this.#main.lastIndexOf("\n") + 1), "latin1").toString(
      "utf8",
    );
    const frames = line.replace(CONTROLS, "").split("\r");
    return (frames.findLast((frame) => frame.trim() !== "") ?? "").trim();
  }

  /** Draws the present state on an empty terminal. */
  replay(): Buffer {
    const modes = [...this.#modes]
      .map(([mode, isOn]) => `\x1b[?${mode}${isOn ? "h" : "l"}`)
      .join("");
    const screen =
      this.#alternate === null
        ? drawing(this.#main)
        : `${drawing(this.#main)}\x1b[?1049h${CLEAR}${drawing(this.#alternate)}`;
    return Buffer.from(
      `${RESET_TEXT}${screen}${modes}${this.#isKeypadOn ? "\x1b=" : ""}`,
      "latin1",
    );
  }

  #add(text: string): void {
    if (this.#alternate === null) this.#main = newest(this.#main + text);
    else this.#alternate = newest(this.#alternate + text);
  }

  #switch(mode: number, isOn: boolean): void {
    if (ALTERNATE.has(mode)) this.#alternate = isOn ? (this.#alternate ?? "") : null;
    else if (MODES[mode] === isOn) this.#modes.delete(mode);
    else if (mode in MODES) this.#modes.set(mode, isOn);
  }

  #reset(): void {
    this.#main = "";
    this.#alternate = null;
    this.#modes.clear();
    this.#isKeypadOn = false;
  }
}

/**
 * The end of the text, from the begin of a line if there is one. Cuts rarely, so that output costs
 * little.
 */
function newest(text: string): string {
  if (text.length <= KEPT_BYTES * 2) return text;
  const cut = text.slice(-KEPT_BYTES);
  const line = cut.indexOf("\n");
  return line === -1 ? cut : cut.slice(line + 1);
}

function drawing(text: string): string {
  return text.replace(CONTROLS, (all, parameters?: string, between?: string, final = "") =>
    parameters !== undefined && between === "" && /^[\d;:]*$/.test(parameters) && DRAWING.has(final)
      ? all
      : "",
  );
}
