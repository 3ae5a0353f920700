/**
 * What the terminal answers to a question that somebody else asked (its colours, its name): strings that are no typing.
 * They may come late, when the program that asked is gone, and Ink would take their letters for keys: the `r` of
 * `rgb:` runs a failed operation again.
 */
const ESC = "\x1b";
/** OSC, DCS, SOS, PM and APC strings, up to their end. */
const WHOLE = /\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)/g;
/** The beginning of one at the end of what was read; alt with the bracket or the letter alone is a key. */
const BEGUN = /\x1b(?:\]\d+;|P[\d>!])[^\x07\x1b]*\x1b?$/;

export class Replies {
  #begun = "";

  /** What was typed of what was read. */
  without(read: string): string {
    if (this.#begun === "" && !read.includes(ESC)) return read;
    const typed = (this.#begun + read).replace(WHOLE, "");
    const begun = BEGUN.exec(typed)?.[0] ?? "";
    // It is waited for once: what never ends must not take what is typed after it along.
    const held = this.#begun === "" ? begun : "";
    const given = this.#begun !== "" && begun !== "" ? read : typed.slice(0, typed.length - held.length);
    this.#begun = held;
    return given;
  }
}
