/** The list without a screen: filter, folded chains, pages. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { NO_COUNTS } from "../../../protocol/watch.js";
import { LIST_PAGE, wantedPage } from "../../../tui/dashboard/core/layout/paging.js";
import { fits, parseFilter, queryOf } from "../../../tui/dashboard/core/list/listing.js";
import { selectedRow } from "../../../tui/dashboard/core/list/order.js";
import type { State } from "../../../tui/dashboard/core/model.js";
import {
  act,
  after,
  answerTo,
  changed,
  colourTheme,
  opened as open,
  press,
  put,
  screenRows,
  screenText,
  snapshot,
  type,
  update,
  wanted,
} from "./core.js";
import {
  ago,
  backup,
  backupDone,
  failed,
  operation,
  queued,
  scanning,
  verify,
} from "./operations.js";

const A = backupDone({
  chain: { id: "backupaaaaaa", index: 0, previous: null, next: "verifybbbbbb" },
});
const B = verify();

const opened = (operations: Operation[], counts = NO_COUNTS): State => open(operations, { counts });

const finished = (count: number): Operation[] =>
  Array.from({ length: count }, (_, i) =>
    operation({
      id: `many${String(i).padStart(8, "0")}`,
      state: "succeeded",
      createdAt: ago(100 + i),
    }),
  );

describe("a filter", () => {
  test.each<[string, boolean]>([
    ["", true],
    ["fails", true],
    ["FAILS item", true],
    ["failedcc", true],
    ["nothing", false],
    ["op:fails-at", true],
    ["op:backup", false],
    ["state:failed", true],
    ["state:fail,run", true],
    ["state:running", false],
    ["failed", true],
    ["running", false],
    ["-running", true],
    ["op:fails -item", false],
    ["label:x", false],
    ["id:fai", true],
    ["queue:def", true],
    ["queue:gpu", false],
    ["queue:gpu,default", true],
    ["-queue:default", false],
    ["op:", true],
    ["-", true],
  ])("%j on a failed operation is %j", (text, expected) => {
    expect(fits(parseFilter(text), failed())).toBe(expected);
  });

  test("what the daemon is asked for holds everything that fits", () => {
    const word = fc.constantFrom(
      "fails",
      "back",
      "nightly",
      "failed",
      "op:back",
      "state:fa",
      "-crawl",
      "label:ni",
      "queue:gpu",
      "x",
    );
    const holds = (query: ReturnType<typeof queryOf>, { id, op, title, label, state }: Operation) =>
      (query.q === undefined ||
        `${id}\n${op}\n${title}\n${label ?? ""}`.toLowerCase().includes(query.q)) &&
      (query.state === undefined || query.state.includes(state));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 4 }), (words) => {
        const filter = parseFilter(words.join(" "));
        for (const record of [A, B, failed(), queued(), scanning()])
          if (fits(filter, record)) expect(holds(queryOf(filter), record)).toBe(true);
      }),
    );
  });

  test("narrows with each letter, selects what is left, and escape ends it", () => {
    const open = press(opened([scanning(), queued(), failed()]), "/");
    const typed = type(open, "shell");
    expect(typed.list.order).toEqual([queued().id]);
    expect(typed.selected).toBe(queued().id);
    const accepted = press(typed, "return");
    expect(accepted).toMatchObject({ entry: null, list: { order: [queued().id] } });
    expect(press(accepted, "escape").list.order).toHaveLength(3);
    expect(press(typed, "escape").list.order).toHaveLength(3);
  });

  test("with a state that does not exist suggests the nearest, and lists no other operation", () => {
    const shown = (text: string) => screenText(type(press(opened([A]), "/"), text));
    expect(shown("state:fialed")).toMatch(/No state fialed\. Did you mean .*\n.*failed\?/);
    expect(shown("state:failed,run")).not.toContain("No state");
  });

  test("with a condition that does not exist suggests the nearest, or lists all; as text it still matches", () => {
    const label = "deploy:prod";
    const list = open([A, queued({ label })], { size: { columns: 74, rows: 24 } });
    const shown = (text: string) => screenText(type(press(list, "/"), text));
    expect(shown("quue:gpu")).toMatch(/No condition quue\. Did you mean queue\?/);
    expect(shown("foo:bar")).toMatch(
      /No condition foo\. Conditions: op, state, label, id, queue, host\./,
    );
    expect(shown("deploy:prod")).toContain(label);
    for (const text of ["deploy:prod", "op:nosuch", "nosuch", "10:30"])
      expect(shown(text)).not.toContain("No condition");
  });

  test("has the row below the header, with the count of matches; its words are marked in the names", () => {
    const rowsOf = (state: State) => screenText(state).split("\n");
    const typed = type(press(opened([backup(), failed()]), "/"), "fails");
    expect(rowsOf(typed)[1]).toMatch(/^ \/fails {3,}1 match$/);
    expect(rowsOf(typed).at(-1)).toMatch(/^ ⏎ apply {2}esc clear/);
    const applied = press(typed, "return");
    expect(rowsOf(applied)[1]).toBe(" /fails   1 match");
    expect(rowsOf(applied)).toHaveLength(30);
    expect(screenRows(applied, colourTheme()).join("\n")).toMatch(/\x1b\[1m\x1b\[[\d;]+mFails\x1b/);
    expect(rowsOf(press(applied, "escape"))[1]).toMatch(/^╭─ Running/);
    const nothing = press(type(press(opened([backup()]), "/"), "zzz"), "return");
    expect(rowsOf(nothing)[1]).toBe(" /zzz   no matches");
  });

  test("what comes in while it is on has a row only where it fits", () => {
    const state = type(press(opened([queued()]), "/"), "shell");
    expect(update(state, put(failed())).list.order).toEqual([queued().id]);
  });
});

describe("a chain", () => {
  test("is one row for its last link; unfolded, a row for each", () => {
    const state = opened([A, B, failed()]);
    expect(state.list.order).toEqual([B.id, failed().id]);
    expect(state.list.folds.get(B.id)).toMatchObject({ links: 2, part: "folded" });
    const unfolded = press(state, "z");
    expect(unfolded.list.order).toEqual([B.id, A.id, failed().id]);
    expect(press(unfolded, "j", "z")).toMatchObject({
      list: { order: [B.id, failed().id] },
      selected: B.id,
    });
    expect(act(state, "fold-all").list.order).toHaveLength(3);
    expect(act(state, "fold-all", "fold-all").list.order).toHaveLength(2);
  });

  test("folded, an earlier link that is looked at keeps the chain's row selected", () => {
    const state = act(opened([A, B, failed()]), "link-previous");
    expect(state.selected).toBe(A.id);
    expect(selectedRow(state)).toBe(0);
    expect(act(state, "link-next").selected).toBe(B.id);
  });

  test("stays one row through a hand-over", () => {
    const running = {
      ...A,
      state: "running" as const,
      finishedAt: null,
      chain: { ...A.chain, next: null },
    };
    const state = opened([running]);
    const after = update(state, {
      type: "watched-lines",
      lines: [
        { type: "changed", cursor: "2", id: A.id, patch: { state: "succeeded", chain: A.chain } },
        { type: "chained", cursor: "3", from: A.id, to: B.id, operation: B },
      ],
    });
    expect(after.list.order).toEqual([B.id]);
    expect(after.selected).toBe(B.id);
  });
});

describe("pages", () => {
  const counts = { ...NO_COUNTS, succeeded: 1000 };
  const all = finished(1000);
  /** The daemon's answer to what the list wants. */
  const answered = (state: State): State => {
    const wanted = wantedPage(state)!;
    const from = wanted.before === null ? 0 : all.findIndex(({ id }) => id === wanted.before) + 1;
    const operations = all.slice(from, from + LIST_PAGE);
    const next = from + LIST_PAGE < all.length ? operations.at(-1)!.id : null;
    return update(state, answerTo("page", { operations, next, total: all.length }, wanted));
  };
  const range = (state: State) => /[\d,]+–[\d,]+ of [\d,]+\+?/.exec(screenText(state))?.[0];

  test("none is asked for while what the stream brought is all there is", () => {
    expect(wantedPage(opened(finished(10), { ...NO_COUNTS, succeeded: 10 }))).toBeNull();
  });

  test("the next one is asked for near the end of the list, and from where the last one ended", () => {
    const state = opened(all.slice(0, 200), counts);
    expect(wantedPage(state)).toBeNull();
    const end = press(state, ...Array<string>(20).fill("pageDown"));
    expect(wantedPage(end)).toEqual({ text: "", before: null });
    const more = answered(end);
    expect(more.list.order).toHaveLength(500);
    const further = press(more, ...Array<string>(30).fill("pageDown"));
    expect(wantedPage(further)).toEqual({ text: "", before: all[499]!.id });
    expect(wantedPage(answered(further))).toBeNull();
  });

  test("after a snapshot they are asked for anew: it leaves out what the stream brought", () => {
    const full = answered(press(opened(all.slice(0, 300), counts), "G"));
    const line = snapshot(all.slice(0, 200), counts);
    const again = update(full, { type: "watched", line });
    expect(again.list.order).toHaveLength(400);
    expect(wantedPage(press(again, "G"))).toEqual({ text: "", before: null });
    expect(answered(press(again, "G")).list.order).toEqual(full.list.order);
  });

  test("a filter asks from the start, and a page of another filter changes no place", () => {
    const few = opened(all.slice(0, 10), counts);
    const state = press(type(press(few, "/"), "load"), "return");
    expect(wantedPage(state)).toEqual({ text: "load", before: null });
    const other = { text: "lo", before: null } as const;
    const empty = { operations: [], next: "x", total: 5 };
    const stale = update(state, answerTo("page", empty, other));
    expect(stale.list.paging).toBe(state.list.paging);
  });

  test("G is the last row that is here, and asks for the next page", () => {
    const state = press(opened(all.slice(0, 200), counts), "G");
    expect(state.selected).toBe(all[199]!.id);
    expect(range(state)).toMatch(/–200 of 1,000$/);
    const more = press(answered(state), "G");
    expect(more.selected).toBe(all[499]!.id);
    expect(range(more)).toMatch(/–500 of 1,000$/);
    expect(range(press(answered(more), "G"))).toMatch(/–1,000 of 1,000$/);
  });
});

test("z unfolds the queue wherever the selection is, unless it is on a chain", () => {
  const waiting = Array.from({ length: 9 }, (_, i) =>
    queued({ id: `waits${i}aaaaaa`, queuePosition: i + 1 }),
  );
  const counts = { ...NO_COUNTS, running: 1, queued: 9 };
  const state = open([backup(), ...waiting], { size: { columns: 160, rows: 50 }, counts });
  expect(state.selected).toBe(backup().id);
  expect(screenText(state)).toContain("more queued");
  expect(screenText(press(state, "z"))).not.toContain("more queued");
});

test("x on a folded chain asks: all of them or only the last", () => {
  const B2 = { ...B, state: "succeeded" as const, finishedAt: ago(1) };
  const asked = press(opened([A, B2]), "x");
  expect(asked.question).toEqual({
    request: { kind: "remove", ids: [A.id, B.id] },
    only: { kind: "remove", ids: [B.id] },
  });
  const text = screenText(asked);
  expect(text).toContain("Remove all 2 operations of nightly with the log?");
  expect(text).toContain("o only Verify a backup");
  expect(press(asked, "o").request).toEqual({ kind: "remove", ids: [B.id] });
  expect(press(asked, "y").request).toEqual({ kind: "remove", ids: [A.id, B.id] });
});

test("a cancelling operation is told without colour", () => {
  const stopping = { ...scanning(), cancelRequested: true };
  const shown = (columns: number) => screenText(open([stopping], { size: { columns, rows: 24 } }));
  expect(shown(160)).toMatch(/◌ Crawl a site .*cancelling/);
  expect(shown(40)).toContain("◌ Crawl a site");
});

test("ten thousand are put in order in a few frames' time, and a patch of progress costs none of it", () => {
  const live = scanning();
  const state = opened([live, ...finished(10_000)]);
  expect(state.list.order).toHaveLength(10_001);
  expect(update(state, changed(live.id, { percent: 5 })).list.order).toBe(state.list.order);
});

describe("a queue longer than what the stream brings", () => {
  const waiting = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) =>
      queued({ id: `waits${from + i}`, queuePosition: from + i + 1, label: `item-${from + i}` }),
    );
  const counts = { ...NO_COUNTS, queued: 100_000 };
  const snapshotOf = (moreQueued: number) => ({ ...snapshot(waiting(0, 500), counts), moreQueued });
  const long = after(open([], { counts }), { type: "watched", line: snapshotOf(99_500) });
  const page = (
    text: string,
    before: string | null,
    from: number,
    to: number,
    next: string | null,
  ) => answerTo("queue", { operations: waiting(from, to), next, total: 100_000 }, { text, before });

  test("says how many more there are, folded and unfolded", () => {
    expect(screenText(long)).toContain("99,997 more queued");
    const whole = press(long, "z");
    expect(screenText(whole)).toContain("99,500 more queued");
    expect(screenText(whole)).toMatch(/1–\d+ of 100,000/);
    expect(wanted(whole, "queue")).toBeNull();
  });

  test("pages reach them where one comes near to the end", () => {
    let state = press(long, "z");
    for (let n = 0; n < 499; n++) state = press(state, "j");
    expect(wanted(state, "queue")).toEqual({ text: "", before: null });
    // The first page has what the stream brought.
    state = after(state, page("", null, 0, 500, "p2"));
    expect(wanted(state, "queue")).toEqual({ text: "", before: "p2" });
    state = after(state, page("", "p2", 500, 1000, "p3"));
    expect(state.list.order.slice(0, 1000)).toEqual(waiting(0, 1000).map(({ id }) => id));
    expect(screenText(press(state, "j"))).toContain("99,000 more queued");
    expect(wanted(state, "queue")).toBeNull();
  });

  test("a filter asks the daemon for them", () => {
    const state = type(press(long, "/"), "item-70");
    expect(wanted(state, "queue")).toEqual({ text: "item-70", before: null });
    const found = after(state, page("item-70", null, 700, 710, null));
    expect(found.list.order).toContain("waits705");
    expect(wanted(found, "queue")).toBeNull();
    expect(wanted(type(press(long, "/"), "state:failed"), "queue")).toBeNull();
  });

  test("the last page is read again when the queue has grown, and all of them after a snapshot", () => {
    let state = press(after(open([], { counts }), { type: "watched", line: snapshotOf(200) }), "z");
    for (let n = 0; n < 499; n++) state = press(state, "j");
    state = after(state, page("", null, 0, 500, "p2"), page("", "p2", 500, 600, null));
    expect(wanted(state, "queue")).toBeNull();
    const line = { type: "counts", counts, moreQueued: 201 } as const;
    const grown = after(press(state, "G"), { type: "watched", line });
    expect(wanted(grown, "queue")).toEqual({ text: "", before: "p2" });
    const anew = after(grown, { type: "watched", line: snapshotOf(200) });
    expect(anew.list.paging.queued).toEqual({ before: null, hasAll: false, total: null });
  });

  test("one that was fetched and starts is the stream's, and a snapshot drops what waited", () => {
    const found = after(type(press(long, "/"), "item-70"), page("item-70", null, 700, 710, null));
    const [first] = waiting(700, 701);
    const started = after(found, put({ ...first!, state: "running", startedAt: first!.createdAt }));
    expect(started.fetched.has(first!.id)).toBe(false);
    expect(started.view.operations.get(first!.id)?.state).toBe("running");
    expect(started.fetched.size).toBe(9);
    const again = after(started, { type: "watched", line: snapshotOf(99_499) });
    expect(again.fetched.size).toBeLessThanOrEqual(1);
  });
});
