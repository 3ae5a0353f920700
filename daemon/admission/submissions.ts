/**
 * Submits: admit the drafts (`steps.ts`), journal, answer once durable. A batch is submitted as a
 * unit or refused.
 *
 * A repeated request with the same idempotency key is answered with the same operations. Where the
 * first request was cut off in the middle of its batch, the repeat submits the missing operations.
 */

import { hashOfParams } from "../../ops/attempt/stage-values.js";
import { Refusal } from "../../protocol/errors.js";
import { MAX_QUEUED_BYTES } from "../../protocol/limits.js";
import { isFinal } from "../../protocol/state.js";
import type { Lifecycle } from "../lifecycle.js";
import type { Scheduler } from "../scheduler/scheduler.js";
import type { Waiting } from "../scheduler/waiting.js";
import type { Settings } from "../settings.js";
import type { Entry, IdempotencyKey } from "../store/decision.js";
import { jsonSize } from "../store/json-size.js";
import { KeyedMutex } from "../store/keyed-mutex.js";
import { KeyUsedError, type Store } from "../store/store.js";
import { type AdmissionContext, admit, type Draft, RefusedDraft } from "./steps.js";

interface Submitted {
  entries: Entry[];
  /** False where an earlier request with the same key had submitted them all. */
  isNew: boolean;
  /** What the submitter should know. */
  warnings?: readonly string[];
}

interface SubmitOptions {
  /** A batch is not the same request as its only operation. */
  isBatch: boolean;
  /** The idempotency key; null: none. */
  key: string | null;
}

interface SubmissionsOptions extends AdmissionContext {
  lifecycle: Lifecycle;
  scheduler: Pick<Scheduler, "expect" | "submit">;
  store: Store;
  settings: Pick<Settings, "fromDaemon" | "maxQueued">;
  waiting: Pick<Waiting, "length">;
  /** Whether new operations are refused. */
  isStopping(): boolean;
}

export class Submissions {
  /** Pending requests by key: a second request with the same key waits for the first. */
  readonly #pending = new Map<string, { hash: string; result: Promise<Submitted> }>();
  readonly #open = new Set<Promise<Submitted>>();
  readonly #perLabel = new KeyedMutex();
  /** Operations that are accepted and not queued yet. */
  #underWay = 0;
  #bytesUnderWay = 0;

  constructor(private readonly options: SubmissionsOptions) {}

  /**
   * @throws Refusal LIVEOPS_QUEUE_FULL, LIVEOPS_STOPPING, LIVEOPS_NO_SUCH_TYPE,
   *   LIVEOPS_PARAMS_INVALID, LIVEOPS_KEY_REUSED
   */
  async submit(drafts: readonly Draft[], options: SubmitOptions): Promise<Submitted> {
    const submitted = this.#submitAll(drafts, options);
    this.#open.add(submitted);
    return submitted.finally(() => this.#open.delete(submitted));
  }

  /** Resolves when each submit that is under way now is recorded or refused. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#open);
  }

  async #submitAll(drafts: readonly Draft[], options: SubmitOptions): Promise<Submitted> {
    this.options.scheduler.expect();
    if (drafts.every(({ ifAbsent }) => ifAbsent === undefined))
      return this.#submit(drafts, options);
    if (options.isBatch)
      throw new Refusal(
        "LIVEOPS_BAD_REQUEST",
        "ifAbsent is not taken in a batch; submit the operation alone",
      );
    const { label = "" } = drafts[0]!;
    if (label === "") throw new Refusal("LIVEOPS_BAD_REQUEST", "ifAbsent needs a label");
    // A submit of the same label that is under way comes first.
    return this.#perLabel.run(label, async () => {
      const live = this.#liveWith(label);
      return live ? { entries: [live], isNew: false } : this.#submit(drafts, options);
    });
  }

  /**
   * @returns warnings
   * @throws Refusal where a submit of the draft would be refused, room aside
   */
  async check(draft: Draft): Promise<readonly string[]> {
    const admitted = await admit([draft], this.options).catch((error: unknown) => {
      throw error instanceof RefusedDraft ? error.refusal : error;
    });
    return warningsOf(admitted);
  }

  #liveWith(label: string): Entry | null {
    for (const entry of this.options.store.ledger.entries.values())
      if (entry.record.label === label && !isFinal(entry.record.state)) return entry;
    return null;
  }

  async #submit(drafts: readonly Draft[], options: SubmitOptions): Promise<Submitted> {
    const { isBatch, key } = options;
    if (key === null) return this.#record(drafts, options, [], []);
    // The hash is stored. That of a short secret would tell the secret. Two machines send the same
    // where both submit it.
    const shown = drafts.map(({ secrets: _, ...draft }) => this.options.hosts.place<Draft>(draft));
    const hash = hashOfParams(isBatch ? { batch: shown } : { ...shown[0]! });
    const pending = this.#pending.get(key);
    if (pending) {
      if (pending.hash !== hash) throw keyReused(key);
      return { ...(await pending.result), isNew: false };
    }
    const at = new Date().toISOString();
    const keys = drafts.map((_, index) => ({ key: isBatch ? nthKey(key, index) : key, hash, at }));
    const result = this.#once(drafts, { isBatch, key }, keys);
    this.#pending.set(key, { hash, result });
    try {
      return await result;
    } finally {
      this.#pending.delete(key);
    }
  }

  /** Submits the operations that no earlier request with the same key has submitted. */
  async #once(
    drafts: readonly Draft[],
    options: SubmitOptions & { key: string },
    keys: readonly IdempotencyKey[],
  ): Promise<Submitted> {
    for (;;) {
      const earlier: Array<Entry | null> = [];
      for (const key of keys) earlier.push(await this.#stored(key));
      if (await this.#otherUse(options.key, options.isBatch)) throw keyReused(options.key);
      if (earlier.every((each) => each !== null)) return { entries: earlier, isNew: false };
      try {
        return await this.#record(drafts, options, keys, earlier);
      } catch (error) {
        // Another host was faster with the same key.
        if (!(error instanceof KeyUsedError)) throw error;
      }
    }
  }

  /** Admits and records the drafts that have no operation yet. */
  async #record(
    drafts: readonly Draft[],
    { isBatch }: SubmitOptions,
    keys: readonly IdempotencyKey[],
    earlier: ReadonlyArray<Entry | null>,
  ): Promise<Submitted> {
    const { lifecycle, scheduler, store } = this.options;
    const missing = drafts.flatMap((draft, index) =>
      earlier[index] ? [] : [{ draft, index, key: keys[index] ?? null }],
    );
    const bytes = missing.reduce((sum, { draft }) => sum + jsonSize(draft), 0);
    // A child belongs to an operation that runs: a full queue does not refuse it.
    if (drafts.every(({ parent }) => parent === undefined)) this.#checkRoom(missing.length, bytes);
    this.#underWay += missing.length;
    this.#bytesUnderWay += bytes;
    try {
      const admitted = await admit(
        missing.map(({ draft }) => draft),
        this.options,
      );
      const submits = admitted.map(({ submission, env }, n) => ({
        operation: submission,
        env,
        key: missing[n]!.key,
      }));
      submits.forEach(({ operation: { id } }, n) => {
        store.secrets.put(id, admitted[n]!.secrets);
      });
      try {
        const [first, ...others] = submits;
        await (first !== undefined && others.length === 0
          ? scheduler.submit(first)
          : lifecycle.submit(submits));
      } catch (error) {
        for (const { operation } of submits) store.secrets.delete(operation.id);
        throw error;
      }
      const made = submits.map(({ operation }) => store.find(operation.id)!).values();
      const entries = drafts.map((_, index) => earlier[index] ?? made.next().value!);
      return { entries, isNew: true, warnings: warningsOf(admitted) };
    } catch (error) {
      if (!(error instanceof RefusedDraft)) throw error;
      throw isBatch
        ? ofBatch(error.refusal, missing[error.index]!.index, drafts.length)
        : error.refusal;
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
        "nothing was recorded: the daemon is stopping; start it again with: liveops start",
      );
    }
    const bytesQueued = store.queuedBytes + this.#bytesUnderWay;
    if (bytesQueued + bytes > settings.maxQueued * MAX_QUEUED_BYTES)
      throw tooManyBytes(bytesQueued, bytes, settings.maxQueued);
    const waiting = this.options.waiting.length + this.#underWay;
    if (waiting + wanted <= settings.maxQueued) return;
    const room = wanted > 1 ? `, and maxQueued allows ${settings.maxQueued}` : "";
    throw new Refusal(
      "LIVEOPS_QUEUE_FULL",
      `${waiting} operations wait already${room}; try again when some have started (liveops ls)`,
    );
  }

  /**
   * @throws Refusal where the key was used with another body, or the operation of the key was
   * removed
   */
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

function warningsOf(admitted: ReadonlyArray<{ warning: string | undefined }>): string[] {
  return [...new Set(admitted.flatMap(({ warning }) => warning ?? []))];
}

function tooManyBytes(queued: number, wanted: number, maxQueued: number): Refusal {
  const inMiB = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  return new Refusal(
    "LIVEOPS_QUEUE_FULL",
    `the parameters of queued operations take ${inMiB(queued)} and this submit adds ${inMiB(wanted)}; ` +
      `maxQueued allows ${inMiB(maxQueued * MAX_QUEUED_BYTES)}; submit again when some have run (liveops ls), or raise maxQueued`,
  );
}

/** No header can hold this character, so no other key is the same. */
function nthKey(key: string, index: number): string {
  return `${key}\u001f${index}`;
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
