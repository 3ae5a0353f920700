/**
 * Sends many submits to a daemon over connections that stay open, several at a time, and waits for all operations.
 */
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../protocol/client/client.js";

export class Submitter {
  readonly #agent: Agent;

  /** @param atOnce - number of concurrent requests */
  constructor(
    private readonly socket: string,
    private readonly atOnce: number,
  ) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  }

  /** Posts the body `times` times; resolves when the last submit is acknowledged. Every answer must be a 201. */
  async submit(body: unknown, times: number): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(body));
    let left = times;
    const one = async () => {
      while (left-- > 0) await this.post(bytes);
    };
    await Promise.all(Array.from({ length: this.atOnce }, one));
  }

  post(bytes: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          socketPath: this.socket,
          agent: this.#agent,
          method: "POST",
          path: "/v1/operations",
          headers: { "content-type": "application/json", "content-length": bytes.length },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString();
            if (response.statusCode === 201) resolve(text);
            else reject(new Error(`${response.statusCode}: ${text.slice(0, 300)}`));
          });
        },
      );
      sent.on("error", (error: NodeJS.ErrnoException) => {
        // The daemon closes an idle connection. A request that meets the close was not read.
        const isIdleClose = sent.reusedSocket && error.code === "ECONNRESET";
        if (isIdleClose) this.post(bytes).then(resolve, reject);
        else reject(error);
      });
      sent.end(bytes);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/**
 * Resolves when no operation is queued or running.
 *
 * @param failed - number of operations that had failed before
 */
export async function untilDone(client: Client, failed = 0): Promise<void> {
  for (;;) {
    const { counts } = await client.daemon();
    if (counts.failed + counts.cancelled > failed) throw new Error("an operation of the benchmark failed");
    if (counts.queued + counts.running === 0) return;
    // Rare enough not to affect the measure: the daemon reads its memory use for each answer.
    await sleep(15);
  }
}
