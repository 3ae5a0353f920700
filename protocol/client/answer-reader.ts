/** Reads one HTTP/1.1 answer off a bare connection: with a length, or in chunks, as our daemon sends it. */
import { ConnectionLostError } from "./errors.js";

export interface Answer {
  status: number;
  headers: Map<string, string>;
  text: string;
}

export class AnswerReader {
  #bytes: Buffer = Buffer.alloc(0);
  #head: Omit<Answer, "text"> | null = null;
  /** Of the body; null where it comes in chunks. */
  #length: number | null = null;
  readonly #parts: Buffer[] = [];
  #held = 0;

  /** The answer, once all of it is there. */
  take(chunk: Buffer): Answer | null {
    this.#parts.push(chunk);
    this.#held += chunk.length;
    if (this.#head && this.#length !== null && this.#held < this.#length) return null;
    this.#bytes = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts);
    if (!this.#head && !this.#readHead()) {
      this.#keep(this.#bytes);
      return null;
    }
    const text = this.#length === null ? unchunked(this.#bytes) : this.#whole(this.#length);
    if (text === null) this.#keep(this.#bytes);
    return text === null ? null : { ...this.#head!, text };
  }

  #whole(length: number): string | null {
    return this.#bytes.length < length ? null : this.#bytes.toString("utf8", 0, length);
  }

  #keep(bytes: Buffer): void {
    this.#parts.splice(0, this.#parts.length, bytes);
    this.#held = bytes.length;
  }

  /** @throws ConnectionLostError where it is not HTTP */
  #readHead(): boolean {
    const end = this.#bytes.indexOf("\r\n\r\n");
    if (end === -1) return false;
    const [first = "", ...lines] = this.#bytes.toString("latin1", 0, end).split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
    if (!status) throw new ConnectionLostError("what answers there does not speak HTTP");
    const headers = new Map(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const isChunked = headers.get("transfer-encoding")?.toLowerCase() === "chunked";
    this.#length = isChunked ? null : Number(headers.get("content-length") ?? 0);
    this.#head = { status, headers };
    this.#bytes = this.#bytes.subarray(end + 4);
    return true;
  }
}

/** Null until the last chunk is there. */
function unchunked(body: Buffer): string | null {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = body.indexOf("\r\n", at);
    if (line === -1) return null;
    const size = Number.parseInt(body.toString("latin1", at, line), 16);
    if (size === 0) return Buffer.concat(pieces).toString("utf8");
    const next = line + 2 + size + 2;
    if (!(next <= body.length)) return null;
    pieces.push(body.subarray(line + 2, line + 2 + size));
    at = next;
  }
}
