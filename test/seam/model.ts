/** Commands of the lifecycle at random, and a simple model of what they make of the operations. */
import fc from "fast-check";
import { expect } from "vitest";
import type { FinalState, State } from "../../protocol/state.js";
import { STATES } from "../../protocol/state.js";
import { submission } from "../harness/records.js";
import type { Opened } from "./implementations.js";

const MOVES = [
  ...(["start", "start", "finish", "finish", "cancel", "retry", "edit"] as const),
  ...(["requeue", "remove", "chain", "pause", "reject"] as const),
];

type Move = (typeof MOVES)[number];

export type Step =
  | { do: "submit"; op: string; hasKey: boolean; count: number }
  /** `which`: of the operations that the move fits. `host`: of two, who issues it. */
  | { do: Move; which: number; state: number; host: number }
  | { do: "reopen" | "seal"; host: number };

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("submit" as const),
        op: fc.constantFrom("a", "b"),
        hasKey: fc.boolean(),
        count: fc.integer({ min: 1, max: 3 }),
      }),
    },
    {
      weight: 14,
      arbitrary: fc.record({
        do: fc.constantFrom(...MOVES),
        which: fc.nat(),
        state: fc.nat({ max: 2 }),
        host: fc.nat({ max: 1 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constantFrom("reopen", "seal"), host: fc.nat({ max: 1 }) }),
    },
  ),
  { minLength: 1, maxLength: 40 },
);

interface Known {
  id: string;
  op: string;
  key: string | null;
  label: string | null;
  state: State;
  attempt: number;
  /** The next start begins this attempt. */
  next: number;
  isCancelled: boolean;
  isPaused: boolean;
  /** Number of the last decision about it, and of the one that queued it last. */
  version: number;
  queuedAt: number;
  host: number;
  /** The host that alone may start it: a chain stays where its first operation ran. Null: any. */
  pin: number | null;
}

const FITS: Record<Move, (known: Known) => boolean> = {
  start: ({ state }) => state === "queued",
  finish: ({ state }) => state === "running",
  requeue: ({ state }) => state === "running",
  chain: ({ state }) => state === "running",
  pause: ({ state, isCancelled }) => state === "running" && !isCancelled,
  cancel: ({ state, isCancelled }) => state === "queued" || (state === "running" && !isCancelled),
  reject: ({ state }) => state === "queued",
  edit: ({ state }) => state === "queued",
  retry: ({ state }) => state === "failed" || state === "cancelled",
  remove: ({ state }) => state !== "running",
};

/** What a step is about: chosen once, and issued to each implementation. */
export interface Chosen {
  step: Step;
  /** Of what is submitted, or the operation of the step and its successor. */
  ids: string[];
  known: Known | null;
  /** Who issues the step: only the host that runs an attempt can end it, and a pin counts. */
  host: number;
}

export class Model {
  /** In the order of submission. */
  operations: Known[] = [];
  /** Number of the last decision. */
  n = 0;
  #count = 0;

  /** Null: the step fits nothing. Ids are equal in all implementations. */
  choose(step: Step): Chosen | null {
    if (step.do === "submit") {
      const ids = Array.from({ length: step.count }, () => this.#newId());
      return { step, ids, known: null, host: 0 };
    }
    if (!("which" in step)) return { step, ids: [], known: null, host: step.host };
    const fitting = this.operations.filter(FITS[step.do]);
    const known = fitting[step.which % Math.max(1, fitting.length)];
    if (!known) return null;
    const ids = step.do === "chain" ? [known.id, this.#newId()] : [known.id];
    const ends = step.do === "finish" || step.do === "requeue" || step.do === "chain";
    const pin = step.do === "start" ? known.pin : null;
    const only = ends ? known.host : pin;
    return { step, ids, known: { ...known }, host: only ?? step.host };
  }

  #newId(): string {
    return `op${String(++this.#count).padStart(10, "0")}`;
  }

  /** The model's own account of the step. */
  apply({ step, ids, host }: Chosen): void {
    if (step.do === "submit") {
      for (const id of ids) this.#add(id, step.op, step.hasKey ? `key of ${id}` : null, ++this.n);
      return;
    }
    if (!("which" in step)) return;
    const known = this.operations.find(({ id }) => id === ids[0])!;
    known.version = ++this.n;
    switch (step.do) {
      case "start":
        Object.assign(known, { state: "running", attempt: known.next, isCancelled: false, host });
        break;
      case "finish":
        this.#end(known, finalOf(step.state));
        break;
      case "reject":
        this.#end(known, "failed");
        break;
      case "requeue":
        // A recorded cancel beats a requeue.
        if (known.isCancelled) this.#end(known, "cancelled");
        else
          Object.assign(known, {
            state: "queued",
            next: known.attempt + 1,
            queuedAt: this.n,
            isPaused: false,
          });
        break;
      case "chain": {
        this.#end(known, "succeeded");
        const state = known.isCancelled ? "cancelled" : "queued";
        this.#add(ids[1]!, "b", null, this.n, { state, pin: known.host });
        break;
      }
      case "pause":
        known.isPaused = !known.isPaused;
        break;
      case "cancel":
        if (known.state === "queued") this.#end(known, "cancelled");
        else known.isCancelled = true;
        break;
      case "edit":
        known.label = `label ${this.n}`;
        break;
      case "retry":
        Object.assign(known, { state: "queued", queuedAt: this.n, isCancelled: false });
        break;
      case "remove":
        // A queued operation is cancelled in the same write.
        if (known.state === "queued") this.n++;
        this.operations = this.operations.filter((other) => other !== known);
    }
  }

  #end(known: Known, state: FinalState): void {
    Object.assign(known, { state, next: known.attempt + 1, isPaused: false });
  }

  #add(id: string, op: string, key: string | null, n: number, more: Partial<Known> = {}): void {
    const flags = { isCancelled: false, isPaused: false };
    const numbers = { version: n, queuedAt: n, attempt: 0, next: 1, host: 0, pin: null };
    this.operations.push({
      id,
      op,
      key,
      label: null,
      state: "queued",
      ...flags,
      ...numbers,
      ...more,
    });
  }

  /** Everything that a daemon can ask, against the model. */
  async check({ store }: Opened): Promise<void> {
    const expected = this.operations.toReversed();
    const entries = await store.archive.list({}, 1000);
    expect(
      entries.map(({ record, version, queuedAt, nextAttempt }) => ({
        id: record.id,
        state: record.state,
        attempt: record.attempt,
        label: record.label,
        version,
        queuedAt,
        nextAttempt,
        isPaused: (record.pause?.since ?? null) !== null,
      })),
    ).toEqual(
      expected.map(({ id, state, attempt, label, version, queuedAt, next, isPaused }) => ({
        id,
        state,
        attempt,
        label,
        version,
        queuedAt,
        nextAttempt: next,
        isPaused,
      })),
    );
    expect(store.journalNumber).toBe(this.n);
    expect(store.problems).toEqual([]);
    const queued = entries.filter(({ record }) => record.state === "queued");
    expect(store.queuedBytes).toBe(queued.reduce((sum, { bytes }) => sum + bytes, 0));
    for (const state of STATES) {
      const those = expected.filter((known) => known.state === state);
      expect([state, store.counts()[state]]).toEqual([state, those.length]);
      expect(await store.archive.count({ state: [state], op: "b" })).toBe(
        those.filter(({ op }) => op === "b").length,
      );
    }
    for (const { id, key, state } of expected) {
      if (state === "queued" || state === "running")
        expect(store.ledger.get(id)?.record.state).toBe(state);
      if (key !== null) expect((await store.archive.byKey(key))?.entry?.record.id).toBe(id);
    }
  }
}

/** Issues the step. `host` gives names: the record of an attempt has the name of its host. */
export async function issue({ step, ids, known }: Chosen, opened: Opened): Promise<void> {
  const { lifecycle } = opened;
  if (step.do === "submit") {
    const at = new Date().toISOString();
    const submits = ids.map((id) => ({
      operation: submission({ id, op: step.op, params: { n: id } }),
      env: { ID: id },
      key: step.hasKey ? { key: `key of ${id}`, hash: "hash", at } : null,
    }));
    return lifecycle.submit(submits);
  }
  if (!("which" in step)) return;
  const id = ids[0]!;
  switch (step.do) {
    case "start":
      expect(await opened.start(id)).not.toBeNull();
      return;
    case "finish":
      return opened.finish(id, finalOf(step.state));
    case "requeue": {
      const { attempt, seq } = opened.store.ledger.get(id)!.record;
      const requeue = { reason: "again", next: attempt + 1, tries: 1, delay: 0 };
      return lifecycle.conclude(id, attempt, seq, () => ({ requeue }));
    }
    case "chain": {
      const chain = { id: known!.id, index: 1, previous: known!.id, next: null };
      return opened.finish(id, "succeeded", submission({ id: ids[1]!, op: "b", chain }));
    }
    case "pause":
      await lifecycle.pause(id, !known!.isPaused);
      return;
    case "cancel":
      await lifecycle.cancel(id);
      return;
    case "reject":
      return lifecycle.reject(id, { state: "failed", result: null, error: null, next: null });
    case "edit": {
      const changes = { label: `label ${opened.store.journalNumber + 1}` };
      await lifecycle.edit(id, () => changes);
      return;
    }
    case "retry":
      return opened.retry(id);
    case "remove":
      await lifecycle.remove(id);
  }
}

function finalOf(state: number): FinalState {
  return (["succeeded", "failed", "cancelled"] as const)[state]!;
}
