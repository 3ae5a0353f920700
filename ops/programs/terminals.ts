/**
 * The terminals of an attempt's programs (`tty`): reports which program has one and whether it waits for input, and
 * passes the newest terminal to the host that connects it with people.
 */
import type { EventBody } from "../../protocol/event.js";
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
}

/** Connects terminals with people. */
export interface TerminalHost {
  /** The size of a new terminal. */
  readonly size: TerminalSize;
  /**
   * The terminal that people see from now on: that of the program that started last. Called before its first output.
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
/** Where the system does not tell whether a program waits, a line without an end for this time is a question. */
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
    const open = { terminal, program, screen: new TerminalScreen() };
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

/** Reports when the program begins to wait for input, and when it goes on. */
class InputWatch {
  readonly #timer = setInterval(() => this.#look(), LOOK_MS).unref();
  readonly #onOutput = () => {
    this.#outputAt = performance.now();
  };
  #outputAt = performance.now();
  #isWaiting = false;
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

  #look(): void {
    if (this.#isBlocked() === this.#isWaiting) {
      this.#isDoubtful = false;
      return;
    }
    this.#isDoubtful = !this.#isDoubtful;
    if (this.#isDoubtful) return;
    this.#isWaiting = !this.#isWaiting;
    this.event(this.#isWaiting ? { type: "input:waiting", prompt: this.#prompt } : { type: "input:resumed" });
  }

  get #prompt(): string {
    return this.masker.maskUnfinished(this.open.screen.prompt).slice(-LONGEST_PROMPT);
  }

  #isBlocked(): boolean {
    const quiet = performance.now() - this.#outputAt;
    // Somebody who types sees an echo, which does not end the wait.
    if (quiet < QUIET_MS && !this.#isWaiting) return false;
    const wait = inputWait(this.open.terminal.pid);
    if (wait !== "unknown") return wait === "yes";
    return this.open.screen.prompt !== "" && (this.#isWaiting || quiet > QUESTION_MS);
  }
}
