/** Sends submits to a daemon over connections that stay open, several at a time, and waits for their operations. */
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../protocol/client/client.js";
import { newKey } from "../../protocol/client/idempotency-key.js";
import type { SubmitBody } from "../../protocol/requests.js";
import type { BenchWorld } from "./world.js";

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

/** Resolves when so many operations have succeeded. */
export async function untilAllSucceeded(client: Client, count: number): Promise<void> {
  for (;;) {
    const { counts } = await client.daemon();
    if (counts.failed + counts.cancelled > 0) throw new Error("an operation of the benchmark failed");
    if (counts.succeeded >= count) return;
    // Rare enough not to affect the measure: the daemon reads its memory use for each answer.
    await sleep(15);
  }
}

/** Operations of three empty stages in one request, so that few requests disturb what is measured; the last id. */
export async function submitBatch({ client }: BenchWorld, count: number): Promise<string> {
  const bodies = Array.from({ length: count }, () => ({ op: "three-stages" }));
  return (await client.submit(bodies, newKey())).at(-1)!.id;
}

/** Resolves when the last one has finished, to its id. The daemon must run one operation at a time. */
export async function runBatch(world: BenchWorld, count: number): Promise<string> {
  const id = await submitBatch(world, count);
  for await (const _line of world.client.watch({ operation: id }));
  return id;
}

/** Milliseconds from each log line, which is its time, to this watcher. @throws where not all have come */
export async function delaysOf(client: Client, body: SubmitBody, count: number): Promise<number[]> {
  const { id } = await client.submit(body, newKey());
  const delays: number[] = [];
  for await (const line of client.watch({ operation: id, log: true }))
    if (line.type === "log")
      for (const { text } of line.lines)
        delays.push(performance.timeOrigin + performance.now() - Number(text));
  if (delays.length !== count) throw new Error(`${delays.length} of ${count} lines came`);
  return delays;
}

/** Resolves when the operation has succeeded. @throws where it has not */
export async function untilSucceeded(client: Client, id: string, { isWatched = false } = {}): Promise<void> {
  // The end of an operation is told to all; the lines of its log only to who watches the log.
  for await (const line of client.watch({ operation: id, log: isWatched })) void line;
  const { state } = await client.show(id);
  if (state !== "succeeded") throw new Error(`the operation has ${state}`);
}
