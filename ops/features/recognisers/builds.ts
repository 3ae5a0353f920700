/** Builds and tests with state: pytest, Maven and cargo. */
import type { Reading, Recogniser } from "../../programs/progress/reading.js";

const COLLECTED = /(?:\bcollected |\bworkers? \[)(\d+) items?\b/;
/** A line of pytest-xdist with `-v`. */
const XDIST = /^\[gw\d+\] \[( {2}\d| \d\d|100)%\] /;
/** pytest pads the percentage to the width of 100. */
const PERCENT_AT_END = / \[( {2}\d| \d\d|100)%\]$/;
const COUNT_AT_END = / \[ *(\d+)\/(\d+)\]$/;
const DOTS = /^[.FEsxXRp]+ +\[/;

export class Pytest implements Recogniser {
  readonly name = "pytest";
  #items = 0;

  read(text: string): Reading | null {
    const xdist = text.startsWith("[gw") ? XDIST.exec(text) : null;
    if (xdist !== null) return { label: "tests", percent: Number(xdist[1]) };
    const line = text.trimEnd();
    if (text.includes(" item")) this.#items = Number(COLLECTED.exec(text)?.[1] ?? this.#items);
    if (!line.endsWith("]")) return null;
    const percent = PERCENT_AT_END.exec(line)?.[1];
    if (percent !== undefined && (this.#items > 0 || DOTS.test(line)))
      return { label: "tests", percent: Number(percent) };
    const count = this.#items > 0 ? COUNT_AT_END.exec(line) : null;
    if (count === null || Number(count[2]) !== this.#items) return null;
    return { label: "tests", done: Number(count[1]), total: this.#items, unit: "tests" };
  }
}

const MAVEN = /^\[INFO\] Building .{1,200} +\[(\d+)\/(\d+)\]$/;

/** The modules of a reactor. Maven prints the line of a module before it builds the module. */
export class Maven implements Recogniser {
  readonly name = "maven";
  #total = 0;

  read(text: string): Reading | null {
    if (!text.startsWith("[INFO] BUILD ") && !text.startsWith("[INFO] Building ")) return null;
    if (text.trimEnd() === "[INFO] BUILD SUCCESS" && this.#total > 0)
      return { label: "modules", done: this.#total, total: this.#total, unit: "modules" };
    const match = MAVEN.exec(text.trimEnd());
    if (match === null) return null;
    this.#total = Number(match[2]);
    return { label: "modules", done: Number(match[1]) - 1, total: this.#total, unit: "modules" };
  }
}

const CARGO =
  /^ *(Building|Checking|Documenting|Fixing|Compiling|Fetch|Updating) \[[=> ]*\] (?:(\d+)\/(\d+)|(\d{1,3}(?:\.\d+)?)%)(?:: .*|, .*)?$/;
const CARGO_END = /^ *Finished `/;

/** The bar of cargo has no frame for the last crate; the line `Finished` stands for it. */
export class Cargo implements Recogniser {
  readonly name = "cargo";
  #last: Reading | null = null;

  read(text: string): Reading | null {
    if (this.#last !== null && CARGO_END.test(text)) {
      const { label, total } = this.#last as { label: string; total: number };
      this.#last = null;
      return { label, done: total, total, unit: "crates" };
    }
    const match = text.includes("] ") ? CARGO.exec(text.trimEnd()) : null;
    if (match === null) return null;
    const [, label = "", done, total, percent] = match;
    if (percent !== undefined) return { label, percent: Number(percent), isOnlyProgress: true };
    this.#last = {
      label,
      done: Number(done),
      total: Number(total),
      unit: "crates",
      isOnlyProgress: true,
    };
    return this.#last;
  }
}
