/**
 * Submits: parse the parameters in the loader, journal, answer once durable. A batch is submitted as a unit or refused.
 *
 * A repeated request with the same idempotency key is answered with the same operations. Where the first request was
 * cut off in the middle of its batch, the repeat submits the missing operations.
 */
import { homedir } from "node:os";
import { hashOfParams } from "../../ops/attempt/stage-values.js";
import type { Prepared } from "../../ops/types/prepare.js";
import { Refusal } from "../../protocol/errors.js";
import type { Submission } from "../../protocol/event.js";
import { newId } from "../../protocol/id.js";
import { DEFAULT_QUEUE } from "../../protocol/reduce.js";
import type { SubmitBody } from "../../protocol/requests.js";
import { effectiveLimits } from "../../protocol/resource-limits.js";
import { isFinal } from "../../protocol/state.js";
import type { Hosts } from "../hosts/hosts.js";
import { KeyedMutex } from "../keyed-mutex.js";
import type { Lifecycle } from "../lifecycle.js";
import type { Types } from "../loader/loader.js";
import type { Queues } from "../scheduler/queues.js";
import type { Waiting } from "../scheduler/waiting.js";
import type { Settings } from "../settings.js";
import type { Entry, IdempotencyKey } from "../store/decision.js";
import { jsonSize } from "../store/payloads.js";
import { KeyUsedError, type Store } from "../store/store.js";

interface Submitted {
  entries: Entry[];
  /** False where an earlier request with the same key had submitted them all. */
  isNew: boolean;
}

/** A body of `POST /v1/operations`, or the one that an operation is run again with. */
export interface Submittable extends SubmitBody {
  /** Id of the finished operation. */
  againOf?: string;
  /** Name of the schedule that submits the operation. */
  schedule?: string;
}

interface Asked {
  bodies: Submittable[];
  /** A batch is not the same request as its only operation. */
  isBatch: boolean;
  key: string | null;
}

interface SubmissionsOptions {
  loader: Types;
  lifecycle: Lifecycle;
  store: Store;
  queues: Pick<Queues, "check">;
  hosts: Pick<Hosts, "checkPlacement" | "place">;
  settings: Pick<Settings, "maxQueued" | "maxQueuedBytes">;
  waiting: Pick<Waiting, "length">;
  /** Whether new operations are refused. */
  isStopping(): boolean;
  /** @throws Refusal where the id, or prefix, matches none or several */
  find(idOrPrefix: string): Promise<Entry>;
}

export class Submissions {
  /** Pending requests by key: a second request with the same key waits for the first. */
  readonly #pending = new Map<string, { hash: string; result: Promise<Submitted> }>();
  readonly #perLabel = new KeyedMutex();
  /** Operations that are accepted and not queued yet. */
  #underWay = 0;
  #bytesUnderWay = 0;

  constructor(private readonly options: SubmissionsOptions) {}

  /**
   * @throws Refusal LIVEOPS_QUEUE_FULL, LIVEOPS_STOPPING, LIVEOPS_NO_SUCH_TYPE, LIVEOPS_PARAMS_INVALID, LIVEOPS_KEY_REUSED
   */
  async submit(asked: Asked): Promise<Submitted> {
    if (asked.bodies.every(({ ifAbsent }) => ifAbsent === undefined)) return this.#submit(asked);
    const [{ label = "" }] = asked.bodies as [Submittable];
    if (asked.isBatch)
      throw new Refusal(
        "LIVEOPS_BAD_REQUEST",
        "ifAbsent is not taken in a batch; submit the operation alone",
      );
    if (label === "") throw new Refusal("LIVEOPS_BAD_REQUEST", "ifAbsent needs a label");
    // A submit of the same label that is under way comes first.
    return this.#perLabel.run(label, async () => {
      const live = this.#liveWith(label);
      return live ? { entries: [live], isNew: false } : this.#submit(asked);
    });
  }

  #liveWith(label: string): Entry | null {
    for (const entry of this.options.store.ledger.entries.values())
      if (entry.record.label === label && !isFinal(entry.record.state)) return entry;
    return null;
  }

  async #submit(asked: Asked): Promise<Submitted> {
    const { bodies, isBatch, key } = asked;
    if (key === null) return this.#enqueue(asked, [], []);
    // The hash is stored. That of a short secret would tell the secret. Two machines send the same where both submit it.
    const shown = bodies.map(({ secrets: _, ...body }) =>
      withoutSpan(this.options.hosts.place<Submittable>(body)),
    );
    const hash = hashOfParams(isBatch ? { batch: shown } : { ...shown[0]! });
    const pending = this.#pending.get(key);
    if (pending) {
      if (pending.hash !== hash) throw keyReused(key);
      return { ...(await pending.result), isNew: false };
    }
    const at = new Date().toISOString();
    const keys = bodies.map((_, index) => ({ key: isBatch ? nthKey(key, index) : key, hash, at }));
    const result = this.#once(asked, keys);
    this.#pending.set(key, { hash, result });
    try {
      return await result;
    } finally {
      this.#pending.delete(key);
    }
  }

  /** Submits the operations that no earlier request with the same key has submitted. */
  async #once(asked: Asked, keys: IdempotencyKey[]): Promise<Submitted> {
    for (;;) {
      const earlier: Array<Entry | null> = [];
      for (const key of keys) earlier.push(await this.#stored(key));
      if (await this.#otherUse(asked.key!, asked.isBatch)) throw keyReused(asked.key!);
      if (earlier.every((each) => each !== null)) return { entries: earlier, isNew: false };
      try {
        return await this.#enqueue(asked, keys, earlier);
      } catch (error) {
        // Another host was faster with the same key.
        if (!(error instanceof KeyUsedError)) throw error;
      }
    }
  }

  async #enqueue(
    { bodies: asked, isBatch }: Asked,
    keys: IdempotencyKey[],
    earlier: Array<Entry | null>,
  ): Promise<Submitted> {
    const { loader, lifecycle, store, queues, hosts, find } = this.options;
    const missing = asked.flatMap((_, index) => (earlier[index] ? [] : [index]));
    const bodies = [...asked];
    const bytes = missing.reduce((sum, index) => sum + jsonSize(bodies[index]), 0);
    this.#checkRoom(missing.length, bytes);
    this.#underWay += missing.length;
    this.#bytesUnderWay += bytes;
    try {
      const home = homedir();
      const ofItem = async <T>(index: number, check: () => T | Promise<T>): Promise<T> => {
        try {
          return await check();
        } catch (error) {
          throw isBatch && error instanceof Refusal ? ofBatch(error, index, bodies.length) : error;
        }
      };
      const waits: Waits[] = [];
      for (const index of missing)
        waits.push(
          await ofItem(index, async () => {
            const { on, tags = [] } = bodies[index]!;
            await hosts.checkPlacement(on, tags);
            bodies[index] = hosts.place(bodies[index]!);
            return waitsOf(bodies[index]!, find);
          }),
        );
      const prepared = await loader.prepare(
        missing.map((index) => {
          const { op, params, set } = bodies[index]!;
          return { op, input: { ...(params && { params }), ...(set && { set }) } };
        }),
      );
      if (!Array.isArray(prepared)) {
        const { index, refusal } = prepared;
        throw isBatch ? ofBatch(refusal, missing[index]!, bodies.length) : refusal;
      }
      const operations = missing.map((index, n) =>
        submissionOf(prepared[n]!, { ...ownOf(bodies[index]!, home), ...waits[n] }),
      );
      for (const [n, { queue }] of operations.entries())
        await ofItem(missing[n]!, () => queues.check(queue ?? DEFAULT_QUEUE));
      const submits = operations.map((operation, n) => {
        const index = missing[n]!;
        return { operation, env: bodies[index]!.env ?? NO_ENV, key: keys[index] ?? null };
      });
      submits.forEach(({ operation: { id } }, n) => {
        store.secrets.put(id, bodies[missing[n]!]!.secrets);
      });
      try {
        await lifecycle.submit(submits);
      } catch (error) {
        for (const { operation } of submits) store.secrets.delete(operation.id);
        throw error;
      }
      const made = submits.map(({ operation }) => store.find(operation.id)!).values();
      return { entries: bodies.map((_, index) => earlier[index] ?? made.next().value!), isNew: true };
    } finally {
      this.#underWay -= missing.length;
      this.#bytesUnderWay -= bytes;
    }
  }

  #checkRoom(wanted: number, bytes: number): void {
    const { settings, store, isStopping } = this.options;
    if (isStopping()) {
      throw new Refusal(
        "LIVEOPS_STOPPING",
        "nothing was recorded: the daemon is stopping; start it again with: liveopsd start",
      );
    }
    const bytesQueued = store.queuedBytes + this.#bytesUnderWay;
    if (bytesQueued + bytes > settings.maxQueuedBytes)
      throw tooManyBytes(bytesQueued, bytes, settings.maxQueuedBytes);
    const waiting = this.options.waiting.length + this.#underWay;
    if (waiting + wanted <= settings.maxQueued) return;
    const room = wanted > 1 ? `, and maxQueued allows ${settings.maxQueued}` : "";
    throw new Refusal(
      "LIVEOPS_QUEUE_FULL",
      `${waiting} operations wait already${room}; try again when some have started (liveops ls)`,
    );
  }

  /** @throws Refusal where the key was used with another body, or the operation of the key was removed */
  async #stored({ key, hash }: IdempotencyKey): Promise<Entry | null> {
    const used = await this.options.store.archive.byKey(key);
    if (!used) return null;
    if (used.hash !== hash) throw keyReused(key);
    if (!used.entry) throw wasRemoved(used.id);
    return used.entry;
  }

  /** Whether the key of one operation is used for a batch, or the reverse. */
  async #otherUse(key: string, isBatch: boolean): Promise<boolean> {
    return (await this.options.store.archive.byKey(isBatch ? key : nthKey(key, 0))) !== null;
  }
}

function tooManyBytes(queued: number, wanted: number, most: number): Refusal {
  const inMiB = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  return new Refusal(
    "LIVEOPS_QUEUE_FULL",
    `the parameters of queued operations take ${inMiB(queued)} and this submit adds ${inMiB(wanted)}; ` +
      `maxQueuedBytes allows ${inMiB(most)}; submit again when some have run (liveops ls), or raise maxQueuedBytes`,
  );
}

const NO_ENV: Record<string, string> = Object.freeze({});

/** The fields of a submission that its type does not determine. */
type Own = Pick<
  Submission,
  | "id"
  | "label"
  | "cwd"
  | "chain"
  | "limits"
  | "againOf"
  | "schedule"
  | "hooks"
  | "queue"
  | "priority"
  | "after"
  | "afterAny"
  | "notBefore"
  | "on"
  | "tags"
>;

function submissionOf(prepared: Prepared, own: Own): Submission {
  const { op, title, params, stages, historyKey, queue: ofType, source, requires } = prepared;
  const { id, label, cwd, chain, limits, queue = ofType, priority, ...others } = own;
  return {
    ...{ id, op, title, label, cwd, params, stages, chain },
    ...(limits && { limits }),
    ...(historyKey !== undefined && { historyKey }),
    ...(source && { source }),
    ...(requires && { requires }),
    ...(queue !== undefined && queue !== DEFAULT_QUEUE && { queue }),
    ...(priority !== undefined && priority !== 0 && { priority }),
    ...others,
  };
}

function ownOf(body: Submittable, home: string): Own {
  const { label, cwd, againOf, schedule, queue, priority, hooks, on, tags = [] } = body;
  const id = newId();
  const chain = { id, index: 0, previous: null, next: null };
  const limits = effectiveLimits(undefined, body);
  return {
    ...{ id, label: label || null, cwd: cwd ?? home, chain },
    ...(againOf !== undefined && { againOf }),
    ...(schedule !== undefined && { schedule }),
    ...(hooks && Object.keys(hooks).length > 0 && { hooks }),
    ...(limits && { limits }),
    ...(queue !== undefined && { queue }),
    ...(priority !== undefined && { priority }),
    ...(on !== undefined && { on }),
    ...(tags.length > 0 && { tags: [...new Set(tags)] }),
  };
}

type Waits = Pick<Own, "after" | "afterAny" | "notBefore">;

/**
 * What the operation waits for, with complete ids.
 *
 * @throws Refusal where there is no such operation
 */
async function waitsOf(
  { after = [], afterAny = [], notBefore }: SubmitBody,
  find: SubmissionsOptions["find"],
): Promise<Waits> {
  const idsOf = async (ids: readonly string[]) => {
    const found: string[] = [];
    for (const id of ids) found.push((await find(id)).record.id);
    return [...new Set(found)];
  };
  return {
    ...(after.length > 0 && { after: await idsOf(after) }),
    ...(afterAny.length > 0 && { afterAny: await idsOf(afterAny) }),
    ...(notBefore !== undefined && { notBefore: new Date(notBefore).toISOString() }),
  };
}

/** No header can hold this character, so no other key is the same. */
function nthKey(key: string, index: number): string {
  return `${key}\u001f${index}`;
}

/** A repeat may come from another span: it is the same request. */
function withoutSpan({ env, ...body }: Submittable): Submittable {
  if (env === undefined) return body;
  const { TRACEPARENT: _, TRACESTATE: __, ...others } = env;
  return { ...body, env: others };
}

function ofBatch({ code, message, extra }: Refusal, index: number, length: number): Refusal {
  return new Refusal(code, `batch of ${length} rejected: item ${index + 1}: ${message}`, extra);
}

function wasRemoved(id: string): Refusal {
  return new Refusal(
    "LIVEOPS_NO_SUCH_OPERATION",
    `the operation that was submitted with this Idempotency-Key, ${id}, was removed; use a new key to run it again`,
  );
}

function keyReused(key: string): Refusal {
  return new Refusal(
    "LIVEOPS_KEY_REUSED",
    `the Idempotency-Key ${JSON.stringify(key.replace(/\u001f.*/, ""))} was used with another body; use a new key`,
  );
}
