/**
 * The terminals of an attempt's programs (`tty`): reports which program has one and whether it
 * waits for input, and passes the newest terminal to the host that connects it with people.
 */
import type { EventBody } from "../../protocol/event.js";
import type { Operation } from "../../protocol/operation.js";
import type { Masker } from "../secrets/masker.js";
import { inputWait } from "./input-wait.js";
import { DEFAULT_SIZE, type Terminal, type TerminalSize } from "./pty.js";
import { TerminalScreen } from "./terminal-screen.js";

/** A terminal whose program runs, with what it shows. */
export interface OpenTerminal {
  readonly terminal: Terminal;
  readonly screen: TerminalScreen;
  /** Name of the program. */
  readonly program: string;
  /**
   * Looks whether the text may be typed that answers the prompt of this number. Null: it may; else
   * what is the matter.
   */
  refusal(number: number): string | null;
}

/** Connects terminals with people. */
export interface TerminalHost {
  /** The size of a new terminal. */
  readonly size: TerminalSize;
  /**
   * The terminal that people see from now on: that of the program that started last. Called before
   * its first output.
   *
   * @param current - null: none
   */
  changed(current: OpenTerminal | null): void;
}

/** Time between two looks at the program. Two looks that agree change what is reported. */
const LOOK_MS = 250;
/** A program that printed something this short time ago does not wait yet. */
const QUIET_MS = 200;
/** Characters of a question. */
const LONGEST_PROMPT = 200;
/** Why only a person may answer. */
const HIDDEN = "does not show what is typed, as for a password; a person types that";
/**
 * Where the system does not tell whether a program waits, a line without an end for this time is a
 * question.
 */
const QUESTION_MS = 2000;

export class AttemptTerminals {
  readonly #open: OpenTerminal[] = [];
  #watch: InputWatch | null = null;

  constructor(
    private readonly event: (body: EventBody) => void,
    private readonly host: TerminalHost | null,
    private readonly masker: Masker,
  ) {}

  get size(): TerminalSize {
    return this.host?.size ?? DEFAULT_SIZE;
  }

  /** @returns call when the program has ended */
  opened(terminal: Terminal, program: string): () => void {
    const refusal = (number: number) => this.#watch?.refusal(number) ?? null;
    const open = { terminal, program, screen: new TerminalScreen(), refusal };
    terminal.output.on("data", (bytes: Buffer) => open.screen.write(bytes));
    this.#open.push(open);
    this.#show(open);
    return () => {
      const isShown = this.#open.at(-1) === open;
      this.#open.splice(this.#open.indexOf(open), 1);
      if (isShown) this.#show(this.#open.at(-1) ?? null);
    };
  }

  #show(open: OpenTerminal | null): void {
    this.#watch?.stop();
    this.#watch = open && new InputWatch(open, this.event, this.masker);
    // First, so that whoever reads the event can attach.
    this.host?.changed(open);
    this.event({ type: "terminal:changed", program: open?.program ?? null });
  }
}

/** What a program asks on its terminal. */
type Prompt = Pick<NonNullable<Operation["waitingForInput"]>, "prompt" | "echo" | "number">;

/** Reports when the program begins to wait for input, and when it goes on. */
class InputWatch {
  readonly #timer = setInterval(() => this.#look(), LOOK_MS).unref();
  readonly #onOutput = () => {
    this.#outputAt = performance.now();
  };
  #outputAt = performance.now();
  /** What was reported; null: the program does not wait. */
  #asked: Prompt | null = null;
  /** `entered` of the terminal by then. */
  #entered = 0;
  /** The last look did not agree with what was reported. */
  #isDoubtful = false;

  constructor(
    private readonly open: OpenTerminal,
    private readonly event: (body: EventBody) => void,
    private readonly masker: Masker,
  ) {
    open.terminal.output.on("data", this.#onOutput);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.open.terminal.output.off("data", this.#onOutput);
  }

  /** See `OpenTerminal`. Between two looks, the program may have asked the next question. */
  refusal(number: number): string | null {
    const { terminal } = this.open;
    if (this.#asked !== null && !this.#isAnswered && this.#isBlocked()) {
      const { prompt, echo } = this.#asked;
      if (prompt !== this.#prompt || echo !== terminal.echo) this.#report(true);
      if (this.#asked.number === number) return this.#asked.echo ? null : HIDDEN;
    }
    return `shows ${JSON.stringify(this.#prompt)} now, which the text does not answer; look at it`;
  }

  #look(): void {
    const isBlocked = this.#isBlocked();
    if (isBlocked === (this.#asked !== null) && !this.#isAnswered) {
      this.#isDoubtful = false;
      return;
    }
    this.#isDoubtful = !this.#isDoubtful;
    if (!this.#isDoubtful) this.#report(isBlocked);
  }

  #report(isBlocked: boolean): void {
    const { entered, echo } = this.open.terminal;
    this.#entered = entered;
    this.#asked = isBlocked ? { prompt: this.#prompt, echo, number: Date.now() } : null;
    this.event(
      this.#asked === null ? { type: "input:resumed" } : { type: "input:waiting", ...this.#asked },
    );
  }

  /** Somebody has typed a line: where the program waits, it waits for another one. */
  get #isAnswered(): boolean {
    return this.#asked !== null && this.open.terminal.entered !== this.#entered;
  }

  get #prompt(): string {
    return this.masker.maskUnfinished(this.open.screen.prompt).slice(-LONGEST_PROMPT);
  }

  #isBlocked(): boolean {
    const quiet = performance.now() - this.#outputAt;
    // Somebody who types sees an echo, which does not end the wait.
    if (quiet < QUIET_MS && this.#asked === null) return false;
    const wait = inputWait(this.open.terminal.pid);
    if (wait !== "unknown") return wait === "yes";
    return this.open.screen.prompt !== "" && (this.#asked !== null || quiet > QUESTION_MS);
  }
}
