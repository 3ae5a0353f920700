/**
 * Control sequences by which programs show progress: `ESC ] 9 ; 4 ; state ; percent`, ended by BEL
 * or ST, which terminals show in their task bar or tab; and the move to the first column (CSI 1 G),
 * a carriage return by another name. Sources: ConEmu (ANSI escape codes), Windows Terminal
 * (progress bar sequences), ECMA-48 (CHA).
 */

/**
 * What a sequence says. `clear`: no progress any more; the other states keep the last percent if
 * they name none.
 */
export interface OscProgress {
  state: "clear" | "set" | "error" | "indeterminate" | "paused";
  /** 0 to 100; null: not said. */
  percent: number | null;
}

const STATES = ["clear", "set", "error", "indeterminate", "paused"] as const;

const SEQUENCE = /\x1b\]9;4(?:;([0-4]?))?(?:;(\d{0,3}))?;?(?:\x07|\x1b\\|\x9c)/y;

const FIRST_COLUMN = /\x1b\[[01]?G/g;

/** The beginning of a sequence, at the end of a text. The longest is `ESC ]9;4;1;100; ESC`. */
const BEGUN = /\x1b(?:\[[01]?|\](?:9(?:;(?:4(?:(?:;[0-4]?)?(?:;\d{0,3})?;?\x1b?)?)?)?)?)?$/;
const LONGEST = 16;

/**
 * Takes the sequences out of a text that arrives in pieces. A move to the first column becomes a
 * carriage return.
 */
export class OscProgressFilter {
  #begun = "";

  /**
   * @param onText - gets the text between the sequences
   * @param onProgress - called between the texts, so that both arrive in their order
   */
  constructor(
    private readonly onText: (text: string) => void,
    private readonly onProgress: (progress: OscProgress) => void,
  ) {}

  write(piece: string): void {
    const text = this.#begun === "" ? piece : this.#begun + piece;
    this.#begun = "";
    // Most programs print none.
    const first = text.indexOf("\x1b");
    if (first === -1) {
      if (text !== "") this.onText(text);
      return;
    }
    let from = 0;
    for (let at = text.indexOf("\x1b]9;4", first); at !== -1; at = text.indexOf("\x1b]9;4", at)) {
      SEQUENCE.lastIndex = at;
      const found = SEQUENCE.exec(text);
      if (found === null) {
        at++;
        continue;
      }
      if (at > from) this.#pass(text.slice(from, at));
      this.onProgress(saidBy(found));
      from = at = SEQUENCE.lastIndex;
    }
    const begun = BEGUN.exec(text.slice(Math.max(from, text.length - LONGEST)));
    this.#begun = begun === null ? "" : begun[0];
    const rest = text.slice(from, text.length - this.#begun.length);
    if (rest !== "") this.#pass(rest);
  }

  #pass(text: string): void {
    this.onText(text.includes("\x1b[") ? text.replace(FIRST_COLUMN, "\r") : text);
  }

  /** Call with the last piece: a sequence that has not ended is text. */
  end(piece: string): void {
    this.write(piece);
    if (this.#begun !== "") this.onText(this.#begun);
    this.#begun = "";
  }
}

function saidBy([, state = "", percent = ""]: RegExpExecArray): OscProgress {
  const said = percent === "" ? null : Math.min(100, Number(percent));
  return { state: STATES[Number(state)] ?? "clear", percent: said };
}
