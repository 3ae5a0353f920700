/**
 * Prints the lines of text mode to stdout and stderr, and the bar to stderr.
 *
 * On a terminal the bar is one line that is redrawn, and cleared before other output. Elsewhere it
 * is a plain line at every tenth. Callers sanitize the text.
 */
import {
  type Colour,
  type Paint,
  paintFor,
  wantsColour,
  wantsRedraw,
} from "../../protocol/text/colour.js";
import { sanitize } from "../../protocol/text/sanitize.js";
import { withoutSequences } from "../../protocol/text/sgr.js";
import { type BarView, barLine } from "./bar.js";
import { type Steps, stepLine, type TextLine, type Tone } from "./lines.js";

export interface TextStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

export interface ScreenOptions {
  stdout?: TextStream;
  stderr?: TextStream;
  env?: Record<string, string | undefined>;
  /** The bar is drawn at most this often, in milliseconds. */
  interval?: number;
}

const COLOURS: Record<Tone, Colour | null> = {
  header: "bold",
  plain: null,
  note: "dim",
  success: "green",
  warning: "yellow",
  error: "red",
};

/** Without red, which says that something failed. */
const STEP_COLOURS = ["cyan", "magenta", "blue", "green", "yellow"] as const satisfies Colour[];

/** The same name has the same colour, in each run. */
function colourOfStep(name: string): Colour {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)!) % 65_521;
  return STEP_COLOURS[sum % STEP_COLOURS.length]!;
}

const CLEAR_LINE = "\r\x1b[2K";

export class TextScreen {
  readonly #stdout: TextStream;
  readonly #stderr: TextStream;
  readonly #paint: { out: Paint; err: Paint };
  readonly #coloured: boolean;
  readonly #redraws: boolean;
  readonly #interval: number;
  #view: BarView | null = null;
  #drawn = false;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #steps: Steps = { tenth: 0 };

  constructor(options: ScreenOptions = {}) {
    const env = options.env ?? process.env;
    this.#stdout = options.stdout ?? process.stdout;
    this.#stderr = options.stderr ?? process.stderr;
    this.#paint = { out: paintFor(this.#stdout, env), err: paintFor(this.#stderr, env) };
    this.#coloured = wantsColour(this.#stdout, env);
    this.#redraws = wantsRedraw(this.#stderr, env);
    this.#interval = options.interval ?? 50;
  }

  print(lines: TextLine[]): void {
    for (const item of lines) {
      if (item.to === "bar") this.#bar(item.view, item.untracked);
      else this.#line(item.to, item.text, item.tone, item.step);
    }
  }

  /** Prints a message of the command, such as a lost daemon. */
  say(text: string, tone: Tone = "note"): void {
    this.#line("err", text, tone);
  }

  /** Leaves the cursor on an empty line. The screen can still be used. */
  close(): void {
    this.#bar(null);
  }

  #line(to: "out" | "err", text: string, tone: Tone, step?: string): void {
    this.#clear();
    const prefix =
      step === undefined ? "" : `${this.#paint[to](colourOfStep(step), `[${sanitize(step)}]`)} `;
    const colour = COLOURS[tone];
    const stream = to === "out" ? this.#stdout : this.#stderr;
    // Only log lines have no tone of their own; the program chose their colours.
    const plain = this.#coloured ? text : withoutSequences(text);
    stream.write(`${prefix}${colour === null ? plain : this.#paint[to](colour, text)}\n`);
    if (this.#view) this.#schedule();
  }

  #bar(view: BarView | null, untracked?: "begins" | "ends"): void {
    if (!this.#redraws) {
      const { steps, line } = stepLine(this.#steps, view, untracked);
      this.#steps = steps;
      if (line !== null) this.#stderr.write(`${line}\n`);
      return;
    }
    this.#view = view;
    if (view === null) this.#clear();
    else this.#schedule();
  }

  #schedule(): void {
    const due = this.#drawnAt + this.#interval - performance.now();
    if (due <= 0) this.#draw();
    else this.#timer ??= setTimeout(() => this.#draw(), due).unref();
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#view === null) return;
    // One column stays free: a full last column wraps on some terminals.
    const line = barLine(this.#view, (this.#stderr.columns || 80) - 1);
    this.#stderr.write(`${CLEAR_LINE}${this.#paint.err("cyan", line)}`);
    this.#drawn = true;
    this.#drawnAt = performance.now();
  }

  #clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#drawn) return;
    this.#stderr.write(CLEAR_LINE);
    this.#drawn = false;
  }
}
