/**
 * The terminal of a person who attaches: gets raw bytes of the program, passes raw keys, and is put
 * back at every end, also after SIGTERM or an error.
 */
import { spawnSync } from "node:child_process";
import { writeSync } from "node:fs";
import { LEAVE_ALTERNATE, RESET } from "./terminal-reset.js";

const CLEAR = "\x1b[2J\x1b[H";
/** A terminal may still answer a question of the program; the answer must not reach the shell. */
const LATE_ANSWER_MS = 50;

export class OwnTerminal {
  #isRaw = false;
  #isAlternate = false;
  /** The end of the last output, where a sequence may be cut. */
  #tail = "";
  #hasScreen = false;
  readonly #restore = () => this.#reset();

  private readonly input = process.stdin;
  private readonly output = process.stdout;

  /** @param send - writes to stdout. Default: its `write` */
  constructor(
    private readonly send: (bytes: Uint8Array | string) => boolean = (bytes) =>
      process.stdout.write(bytes),
  ) {}

  /** Whether a person can type here and sees the output. */
  get isInteractive(): boolean {
    return this.input.isTTY === true && this.output.isTTY === true;
  }

  get size(): { columns: number; rows: number } | null {
    const { columns, rows } = this.output;
    return this.output.isTTY === true && columns > 0 && rows > 0 ? { columns, rows } : null;
  }

  /** Keys go to the program from now on. */
  enter(): void {
    if (!this.isInteractive || this.#isRaw) return;
    this.#isRaw = true;
    this.input.setRawMode(true);
    // Node leaves the translation of line feeds on, which moves the cursor of a full-screen
    // program. Ending the raw mode takes this back too.
    spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"] });
    process.on("exit", this.#restore);
  }

  /**
   * Writes the program's bytes. Resolves when there is room for more. @param isScreen - they draw
   * the screen anew
   */
  async write(bytes: Buffer, isScreen = false): Promise<void> {
    if (this.output.isTTY === true) {
      if (isScreen && this.#hasScreen)
        this.send(this.#isAlternate ? LEAVE_ALTERNATE + CLEAR : CLEAR);
      this.#hasScreen = true;
      this.#follow(bytes);
    }
    if (this.send(bytes) || this.output.destroyed) return;
    await new Promise<void>((done) => {
      this.output.once("drain", done);
      this.output.once("close", done);
    });
  }

  /** Puts the terminal back. */
  async leave(): Promise<void> {
    if (!this.#isRaw) return;
    this.#reset();
    // Still raw, so that nothing is shown.
    await new Promise((done) => setTimeout(done, LATE_ANSWER_MS));
    this.leaveNow();
  }

  /** As `leave`, at once: a late answer of the terminal may reach the shell. */
  leaveNow(): void {
    if (!this.#isRaw) return;
    this.#reset();
    this.input.setRawMode(false);
    this.#isRaw = false;
    process.off("exit", this.#restore);
  }

  /** Synchronous: also called while the process ends. Node itself ends the raw mode then. */
  #reset(): void {
    try {
      writeSync(1, (this.#isAlternate ? LEAVE_ALTERNATE : "") + RESET);
    } catch {
      // The terminal is gone.
    }
    this.#isAlternate = false;
    this.#hasScreen = false;
  }

  #follow(bytes: Buffer): void {
    const text = this.#tail + bytes.toString("latin1");
    const match = [...text.matchAll(/\x1b\[\?(?:1049|1047|47)([hl])/g)].at(-1);
    if (match) this.#isAlternate = match[1] === "h";
    this.#tail = text.slice(-8);
  }
}
