/**
 * The first line of `liveops dial-stdio --hello`: the connection to the daemon stands, or why it
 * does not. A remote shell may print text before it.
 */

/** What the remote side reports before the first byte of the daemon. */
export interface Hello {
  version: string;
  /** Null: the daemon's bytes follow. */
  error: { code: number; lines: string[] } | null;
}

const MARK = "liveops dial-stdio 1 ";

/** Bytes of other text that are skipped at most. */
const MAX_NOISE = 64 * 1024;

export function formatHello(hello: Hello): string {
  return `${MARK}${JSON.stringify(hello)}\n`;
}

/** Finds the hello in the output of the remote side. */
export class HelloReader {
  #read = Buffer.alloc(0);

  /**
   * The hello and the bytes after it; null: it has not come yet. @throws Error for too much other
   * text
   */
  take(chunk: Buffer): { hello: Hello; rest: Buffer } | null {
    this.#read = Buffer.concat([this.#read, chunk]);
    const begin = this.#read.indexOf(MARK);
    const end = begin === -1 ? -1 : this.#read.indexOf("\n", begin);
    if (end === -1) {
      if (this.#read.length > MAX_NOISE) throw new Error("the remote shell prints too much text");
      return null;
    }
    const hello = JSON.parse(this.#read.toString("utf8", begin + MARK.length, end)) as Hello;
    return { hello, rest: this.#read.subarray(end + 1) };
  }
}
