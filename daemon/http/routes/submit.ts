/** `POST /v1/operations`: read the parameters in the loader, journal, answer once durable; once for each key. */
import { homedir } from "node:os";
import type { FastifyInstance } from "fastify";
import { hashOfParams } from "../../../ops/api/stage-values.js";
import { Refusal } from "../../../protocol/errors.js";
import { newId } from "../../../protocol/id.js";
import type { Operation } from "../../../protocol/operation.js";
import { ROUTES, type SubmitBody } from "../../../protocol/routes.js";
import type { Context } from "../../context.js";
import type { IdempotencyKey } from "../../store/decision.js";
import { bind } from "../route.js";

export function submitRoute(app: FastifyInstance, context: Context): void {
  /** Submits under way, by key: a second request with the same key waits for the first. */
  const pending = new Map<string, { hash: string; result: Promise<Operation> }>();
  /** Submits that have been let in and are not queued yet. */
  let underWay = 0;

  async function submit(body: SubmitBody, key: IdempotencyKey | null): Promise<Operation> {
    checkRoom(context, underWay);
    underWay++;
    try {
      return await enqueue(context, body, key);
    } finally {
      underWay--;
    }
  }

  bind(app, ROUTES.submit, async ({ body, request, reply }) => {
    const header = request.headers["idempotency-key"];
    if (header === undefined) return submit(body, null);
    const key = { key: checkedKey(header), hash: hashOfParams(body), at: new Date().toISOString() };
    const earlier = pending.get(key.key) ?? stored(context, key.key);
    if (earlier) {
      if (earlier.hash !== key.hash) {
        earlier.result.catch(() => {});
        throw keyReused(key.key);
      }
      reply.code(200);
      return earlier.result;
    }
    const result = submit(body, key);
    pending.set(key.key, { hash: key.hash, result });
    try {
      return await result;
    } finally {
      pending.delete(key.key);
    }
  });
}

function checkRoom({ queue, settings, isStopping }: Context, underWay: number): void {
  if (isStopping()) {
    throw new Refusal(
      "LIVEOPS_STOPPING",
      "nothing was recorded: the daemon is stopping; liveopsd start starts the next one",
    );
  }
  if (queue.length + underWay < settings.maxQueued) return;
  throw new Refusal(
    "LIVEOPS_QUEUE_FULL",
    `${queue.length} operations wait already; try again when some are done (liveops ls)`,
  );
}

async function enqueue(context: Context, body: SubmitBody, key: IdempotencyKey | null): Promise<Operation> {
  const { loader, lifecycle, store } = context;
  const { op, params, set, label, cwd, env = {} } = body;
  const id = newId();
  const input = { ...(params && { params }), ...(set && { set }) };
  const chain = { id, index: 0, previous: null, next: null };
  const rest = { id, label: label ?? null, cwd: cwd ?? homedir(), chain };
  const submission = await loader.prepare(op, input, rest);
  await lifecycle.submit(submission, env, key);
  return context.present(store.find(id)!);
}

function stored(context: Context, key: string): { hash: string; result: Promise<Operation> } | null {
  const entry = context.store.findByKey(key);
  if (entry?.key) return { hash: entry.key.hash, result: Promise.resolve(context.present(entry)) };
  const removed = context.store.removedKeys.find(key);
  return removed && { hash: removed.hash, result: Promise.reject(wasRemoved(removed.id)) };
}

function wasRemoved(id: string): Refusal {
  return new Refusal(
    "LIVEOPS_NO_SUCH_OPERATION",
    `the operation that was submitted with this Idempotency-Key, ${id}, was removed; use a new key to run it again`,
  );
}

function checkedKey(header: string | string[]): string {
  const key = Array.isArray(header) ? header.join(",") : header;
  if (key.length < 1 || key.length > 255) {
    throw new Refusal("LIVEOPS_BAD_REQUEST", "Idempotency-Key must have 1 to 255 characters");
  }
  return key;
}

function keyReused(key: string): Refusal {
  return new Refusal(
    "LIVEOPS_KEY_REUSED",
    `the Idempotency-Key ${JSON.stringify(key)} was used with another body; use a new key`,
  );
}
