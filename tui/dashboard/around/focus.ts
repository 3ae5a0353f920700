/**
 * Whether the terminal has the focus, as far as it tells: `CSI I` and `CSI O` among what is typed.
 *
 * Ink reads the keyboard and drops these; they are looked at on their way there. What the terminal says beside them is
 * taken out on the same way.
 */
import { Replies } from "./replies.js";

const FOCUS = /\x1b\[([IO])/g;

export class Focus {
  /** Until it is told otherwise, somebody looks. */
  focused = true;
  #rest = "";
  readonly #replies = new Replies();
  readonly #read: NodeJS.ReadStream["read"];

  constructor(private readonly stdin: NodeJS.ReadStream) {
    this.#read = stdin.read;
    stdin.read = (size?: number) => {
      const chunk: unknown = this.#read.call(stdin, size);
      if (chunk === null) return null;
      this.look(String(chunk));
      return this.#replies.without(String(chunk));
    };
  }

  look(data: string): void {
    const text = this.#rest + data;
    for (const [, letter] of text.matchAll(FOCUS)) this.focused = letter === "I";
    // A sequence may be cut between two reads.
    this.#rest = /\x1b\[?$/.exec(text)?.[0] ?? "";
  }

  stop(): void {
    this.stdin.read = this.#read;
  }
}
