/**
 * The store compared with a simple model: any decisions, checkpoints, restarts and crashes, in any
 * order.
 */
import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isFinal, STATES, type State } from "../../../protocol/state.js";
import { counts } from "../../faults/mode.js";
import { submission } from "../../harness/records.js";
import { OpenStore } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

type Step =
  | { do: "submit"; op: string; key: boolean }
  | {
      do: "start" | "finish" | "retry" | "remove" | "chain" | "cancel" | "edit";
      which: number;
      state: number;
    }
  | { do: "checkpoint" | "restart" | "crash" | "lose the index" };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("submit" as const),
        op: fc.constantFrom("a", "b"),
        key: fc.boolean(),
      }),
    },
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constantFrom(
          "start",
          "finish",
          "finish",
          "retry",
          "remove",
          "chain",
          "cancel",
          "edit",
        ),
        which: fc.nat(),
        state: fc.nat({ max: 2 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom("checkpoint", "restart", "crash", "lose the index"),
      }),
    },
  ),
  { minLength: 1, maxLength: 40 },
);

interface Known {
  id: string;
  op: string;
  key: string | null;
  state: State;
  attempt: number;
}

class Model {
  /** In order of submission. */
  operations: Known[] = [];

  constructor(public open: OpenStore) {}

  async take(step: Step): Promise<void> {
    if (step.do === "submit") return this.#submit(step.op, step.key);
    if (!("which" in step)) return this.#store(step.do);
    const fitting = this.operations.filter(({ state }) => FITS[step.do](state));
    const known = fitting[step.which % Math.max(1, fitting.length)];
    if (known) await this.#move(step, known);
  }

  async #submit(op: string, withKey: boolean): Promise<void> {
    const key = withKey ? `key ${this.operations.length} ${Math.random()}` : null;
    const stored = key === null ? null : { key, hash: "hash", at: new Date().toISOString() };
    const id = await this.open.submit({ op }, stored);
    this.operations.push({ id, op, key, state: "queued", attempt: 0 });
  }

  async #move(step: Extract<Step, { which: number }>, known: Known): Promise<void> {
    const { open } = this;
    const state = (["succeeded", "failed", "cancelled"] as const)[step.state]!;
    switch (step.do) {
      case "start":
        await open.start(known.id);
        known.state = "running";
        known.attempt++;
        return;
      case "finish":
        await open.finish(known.id, state);
        known.state = state;
        return;
      case "chain": {
        const id = `z${known.id.slice(1)}`;
        if (this.operations.some((other) => other.id === id)) return;
        const chain = { id: known.id, index: 1, previous: known.id, next: null };
        await open.finish(known.id, "succeeded", submission({ id, op: "b", chain }));
        known.state = "succeeded";
        this.operations.push({ id, op: "b", key: null, state: "queued", attempt: 0 });
        return;
      }
      case "cancel":
        await open.lifecycle.cancel(known.id);
        known.state = "cancelled";
        return;
      case "edit": {
        const changes = { queue: QUEUES[step.state]! };
        await open.lifecycle.edit(known.id, () => changes);
        return;
      }
      case "retry":
        await open.lifecycle.retry(known.id);
        known.state = "queued";
        return;
      case "remove":
        await open.lifecycle.remove(known.id);
        this.operations = this.operations.filter((other) => other !== known);
    }
  }

  async #store(what: "checkpoint" | "restart" | "crash" | "lose the index"): Promise<void> {
    if (what === "checkpoint") return this.open.store.checkpoint();
    let { dir } = this.open;
    if (what !== "restart") {
      // A crash leaves the files as they are; what the old one writes after it goes nowhere.
      dir = directory();
      cpSync(this.open.dir, dir, { recursive: true });
    }
    await this.open.close();
    if (what === "lose the index") {
      for (const name of readdirSync(join(dir, "history")))
        if (name.startsWith("index")) rmSync(join(dir, "history", name));
    }
    this.open = await OpenStore.open(dir);
  }

  check(): void {
    const { store } = this.open;
    const expected = [...this.operations].reverse();
    const shown = (list: Known[]) =>
      list.map(({ id, state, attempt }) => `${id} ${state} ${attempt}`);
    expect(this.open.seen()).toEqual(shown(expected));
    expect(store.problems).toEqual([]);
    for (const state of STATES) {
      const those = expected.filter((known) => known.state === state);
      expect(store.counts()[state]).toBe(those.length);
      expect(store.count({ state: [state] })).toBe(those.length);
    }
    for (const queue of QUEUES) {
      const those = [...store.ledger.entries.values()].filter(
        ({ record }) => record.queue === queue,
      );
      const number = (state: State) => those.filter(({ record }) => record.state === state).length;
      expect(store.ledger.liveIn(queue)).toEqual({
        queued: number("queued"),
        running: number("running"),
        toAnswer: 0,
      });
    }
    const bs = expected.filter(({ op }) => op === "b");
    expect(store.list({ op: "b" }, 3).map(({ record }) => record.id)).toEqual(
      bs.slice(0, 3).map(({ id }) => id),
    );
    for (const { id, key, state } of expected) {
      expect(store.find(id)?.record.state).toBe(state);
      if (key !== null) expect(store.byKey(key)?.id).toBe(id);
    }
    for (const {
      record: { id },
    } of store.recent.values())
      expect(isFinal(store.find(id)!.record.state)).toBe(true);
  }
}

const QUEUES = ["default", "gpu", "night"];

const FITS: Record<Extract<Step, { which: number }>["do"], (state: State) => boolean> = {
  start: (state) => state === "queued",
  finish: (state) => state === "running",
  chain: (state) => state === "running",
  cancel: (state) => state === "queued",
  edit: (state) => state === "queued",
  retry: (state) => state === "failed" || state === "cancelled",
  remove: (state) => state !== "running",
};

test("whatever happens, the store shows what was decided, each once, in order", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const model = new Model(await OpenStore.open(directory()));
      for (const step of all) {
        await model.take(step);
        model.check();
      }
      await model.open.close();
    }),
    { numRuns: counts(20, 60) },
  );
});
