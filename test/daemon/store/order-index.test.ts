/** The order of entries, beside a list that is sorted anew for each question. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Decision, Entry } from "../../../daemon/store/decision.js";
import type { HistoryQuery } from "../../../daemon/store/history-query.js";
import { Ledger } from "../../../daemon/store/ledger.js";
import { OrderIndex } from "../../../daemon/store/order-index.js";
import { matchesQuery } from "../../../daemon/store/recent.js";
import { STATES } from "../../../protocol/state.js";
import { cases } from "../../faults/mode.js";
import { AT, submission } from "../../harness/records.js";

describe("OrderIndex", () => {
  test("walks both ways from any place as a sorted list does, after any changes", () => {
    const step = fc.record({ adds: fc.boolean(), order: fc.integer({ min: 0, max: 40 }) });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 400 }),
        fc.integer({ min: -1, max: 41 }),
        (steps, place) => {
          const index = new OrderIndex();
          const entries = new Map<number, Entry>();
          for (const { adds, order } of steps) {
            const known = entries.get(order);
            if (adds && !known) {
              const entry = { order } as Entry;
              entries.set(order, entry);
              index.add(entry);
            } else if (!adds && known) {
              entries.delete(order);
              index.remove(known);
            }
          }
          const sorted = [...entries.values()].sort((a, b) => a.order - b.order);
          expect(index.size).toBe(sorted.length);
          expect([...index.oldest()]).toEqual(sorted);
          expect([...index.newest()]).toEqual(sorted.toReversed());
          expect([...index.oldest(place)]).toEqual(sorted.filter(({ order }) => order > place));
          expect([...index.newest(place)]).toEqual(
            sorted.filter(({ order }) => order < place).toReversed(),
          );
        },
      ),
    );
  });

  test("keeps few gaps after many removals", () => {
    const index = new OrderIndex();
    const entries = Array.from({ length: 10_000 }, (_, order) => ({ order }) as Entry);
    for (const entry of entries) index.add(entry);
    for (const entry of entries.slice(0, -1)) index.remove(entry);
    expect([...index.newest()]).toEqual(entries.slice(-1));
    index.remove(entries[0]!);
    expect(index.size).toBe(1);
  });
});

type Step = {
  do: "submit" | "start" | "requeue" | "finish" | "chain" | "retry" | "restore" | "seal";
  which: number;
};

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    do: fc.constantFrom(
      ...(["submit", "submit", "submit", "start", "start", "requeue"] as const),
      ...(["finish", "finish", "chain", "retry", "restore", "seal"] as const),
    ),
    which: fc.nat(),
  }),
  { maxLength: 120 },
);

/**
 * A ledger by decisions, and the sealed entries, which a retry brings back under their old order.
 */
class Story {
  readonly ledger = new Ledger();
  readonly sealed: Entry[] = [];
  #n = 0;

  take(step: Step): void {
    const decision = this.#decision(step);
    if (decision) this.ledger.apply(decision as Decision, ++this.#n);
  }

  #decision({ do: doing, which }: Step): object | null {
    const pick = (
      fits: (entry: Entry) => boolean,
      from: Iterable<Entry> = this.ledger.entries.values(),
    ) => {
      const all = [...from].filter(fits);
      return all[which % Math.max(1, all.length)];
    };
    const inState = (state: string) => pick(({ record }) => record.state === state);
    switch (doing) {
      case "submit":
        return { kind: "submitted", ...this.#submitted(which) };
      case "start":
        return this.#on(inState("queued"), (entry) => ({
          ...{ kind: "started", worker: {} as never, policy: {} as never, uptime: 1 },
          event: this.#event(entry, { type: "attempt:started" }),
        }));
      case "requeue":
        return this.#on(inState("running"), (entry) => ({
          ...{ kind: "requeued", next: 2, tries: 0, logLines: 0 },
          event: this.#event(entry, { type: "attempt:requeued", reason: "lost", retryAt: null }),
        }));
      case "finish":
      case "chain":
        return this.#on(inState("running"), (entry) => ({
          ...{ kind: "finished", runState: {} },
          event: this.#event(entry, {
            type: "operation:finished",
            state: "failed",
            result: null,
            next: null,
          }),
          successor:
            doing === "finish"
              ? null
              : {
                  submitted: this.#submitted(which),
                  cancelled:
                    which % 2 === 0
                      ? null
                      : {
                          type: "operation:finished",
                          seq: 2,
                          at: AT,
                          attempt: 0,
                          state: "cancelled",
                          next: null,
                        },
                },
        }));
      case "retry": {
        const entry = pick(
          ({ record }) => record.state === "failed",
          [...this.sealed, ...this.ledger.entries.values()],
        );
        if (!entry) return null;
        if (this.sealed.includes(entry)) this.sealed.splice(this.sealed.indexOf(entry), 1);
        const event = this.#event(entry, { type: "operation:retried", from: null });
        return { kind: "retried", id: entry.record.id, event, entry };
      }
      case "restore": {
        const entry = pick(() => true);
        if (!entry) return null;
        const id = which % 2 === 0 ? entry.record.id : `restored${this.#n}`;
        const restored = { ...entry, events: [], record: { ...entry.record, id } };
        return { kind: "restored", id, entry: restored };
      }
      case "seal": {
        const entry = pick(({ record }) => record.state === "failed");
        if (!entry) return null;
        this.ledger.drop(entry.record.id);
        this.sealed.push(entry);
        return null;
      }
    }
  }

  #submitted(which: number) {
    const id = `op${this.#n}`;
    const operation = submission({ id, op: which % 3 === 0 ? "a" : "b" });
    return {
      event: { type: "operation:submitted" as const, seq: 1, at: AT, attempt: 0, operation },
      ...{ env: {}, key: null },
    };
  }

  #event({ record: { seq, attempt } }: Entry, body: object) {
    return { seq: seq + 1, at: AT, attempt, error: null, ...body } as never;
  }

  #on(entry: Entry | undefined, decision: (entry: Entry) => object): object | null {
    return entry ? { id: entry.record.id, ...decision(entry) } : null;
  }
}

const query: fc.Arbitrary<HistoryQuery> = fc.record({
  state: fc.option(fc.subarray([...STATES]), { nil: undefined }),
  op: fc.option(fc.constantFrom("a", "b", "none"), { nil: undefined }),
  order: fc.constantFrom("newest" as const, "oldest" as const, undefined),
  before: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
});

test("a page and a count of the ledger are those of the sorted entries, after any decisions", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      steps,
      fc.array(query, { minLength: 1, maxLength: 5 }),
      fc.nat({ max: 20 }),
      (all, queries, limit) => {
        const story = new Story();
        for (const step of all) story.take(step);
        const entries = [...story.ledger.entries.values()];
        for (const { record } of entries) seen.add(record.state);
        for (const each of queries) {
          const way = each.order === "oldest" ? 1 : -1;
          const naive = entries
            .filter((entry) => matchesQuery(entry, each))
            .sort((a, b) => way * (a.order - b.order));
          expect(story.ledger.list(each, limit)).toEqual(naive.slice(0, limit));
          expect(story.ledger.count(each)).toBe(
            entries.filter((entry) => matchesQuery(entry, { ...each, before: undefined })).length,
          );
        }
      },
    ),
    { numRuns: cases(400) },
  );
  expect([...seen].sort()).toEqual(["cancelled", "failed", "queued", "running"]);
});
