/**
 * Sends what is typed, and the size of the terminal, one request after another, so that the order
 * of keys is kept.
 */
import type { Client } from "../../../protocol/client/client.js";
import type { InputBody } from "../../../protocol/requests.js";

/** Bytes of a request; a paste may be longer. */
const MAX_BYTES = 64 * 1024;
/** Bytes that are typed ahead, before the program is there or while the daemon is not. */
const MAX_AHEAD = 1024 * 1024;

export class InputSender {
  #waiting: Buffer[] = [];
  #bytes = 0;
  #size: InputBody["size"];
  #isSending = false;
  #id: string | null = null;

  constructor(
    private readonly client: Client,
    private readonly signal: AbortSignal,
  ) {}

  /** @param id - the operation whose program gets the input; null: the input waits */
  target(id: string | null): void {
    this.#id = id;
    this.#start();
  }

  type(bytes: Buffer): void {
    if (this.#bytes + bytes.length > MAX_AHEAD) return;
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    this.#start();
  }

  resize(size: InputBody["size"]): void {
    this.#size = size;
    this.#start();
  }

  #start(): void {
    if (!this.#isSending) void this.#send();
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    while (this.#id !== null && (this.#bytes > 0 || this.#size !== undefined)) {
      const data = this.#take();
      const size = this.#size;
      this.#size = undefined;
      const body = { ...(data.length > 0 && { data: data.toString("base64") }), size };
      // The stream of the output tells why it failed: the program ended, or the daemon is gone.
      await this.client.input(this.#id, body, this.signal).catch(() => {});
    }
    this.#isSending = false;
  }

  #take(): Buffer {
    const all = Buffer.concat(this.#waiting);
    const rest = all.subarray(MAX_BYTES);
    this.#waiting = rest.length > 0 ? [rest] : [];
    this.#bytes = rest.length;
    return all.subarray(0, MAX_BYTES);
  }
}
