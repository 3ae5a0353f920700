/** The archive: live and finished operations alike, in memory or not. */
import { expect, test } from "vitest";
import type { Entry } from "../../daemon/store/decision.js";
import type { HistoryQuery } from "../../daemon/store/history-query.js";
import type { Submission } from "../../protocol/event.js";
import { newId } from "../../protocol/id.js";
import { isFinal } from "../../protocol/state.js";
import { submission } from "../harness/records.js";
import { describeSeam, type Opened, type Seam } from "./implementations.js";

const PARENT = { id: "parent000000", attempt: 1, stage: "Build", occurrence: 1, call: 1 };

const HOUR_MS = 3600 * 1000;

const idsOf = (entries: readonly Entry[]) => entries.map(({ record }) => record.id);

const keyOf = (key: string, hash = "hash") => ({ key, hash, at: new Date().toISOString() });

/**
 * Operations of all kinds; some of the finished ones are no longer in memory where the store seals
 * them.
 */
async function filled(seam: Seam): Promise<Opened> {
  const opened = await seam.open();
  const kinds: Array<Partial<Submission>> = [
    { op: "build", title: "Build the ÄPP", label: "nightly 100%", historyKey: "h1" },
    { op: "build", title: "Build", label: "under_score", historyKey: "h2" },
    { op: "deploy", title: "Deploy \\ all", label: null, parent: PARENT },
  ];
  for (const seals of [true, false]) {
    for (const over of kinds) {
      await opened.submit(over);
      await opened.start(await opened.submit(over));
      await opened.finished("failed", over);
      await opened.finished("succeeded", over);
      await opened.lifecycle.cancel(await opened.submit(over));
      const first = await opened.submit(over);
      await opened.start(first);
      const id = newId();
      const chain = { id: first, index: 1, previous: first, next: null };
      await opened.finish(first, "succeeded", submission({ ...over, id, chain }));
      await opened.lifecycle.cancel(id);
    }
    if (seals) await opened.seal();
  }
  return opened;
}

/** The rules of a query, as its documentation states them. */
function fits({ record, order, finishedBy }: Entry, query: HistoryQuery): boolean {
  const { state, op, historyKey, chain, parent, q, before, finishedAfter, finishedSince } = query;
  const text = [record.id, record.op, record.title, record.label ?? ""].map((word) =>
    word.toLowerCase(),
  );
  return (
    (state === undefined || state.includes(record.state)) &&
    (op === undefined || record.op === op) &&
    (historyKey === undefined || record.historyKey === historyKey) &&
    (chain === undefined || record.chain.id === chain) &&
    (parent === undefined ||
      { none: record.parent === undefined, any: record.parent !== undefined }[parent] ||
      record.parent?.id === parent) &&
    (!q || text.some((word) => word.includes(q.toLowerCase()))) &&
    (before === undefined || (query.order === "oldest" ? order > before : order < before)) &&
    (finishedAfter === undefined || (isFinal(record.state) && finishedBy > finishedAfter)) &&
    (finishedSince === undefined ||
      (record.finishedAt !== null && Date.parse(record.finishedAt) >= finishedSince))
  );
}

describeSeam("archive", (seam) => {
  test("find knows live, finished and sealed operations, and no others", async () => {
    const opened = await seam.open();
    const ids = [
      await opened.submit(),
      await opened.finished("failed"),
      await opened.finished("succeeded"),
    ];
    await opened.seal();
    for (const id of ids) {
      expect((await opened.store.archive.find(id))?.record.id).toBe(id);
      expect(await opened.store.archive.knows(id)).toBe(true);
    }
    expect(await opened.store.archive.find(newId())).toBeNull();
    expect(await opened.store.archive.knows(newId())).toBe(false);
  });

  test("list finds by each field of a query, and by any two; count counts the same", async () => {
    const opened = await filled(seam);
    const { archive } = opened.store;
    const all = await archive.list({}, 1000);
    expect(all).toHaveLength(42);
    const middle = all[20]!;
    const ended = all.filter(({ finishedBy }) => finishedBy > 0);
    const fields: HistoryQuery[] = [
      { state: ["queued"] },
      { state: ["running"] },
      { state: ["failed", "cancelled"] },
      { op: "build" },
      { historyKey: "h2" },
      { chain: all.find(({ record }) => record.chain.index === 1)!.record.chain.id },
      { parent: PARENT.id },
      { parent: "none" },
      { parent: "any" },
      { q: "äpp" },
      { q: "100%" },
      { q: "R_s" },
      { q: "\\ ALL" },
      { q: middle.record.id.slice(2, 9) },
      { q: "" },
      { before: middle.order },
      { order: "oldest" },
      { order: "oldest", before: middle.order },
      { finishedAfter: ended[10]!.finishedBy },
      { finishedSince: Date.parse(ended[10]!.record.finishedAt!) },
    ];
    for (const one of fields)
      for (const two of fields) {
        const query = { ...one, ...two };
        const expected = all.filter((entry) => fits(entry, query));
        if (query.order === "oldest") expected.reverse();
        expect([query, idsOf(await archive.list(query, 1000))]).toEqual([query, idsOf(expected)]);
        const { before: _, ...others } = query;
        const n = all.filter((entry) => fits(entry, others)).length;
        expect([query, await archive.count(query)]).toEqual([query, n]);
      }
  });

  test("operations inside of others are counted apart, sealed or not, after a restart too", async () => {
    const opened = await seam.open();
    for (const over of [{}, { parent: PARENT }]) {
      await opened.submit(over);
      await opened.finished("failed", over);
    }
    await opened.seal();
    await opened.finished("failed", { parent: PARENT });
    const again = await seam.reopen(opened);
    for (const { store } of [opened, again]) {
      expect(store.counts()).toMatchObject({ queued: 2, failed: 3 });
      expect(store.counts("none")).toMatchObject({ queued: 1, failed: 1 });
    }
  });

  test("pages of any length, forward and backward, make up the complete list", async () => {
    const opened = await filled(seam);
    const { archive } = opened.store;
    for (const order of ["newest", "oldest"] as const)
      for (const length of [1, 5, 42]) {
        const pages: Entry[] = [];
        for (let before: number | undefined; ; before = pages.at(-1)!.order) {
          const page = await archive.list({ order, before, op: "build" }, length);
          if (page.length === 0) break;
          pages.push(...page);
        }
        expect(idsOf(pages)).toEqual(idsOf(await archive.list({ order, op: "build" }, 1000)));
      }
  });

  test("list is in the order of submission, whatever happened since", async () => {
    const opened = await seam.open();
    const ids = [await opened.submit(), await opened.finished("failed"), await opened.submit()];
    await opened.retry(ids[1]!);
    await opened.lifecycle.cancel(ids[0]!);
    expect(idsOf(await opened.all())).toEqual(ids.toReversed());
    expect(idsOf(await (await seam.reopen(opened)).all())).toEqual(ids.toReversed());
  });

  test("a retried operation is no longer among the finished ones", async () => {
    const opened = await seam.open();
    const id = await opened.finished("failed");
    await opened.seal();
    await opened.retry(id);
    const { archive } = opened.store;
    expect(await archive.count({ state: ["failed"] })).toBe(0);
    expect(idsOf(await archive.list({ finishedAfter: 0 }, 10))).toEqual([]);
    expect(idsOf(await archive.list({ state: ["queued"] }, 10))).toEqual([id]);
    expect(await archive.expired(0, 0, 10)).toEqual([]);
  });

  test("an edit changes what a query finds", async () => {
    const opened = await seam.open();
    const id = await opened.submit({ label: "before", historyKey: "old" });
    const edited = async (changes: object) => opened.lifecycle.edit(id, () => changes);
    const found = async (query: HistoryQuery) => opened.store.archive.count(query);
    await edited({ label: "after", historyKey: "new", title: "Another title" });
    for (const query of [{ q: "before" }, { q: "load, process" }, { historyKey: "old" }])
      expect([query, await found(query)]).toEqual([query, 0]);
    for (const query of [{ q: "AFTER" }, { q: "another t" }, { historyKey: "new" }])
      expect([query, await found(query)]).toEqual([query, 1]);
    await edited({ label: null });
    expect(await found({ q: "after" })).toBe(0);
    await opened.lifecycle.cancel(id);
    await opened.seal();
    expect(await found({ q: "after" })).toBe(0);
  });

  test("a title that the attempt declared is searched once the operation is finished", async () => {
    const opened = await seam.open();
    const id = await opened.submit({ title: "Old title" });
    await opened.start(id);
    const entry = opened.store.ledger.get(id)!;
    entry.record = { ...entry.record, title: "Declared title" };
    await opened.finish(id, "succeeded");
    await opened.seal();
    expect(await opened.store.archive.count({ q: "declared" })).toBe(1);
    expect(await opened.store.archive.count({ q: "old" })).toBe(0);
  });

  test("idsWithPrefix is sorted, limited, and takes the prefix literally", async () => {
    const opened = await seam.open();
    for (const id of ["abc000000003", "abc000000001", "abd000000001"]) await opened.submit({ id });
    await opened.lifecycle.cancel("abc000000001");
    await opened.seal();
    const { archive } = opened.store;
    expect(await archive.idsWithPrefix("abc", 10)).toEqual(["abc000000001", "abc000000003"]);
    expect(await archive.idsWithPrefix("ab", 2)).toEqual(["abc000000001", "abc000000003"]);
    expect(await archive.idsWithPrefix("a_c", 10)).toEqual([]);
    expect(await archive.idsWithPrefix("a%", 10)).toEqual([]);
  });

  test("a key finds its operation in every state, also for the next daemon", async () => {
    const opened = await seam.open();
    const id = await opened.submit({}, keyOf("k1", "h1"));
    const use = async ({ store }: Opened) => {
      const found = await store.archive.byKey("k1");
      return found && { ...found, entry: found.entry?.record.state ?? null };
    };
    expect(await use(opened)).toEqual({ id, hash: "h1", entry: "queued" });
    await opened.start(id);
    await opened.finish(id, "failed");
    await opened.seal();
    expect(await use(opened)).toEqual({ id, hash: "h1", entry: "failed" });
    await opened.retry(id);
    expect(await use(opened)).toEqual({ id, hash: "h1", entry: "queued" });
    expect(await opened.store.archive.byKey("k2")).toBeNull();
    expect(await use(await seam.reopen(opened))).toEqual({ id, hash: "h1", entry: "queued" });
  });

  test("the key of a removed operation stays", async () => {
    const opened = await seam.open();
    const id = await opened.submit({}, keyOf("k1"));
    await opened.lifecycle.remove(id);
    const removed = { id, hash: "hash", entry: null };
    expect(await opened.store.archive.byKey("k1")).toEqual(removed);
    const again = await seam.reopen(opened);
    expect(await again.store.archive.byKey("k1")).toEqual(removed);
  });

  test("nothing finds a removed operation, queued or finished, in memory or sealed", async () => {
    const opened = await seam.open();
    const stays = await opened.submit();
    const gone = [
      await opened.submit(),
      await opened.finished("failed"),
      await opened.finished("succeeded"),
    ];
    await opened.seal();
    gone.push(await opened.finished("succeeded"));
    for (const id of gone) {
      expect((await opened.store.archive.find(id))?.record.id).toBe(id);
      await opened.lifecycle.remove(id);
    }
    const check = async ({ store }: Opened) => {
      for (const id of gone) {
        expect(await store.archive.find(id)).toBeNull();
        expect(store.find(id)).toBeNull();
        expect(await store.archive.idsWithPrefix(id, 10)).toEqual([]);
      }
      expect(idsOf(await store.archive.list({}, 10))).toEqual([stays]);
      expect(await store.archive.count({})).toBe(1);
      expect(store.counts()).toEqual({
        queued: 1,
        running: 0,
        succeeded: 0,
        failed: 0,
        cancelled: 0,
      });
    };
    await check(opened);
    for (const id of gone) expect(await opened.store.archive.knows(id)).toBe(true);
    expect(opened.announced.filter(({ kind }) => kind === "removed")).toHaveLength(gone.length);
    await check(await seam.reopen(opened));
  });

  test("expired are all but the newest, and those that finished before the cutoff", async () => {
    const opened = await seam.open();
    const live = await opened.submit();
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.push(await opened.finished("succeeded"));
    await opened.seal();
    const { archive } = opened.store;
    const expired = async (...asked: Parameters<typeof archive.expired>) =>
      (await archive.expired(...asked)).sort();
    expect(await expired(5, 0, 10)).toEqual([]);
    expect(await expired(3, 0, 10)).toEqual(ids.slice(0, 2).sort());
    expect(await expired(0, 0, 3)).toHaveLength(3);
    expect(await expired(9, Date.now() + HOUR_MS, 10)).toEqual([...ids].sort());
    expect(idsOf(await archive.list({ state: ["queued"] }, 10))).toEqual([live]);
  });

  test("an operation that took long expires by its end, not by its submission", async () => {
    const opened = await seam.open();
    const long = await opened.submit();
    await opened.start(long);
    const short = await opened.finished("succeeded");
    const { finishedAt } = opened.store.find(short)!.record;
    await new Promise((resolve) => setTimeout(resolve, 5));
    await opened.finish(long, "succeeded");
    await opened.seal();
    const cutoff = Date.parse(finishedAt!) + 1;
    expect(await opened.store.archive.expired(9, cutoff, 10)).toEqual([short]);
  });

  test("finished operations beyond those in memory are found, retried and removed like the others", async () => {
    const opened = await seam.open();
    const ids = Array.from({ length: 260 }, () => newId());
    const env = {};
    await opened.lifecycle.submit(
      ids.map((id) => ({
        operation: submission({ id, label: `l ${id}` }),
        env,
        key: keyOf(`key of ${id}`),
      })),
    );
    await Promise.all(ids.map((id) => opened.lifecycle.cancel(id)));
    await opened.seal();
    const [old, older, oldest] = ids.slice(0, 3) as [string, string, string];
    const { archive } = opened.store;
    expect(opened.forgotten).toContain(oldest);
    expect(idsOf(await archive.list({}, 1000))).toEqual(ids.toReversed());
    expect(await archive.byKey(`key of ${old}`)).toMatchObject({ id: old });
    expect(idsOf(await archive.list({ q: oldest, state: ["cancelled"] }, 10))).toEqual([oldest]);
    await opened.retry(old);
    await opened.lifecycle.remove(older);
    expect(opened.announced.at(-1)).toMatchObject({
      kind: "removed",
      moves: [{ id: older, from: "cancelled", to: null }],
    });
    const check = async ({ store }: Opened) => {
      expect(store.counts()).toMatchObject({ queued: 1, cancelled: 258 });
      expect(await store.archive.count({})).toBe(259);
      expect(await store.archive.find(older)).toBeNull();
      expect(store.ledger.get(old)?.record.state).toBe("queued");
    };
    await check(opened);
    const again = await seam.reopen(opened);
    await check(again);
    await again.lifecycle.remove(oldest);
    expect(again.store.counts()).toMatchObject({ queued: 1, cancelled: 257 });
    expect([...again.store.recent.values()]).toHaveLength(200);
  });
});
