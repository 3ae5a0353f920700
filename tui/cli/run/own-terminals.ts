/**
 * Connects the terminal of a program with that of the person, for `liveops run`: the person sees
 * and types as if the program ran there. Where stdin is not a terminal, its bytes are typed, and
 * its end is Ctrl-D.
 */
import { DEFAULT_SIZE, type TerminalSize } from "../../../ops/programs/pty.js";
import type { OpenTerminal, TerminalHost } from "../../../ops/programs/terminals.js";
import { OwnTerminal } from "../../terminal/own-terminal.js";

const END_OF_INPUT = "\x04";

export class OwnTerminals implements TerminalHost {
  readonly #own: OwnTerminal;
  #current: OpenTerminal | null = null;
  #hasEnded = false;
  #endsLine = true;

  /**
   * @param send - writes to stdout
   * @param tell - called when a program gets the person's terminal, and when it gives it back
   * @param isShown - whether a person sees the terminal of the program; otherwise its output is
   *   printed as log lines
   */
  constructor(
    send: (bytes: Uint8Array | string) => boolean,
    isShown: boolean,
    private readonly tell: (hasTerminal: boolean) => void,
  ) {
    this.#own = new OwnTerminal(send);
    this.isInteractive = isShown && this.#own.isInteractive;
  }

  readonly isInteractive: boolean;

  get size(): TerminalSize {
    return (this.isInteractive ? this.#own.size : null) ?? DEFAULT_SIZE;
  }

  /** The person sees the program's terminal now. */
  get isShown(): boolean {
    return this.isInteractive && this.#current !== null;
  }

  changed(current: OpenTerminal | null): void {
    this.#current?.terminal.output.off("data", this.#onOutput);
    const isFirst = this.#current === null;
    this.#current = current;
    if (current === null) this.#leave();
    else {
      if (isFirst) this.#enter();
      if (this.isInteractive) current.terminal.output.on("data", this.#onOutput);
      if (this.#hasEnded) current.terminal.write(Buffer.from(END_OF_INPUT));
    }
  }

  #enter(): void {
    const { stdin, stdout } = process;
    if (this.isInteractive) {
      this.tell(true);
      this.#own.enter();
      stdout.on("resize", this.#onResize);
    } else if (stdin.isTTY) return;
    stdin.on("data", this.#onInput);
    stdin.once("end", this.#onEnd);
    stdin.resume();
  }

  #leave(): void {
    const { stdin, stdout } = process;
    stdin.off("data", this.#onInput);
    stdin.off("end", this.#onEnd);
    stdin.pause();
    stdout.off("resize", this.#onResize);
    this.#own.leaveNow();
    if (this.isInteractive) this.tell(false);
  }

  readonly #onOutput = (bytes: Buffer) => void this.#own.write(bytes);

  readonly #onInput = (typed: Buffer) => {
    this.#endsLine = typed.at(-1) === 0x0a;
    this.#current?.terminal.write(typed);
  };

  readonly #onEnd = () => {
    this.#hasEnded = true;
    // After an incomplete line, the first Ctrl-D only ends the line.
    const keys = this.#endsLine ? END_OF_INPUT : END_OF_INPUT + END_OF_INPUT;
    this.#current?.terminal.write(Buffer.from(keys));
  };

  readonly #onResize = () => this.#current?.terminal.resize(this.size);
}
