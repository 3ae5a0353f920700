/** The list without a screen: filter, orders, folded chains, pages. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { NO_COUNTS } from "../../../protocol/watch.js";
import { fits, parseFilter, queryOf } from "../../../tui/dashboard/state/filter.js";
import type { State } from "../../../tui/dashboard/state/model.js";
import { selectedRow } from "../../../tui/dashboard/state/order.js";
import { wantedPage } from "../../../tui/dashboard/state/paging.js";
import { opened as open, press, screenText, type, update } from "./core.js";
import { ago, backup, backupDone, failed, operation, queued, scanning, verify } from "./operations.js";

const A = backupDone({ chain: { id: "backupaaaaaa", index: 0, previous: null, next: "verifybbbbbb" } });
const B = verify();

const opened = (operations: Operation[], counts = NO_COUNTS): State => open(operations, { counts });

const finished = (count: number): Operation[] =>
  Array.from({ length: count }, (_, i) =>
    operation({ id: `many${String(i).padStart(8, "0")}`, state: "succeeded", createdAt: ago(100 + i) }),
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
      "x",
    );
    const holds = (query: ReturnType<typeof queryOf>, { id, op, title, label, state }: Operation) =>
      (query.q === undefined || `${id}\n${op}\n${title}\n${label ?? ""}`.toLowerCase().includes(query.q)) &&
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
    expect(typed.order).toEqual([queued().id]);
    expect(typed.selected).toBe(queued().id);
    const accepted = press(typed, "return");
    expect(accepted).toMatchObject({ entry: null, order: [queued().id] });
    expect(press(accepted, "escape").order).toHaveLength(3);
    expect(press(typed, "escape").order).toHaveLength(3);
  });

  test("with a state that does not exist suggests the nearest, and lists no other operation", () => {
    const shown = (text: string) => screenText(type(press(opened([A]), "/"), text));
    expect(shown("state:fialed")).toMatch(/No state fialed\. Did you mean .*\n.*failed\?/);
    expect(shown("state:failed,run")).not.toContain("No state");
  });

  test("that matches nothing selects nothing: no other operation stands in the pane", () => {
    const state = type(press(opened([backup(), failed()]), "/"), "nosuch");
    expect(state.selected).toBeNull();
    const text = screenText(press(state, "return"));
    expect(text).toContain("No matches for nosuch");
    expect(text).not.toContain("Archive");
    expect(press(state, "return", "escape").selected).toBe(backup().id);
  });

  test("takes what is pasted with its line breaks as one line", () => {
    const typing = press(opened([A, failed()]), "/");
    const pasted = update(typing, { type: "pasted", text: "fails\r\n  item\n" });
    expect(pasted.listing.text).toBe("fails item");
    expect(pasted.order).toEqual([failed().id]);
  });

  test("what comes in while it is on has a row only where it fits", () => {
    const state = type(press(opened([queued()]), "/"), "shell");
    const line = { type: "changed", cursor: "2", id: failed().id, patch: failed() } as const;
    expect(update(state, { type: "watched", line }).order).toEqual([queued().id]);
  });
});

describe("a chain", () => {
  test("is one row for its last link; unfolded, a row for each", () => {
    const state = opened([A, B, failed()]);
    expect(state.order).toEqual([B.id, failed().id]);
    expect(state.folds.get(B.id)).toMatchObject({ links: 2, part: "folded" });
    const unfolded = press(state, "z");
    expect(unfolded.order).toEqual([B.id, A.id, failed().id]);
    expect(press(unfolded, "j", "z")).toMatchObject({ order: [B.id, failed().id], selected: B.id });
    expect(press(state, "Z").order).toHaveLength(3);
    expect(press(state, "Z", "Z").order).toHaveLength(2);
  });

  test("folded, an earlier link that is looked at keeps the chain's row selected", () => {
    const state = press(opened([A, B, failed()]), "<");
    expect(state.selected).toBe(A.id);
    expect(selectedRow(state)).toBe(0);
    expect(press(state, ">").selected).toBe(B.id);
  });

  test("stays one row through a hand-over", () => {
    const running = { ...A, state: "running" as const, finishedAt: null, chain: { ...A.chain, next: null } };
    const state = opened([running]);
    const after = update(state, {
      type: "watched-lines",
      lines: [
        { type: "changed", cursor: "2", id: A.id, patch: { state: "succeeded", chain: A.chain } },
        { type: "chained", cursor: "3", from: A.id, to: B.id, operation: B },
      ],
    });
    expect(after.order).toEqual([B.id]);
    expect(after.selected).toBe(B.id);
  });
});

describe("the order", () => {
  const sorted = (count: number) =>
    press(opened([scanning(), queued(), failed(), B]), ...Array<string>(count).fill("o")).order;

  test("by newest, by name, by state, by time", () => {
    expect(sorted(1)).toEqual([B.id, queued().id, scanning().id, failed().id]);
    expect(sorted(2)).toEqual([scanning().id, failed().id, queued().id, B.id]);
    expect(sorted(3)[0]).toBe(failed().id);
    expect(sorted(4).at(-1)).toBe(queued().id);
    expect(sorted(5)).toEqual(sorted(0));
  });

  test("reversed is the same backwards", () => {
    const state = press(opened([scanning(), queued(), failed()]), "o");
    expect(press(state, "O").order).toEqual(state.order.toReversed());
  });
});

describe("pages", () => {
  const counts = { ...NO_COUNTS, succeeded: 1000 };

  test("none is asked for while what the stream brought is all there is", () => {
    expect(wantedPage(opened(finished(10), { ...NO_COUNTS, succeeded: 10 }))).toBeNull();
  });

  test("the next one is asked for near the end of the list, and from where the last one ended", () => {
    const state = opened(finished(200), counts);
    expect(wantedPage(state)).toBeNull();
    const end = press(state, "G");
    expect(wantedPage(end)).toEqual({ text: "", before: null });
    const operations = finished(700).slice(0, 500);
    const more = update(end, { type: "page-fetched", text: "", operations, next: "x1", total: 1000 });
    expect(more.order).toHaveLength(500);
    expect(wantedPage(press(more, "G"))).toEqual({ text: "", before: "x1" });
    const all = { type: "page-fetched", text: "", operations: [], next: null, total: 1000 } as const;
    expect(wantedPage(update(press(more, "G"), all))).toBeNull();
  });

  test("a filter asks from the start, and a page of another filter changes no place", () => {
    const state = press(type(press(opened(finished(200), counts), "/"), "load"), "return");
    expect(wantedPage(press(state, "G"))).toEqual({ text: "load", before: null });
    const stale = update(state, { type: "page-fetched", text: "lo", operations: [], next: "x", total: 5 });
    expect(stale.listing.paging.next).toBeUndefined();
  });

  test("an order by anything but time needs all of them", () => {
    expect(wantedPage(press(opened(finished(200), counts), "o", "o"))).not.toBeNull();
  });
});

test("G goes on to the last row of all, however many pages that takes", () => {
  const counts = { ...NO_COUNTS, succeeded: 1000 };
  const all = finished(1000);
  let state = press(opened(all.slice(0, 200), counts), "G");
  expect(state.selected).toBe(all[199]!.id);
  const page = (from: number, to: number, next: string | null) =>
    update(state, { type: "page-fetched", text: "", operations: all.slice(from, to), next, total: 1000 });
  state = page(0, 500, "500");
  expect(wantedPage(state)).toEqual({ text: "", before: "500" });
  state = page(500, 1000, null);
  expect(state.selected).toBe(all[999]!.id);
  expect(wantedPage(state)).toBeNull();
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
  expect(state.order).toHaveLength(10_001);
  const line = { type: "changed", cursor: "2", id: live.id, patch: { percent: 5 } } as const;
  expect(update(state, { type: "watched", line }).order).toBe(state.order);
});
