/** Sends what is typed, and the size of the terminal, one request after another, so that the order of keys is kept. */
import type { Client } from "../../../protocol/client/client.js";
import type { InputBody } from "../../../protocol/requests.js";

/** Bytes of a request; a paste may be longer. */
const MAX_BYTES = 64 * 1024;

export class InputSender {
  #waiting: Buffer[] = [];
  #size: InputBody["size"];
  #sending: Promise<void> | null = null;
  /** The operation whose program gets the input; null: the input is dropped, since no program reads it. */
  id: string | null = null;

  constructor(
    private readonly client: Client,
    private readonly signal: AbortSignal,
  ) {}

  type(bytes: Buffer): void {
    if (this.id === null || bytes.length === 0) return;
    this.#waiting.push(bytes);
    this.#start();
  }

  resize(size: InputBody["size"]): void {
    this.#size = size;
    if (this.id !== null) this.#start();
  }

  #start(): void {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
    });
  }

  async #send(): Promise<void> {
    while (this.id !== null && (this.#waiting.length > 0 || this.#size !== undefined)) {
      const bytes = Buffer.concat(this.#waiting);
      const rest = bytes.subarray(MAX_BYTES);
      this.#waiting = rest.length > 0 ? [rest] : [];
      const size = this.#size;
      this.#size = undefined;
      const data = bytes.subarray(0, MAX_BYTES);
      const body = { ...(data.length > 0 && { data: data.toString("base64") }), ...(size && { size }) };
      try {
        await this.client.input(this.id, body, this.signal);
      } catch {
        // The stream of the output tells why: the program ended, or the daemon is gone.
        this.#waiting = [];
      }
    }
    if (this.id === null) this.#waiting = [];
  }
}
