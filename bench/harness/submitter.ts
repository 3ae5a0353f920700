/**
 * Sends submits to a daemon over connections that stay open, several at a time, and waits for their
 * operations.
 */
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../protocol/client/client.js";
import { newKey } from "../../protocol/client/idempotency-key.js";
import { untilFinished } from "../../protocol/client/until-finished.js";
import type { Operation } from "../../protocol/operation.js";
import type { SubmitBody } from "../../protocol/requests.js";
import type { BenchWorld } from "./world.js";

/** Posts to one daemon; the connections stay open until `end`. */
export class Submitter {
  readonly #agent = new Agent({ keepAlive: true });

  constructor(private readonly socket: string) {}

  /** Posts the body so often, as many at once; resolves when the last submit is acknowledged. */
  async submit(body: unknown, times: number, atOnce: number): Promise<void> {
    const text = JSON.stringify(body);
    let left = times;
    const one = async () => {
      while (left-- > 0) await this.post(text);
    };
    await Promise.all(Array.from({ length: atOnce }, one));
  }

  /** The reply. Every answer must be a 201. */
  post(text: string): Promise<string> {
    const options = {
      socketPath: this.socket,
      agent: this.#agent,
      method: "POST",
      path: "/v1/operations",
    };
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    };
    return new Promise((resolve, reject) => {
      const sent = request({ ...options, headers }, async (response) => {
        const reply = (await response.setEncoding("utf8").toArray()).join("");
        if (response.statusCode === 201) resolve(reply);
        else reject(new Error(`${response.statusCode}: ${reply.slice(0, 300)}`));
      });
      sent.on("error", reject).end(text);
    });
  }

  /**
   * The daemon closes a connection that is idle for some seconds: the next round makes new ones.
   */
  end(): void {
    this.#agent.destroy();
  }
}

/** Resolves when so many operations have succeeded. */
export async function untilAllSucceeded(client: Client, count: number): Promise<void> {
  for (;;) {
    const { counts } = await client.daemon();
    if (counts.failed + counts.cancelled > 0)
      throw new Error("an operation of the benchmark failed");
    if (counts.succeeded >= count) return;
    // Rare enough not to affect the measure: the daemon reads its memory use for each answer.
    await sleep(15);
  }
}

/**
 * Operations of three empty stages in one request, so that few requests disturb what is measured;
 * the last id.
 */
export async function submitBatch({ client }: BenchWorld, count: number): Promise<string> {
  const bodies = Array.from({ length: count }, () => ({ op: "three-stages" }));
  return (await client.submit(bodies, newKey())).at(-1)!.id;
}

/**
 * Operations that wait behind one that occupies the daemon's only slot; the daemon must accept as
 * many.
 */
export async function fillQueue(world: BenchWorld, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 500) await submitBatch(world, Math.min(500, left));
}

/**
 * Resolves when the last one has finished, to its id. The daemon must run one operation at a time.
 */
export async function runBatch(world: BenchWorld, count: number): Promise<string> {
  const id = await submitBatch(world, count);
  await succeeded(world.client, id);
  return id;
}

/** The record at the end. @throws where the operation has not succeeded */
export async function succeeded(client: Client, id: string): Promise<Operation> {
  const record = await untilFinished(client, id);
  if (record.state !== "succeeded") throw new Error(`the operation has ${record.state}`);
  return record;
}

/** Milliseconds from the submit to the end of the operation. */
export async function timeOf(client: Client, body: SubmitBody): Promise<number> {
  const start = performance.now();
  const { id } = await client.submit(body, newKey());
  await succeeded(client, id);
  return performance.now() - start;
}

export const now = () => performance.timeOrigin + performance.now();

/**
 * Milliseconds from each log line, which is its time, to this watcher. @throws where not all have
 * come
 */
export async function delaysOf(client: Client, body: SubmitBody, count: number): Promise<number[]> {
  const { id } = await client.submit(body, newKey());
  const delays = new Map<number, number>();
  for await (const line of client.watch({ operation: id, log: true }))
    if (line.type === "log")
      // A stream of state may tell a line twice.
      for (const { n, text } of line.lines) if (!delays.has(n)) delays.set(n, now() - Number(text));
  if (delays.size !== count) throw new Error(`${delays.size} of ${count} lines came`);
  return [...delays.values()];
}

/** So many operations that were cancelled while they were queued. */
export async function finish(world: BenchWorld, count: number): Promise<void> {
  world.run("liveops", "pause", "--all");
  const bodies = Array.from({ length: 500 }, (_, n) => ({
    op: "three-stages",
    label: `number ${n}`,
  }));
  for (let done = 0; done < count; done += bodies.length) {
    const ids = (await world.client.submit(bodies, newKey())).map(({ id }) => id);
    for await (const _line of world.client.cancelAll({ ids }));
  }
}
