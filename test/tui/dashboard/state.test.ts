/** The core without a screen: messages in, state out. */
import { describe, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { NO_COUNTS } from "../../../protocol/watch.js";
import { actionFor, KEYS, whyNothing } from "../../../tui/dashboard/keys.js";
import type { Message } from "../../../tui/dashboard/state/message.js";
import { chainOf, initialState, type State, selectedOperation } from "../../../tui/dashboard/state/model.js";
import { ticks } from "../../../tui/dashboard/state/ticks.js";
import { update } from "../../../tui/dashboard/state/update.js";
import { logTarget, wantedChain } from "../../../tui/dashboard/state/wants.js";
import { ago, backup, backupDone, failed, NOW, operation, queued, scanning, verify } from "./operations.js";

const SIZE = { columns: 100, rows: 30 };

function opened(operations: Operation[], id: string | null = null): State {
  const state = initialState({ size: SIZE, now: NOW, socket: "/s", id });
  const line = { type: "snapshot", cursor: "1", operations, counts: NO_COUNTS } as const;
  return update(state, { type: "watched", line });
}

function after(state: State, ...messages: Message[]): State {
  return messages.reduce(update, state);
}

function changed(id: string, patch: Partial<Operation>): Message {
  return { type: "watched", line: { type: "changed", cursor: "2", id, patch } };
}

function chained(from: string, operation: Operation): Message {
  return { type: "watched", line: { type: "chained", cursor: "3", from, to: operation.id, operation } };
}

function press(state: State, ...keys: string[]): State {
  return keys.reduce((now, input) => {
    const action = actionFor(now, input.length > 2 ? { special: input as "upArrow" } : { input });
    return action === null ? now : update(now, { type: "pressed", action });
  }, state);
}

const A = backup();
const B = verify();
const handedOver = (patch = {}): Message =>
  changed(A.id, { state: "succeeded", chain: { ...A.chain, next: B.id }, ...patch });

describe("the list", () => {
  test("running first, then queued in their order, then the newest", () => {
    const old = operation({ id: "oldaaaaaaaaa", state: "succeeded", createdAt: ago(9000) });
    const second = queued({ id: "queuesecond2", queuePosition: 2 });
    expect(opened([old, second, failed(), queued(), A]).order).toEqual([
      A.id,
      queued().id,
      second.id,
      failed().id,
      old.id,
    ]);
  });

  test("of what was submitted at once, the one that was started last comes first", () => {
    const at = (id: string, started: number) =>
      operation({ id, state: "succeeded", createdAt: ago(500), startedAt: ago(started) });
    expect(opened([at("bbbbbbbbbbbb", 30), at("aaaaaaaaaaaa", 20), at("cccccccccccc", 10)]).order).toEqual([
      "cccccccccccc",
      "aaaaaaaaaaaa",
      "bbbbbbbbbbbb",
    ]);
  });

  test("the first is selected, and stays so when another comes before it", () => {
    const state = opened([A]);
    expect(state.selected).toBe(A.id);
    const more = after(state, changed(scanning().id, scanning()));
    expect(more.order[0]).toBe(scanning().id);
    expect(more.selected).toBe(A.id);
  });

  test("a patch of progress leaves the order the same array", () => {
    const state = opened([A, queued()]);
    expect(after(state, changed(A.id, { percent: 80 })).order).toBe(state.order);
  });

  test("when the selected one is removed its neighbour is selected", () => {
    const state = press(opened([A, queued(), failed()]), "j");
    const removed = after(state, {
      type: "watched",
      line: { type: "removed", cursor: "4", id: queued().id },
    });
    expect(removed.selected).toBe(failed().id);
  });

  test("the selected row is kept on the screen", () => {
    const many = Array.from({ length: 100 }, (_, i) =>
      operation({ id: `many${String(i).padStart(8, "0")}`, state: "succeeded", createdAt: ago(i) }),
    );
    const state = press(opened(many), "G");
    expect(state.selected).toBe(many[99]!.id);
    expect(state.top).toBe(100 - 27);
    expect(press(state, "g").top).toBe(0);
  });
});

describe("a hand-over", () => {
  test.each([
    ["finished first", [handedOver(), chained(A.id, B)]],
    ["chained first", [chained(A.id, B), handedOver()]],
  ])("moves the view to the successor (%s)", (_, messages) => {
    const state = after(opened([A]), ...messages);
    expect(state.selected).toBe(B.id);
    expect(state.log.id).toBe(B.id);
    expect(chainOf(state, selectedOperation(state)!).map(({ id }) => id)).toEqual([A.id, B.id]);
    expect(state.notice?.text).toContain("handed over");
  });

  test("does not, when following is off", () => {
    const state = after(press(opened([A]), "f"), handedOver(), chained(A.id, B));
    expect(state.selected).toBe(A.id);
  });

  test("does not pull away who looks back at an earlier link", () => {
    const state = after(opened([A]), handedOver(), chained(A.id, B));
    const back = after(state, { type: "pressed", action: "link-earlier" });
    expect(back.selected).toBe(A.id);
    expect(after(back, changed(B.id, { percent: 50 }), handedOver({ percent: 100 })).selected).toBe(A.id);
  });

  test("that was over before it was looked at is no news: the view stays, whenever the successor comes in", () => {
    const done = { ...A, state: "succeeded" as const, chain: { ...A.chain, next: B.id } };
    const found = after(opened([], A.id), { type: "found", operation: done });
    expect(found.selected).toBe(A.id);
    const complete = after(found, { type: "fetched", operations: [{ ...B, state: "queued" }] });
    expect(complete).toMatchObject({ selected: A.id, notice: null });
  });

  test("is seen across a reconnect", () => {
    const done = { ...A, state: "succeeded" as const, chain: { ...A.chain, next: B.id } };
    const away = after(opened([A]), { type: "lost", reason: "gone", at: NOW });
    const operations = [done, B];
    const line = { type: "snapshot" as const, cursor: "9", operations, counts: NO_COUNTS };
    expect(after(away, { type: "watched", line }).selected).toBe(B.id);
  });

  test("links that the watch did not bring are asked for, and found", () => {
    const state = opened([B]);
    expect(wantedChain(state)).toContain(A.id);
    const complete = after(state, { type: "fetched", operations: [A, B] });
    expect(wantedChain(complete)).toBeNull();
  });
});

describe("a notice", () => {
  const tick = (seconds: number): Message => ({ type: "ticked", now: NOW + seconds * 1000 });

  test("of what went well goes by itself, however long the clock stood still before", () => {
    const told = after(opened([A]), handedOver(), chained(A.id, B));
    expect(ticks(told)).toBe(true);
    const later = after(told, tick(3600), tick(3605));
    expect(later.notice).not.toBeNull();
    expect(after(later, tick(3610)).notice).toBeNull();
  });

  test("of what went wrong stays", () => {
    const request = { kind: "cancel", id: A.id } as const;
    const told = after(opened([A]), { type: "refused", request, message: "no" }, tick(1), tick(9999));
    expect(told.notice?.text).toContain("no");
  });
});

describe("cancel and retry", () => {
  test("cancel asks; n leaves it, y requests it", () => {
    const asked = press(opened([A]), "c");
    expect(asked.confirming).toEqual({ kind: "cancel", id: A.id });
    expect(press(asked, "n").request).toBeNull();
    expect(press(asked, "y").request).toEqual({ kind: "cancel", id: A.id });
    expect(press(asked, "q").quit).toBeNull();
  });

  test("on a terminal too small to show what is asked, nothing is asked, answered or typed; one can leave", () => {
    const small = (state: State) => after(state, { type: "resized", size: { columns: 20, rows: 5 } });
    expect(press(small(opened([A])), "c").confirming).toBeNull();
    const asked = small(press(opened([A]), "c"));
    expect(press(asked, "y").request).toBeNull();
    expect(press(asked, "q").quit).not.toBeNull();
    const typing = small(press(opened([A]), "/"));
    expect(after(typing, { type: "typed", pressed: { input: "x" } }).listing.text).toBe("");
    expect(after(typing, { type: "pasted", text: "x" }).listing.text).toBe("");
    expect(press(typing, "q").quit).not.toBeNull();
  });

  test("a question about an operation that ended is dropped", () => {
    const asked = press(opened([A]), "c");
    expect(after(asked, changed(A.id, { state: "failed" })).confirming).toBeNull();
  });

  test("what is over cannot be cancelled, what runs cannot be retried", () => {
    expect(press(opened([failed()]), "c").confirming).toBeNull();
    expect(press(opened([failed()]), "r").request).toEqual({ kind: "retry", id: failed().id });
    expect(press(opened([A]), "r").request).toBeNull();
  });

  test("a key that does nothing to what is selected says why; on a page, or with nothing selected, nothing", () => {
    const why = (state: State, input: string) => whyNothing(state, { input });
    expect(why(opened([failed()]), "c")).toContain("it is over");
    expect(why(opened([backup({ cancelRequested: true })]), "c")).toContain("asked to stop already");
    expect(why(opened([A]), "r")).toContain("only a failed or cancelled operation");
    expect(why(opened([A]), "R")).toContain("only a failed or cancelled operation");
    expect(why(opened([A]), "a")).toContain("only a finished operation");
    expect(why(opened([backupDone()]), "r")).toContain("a submits it again");
    expect(why(opened([A]), "x")).toContain("c cancels it");
    expect(why(press(opened([failed()]), "?"), "c")).toBeNull();
    expect(why(opened([]), "c")).toBeNull();
    expect(why(opened([A]), "ä")).toBeNull();
    const told = after(opened([A]), { type: "nothing-done", text: "why" });
    expect(told.notice).toEqual({ text: "why", level: "info" });
    expect(press(told, "j").notice).toBeNull();
  });

  test("a retried operation's log is streamed anew", () => {
    const state = opened([failed()]);
    expect(logTarget(after(state, changed(failed().id, { state: "queued" })))).not.toBe(logTarget(state));
  });

  test("a refusal is told until the next key", () => {
    const request = { kind: "retry", id: failed().id } as const;
    const state = after(opened([failed()]), { type: "refused", request, message: "wrong state" });
    expect(state.notice).toEqual({ text: "retry: wrong state", level: "error" });
    expect(press(state, "f").notice).toBeNull();
  });
});

describe("the daemon", () => {
  test("away keeps what was known and when it went; a second failure does not move the time", () => {
    const lost = (at: number): Message => ({ type: "lost", reason: "gone", at });
    const state = after(opened([A]), lost(NOW), lost(NOW + 5000));
    expect(state.connection).toMatchObject({ state: "away", since: NOW });
    expect(selectedOperation(state)?.id).toBe(A.id);
    expect(after(state, { type: "watched", line: { type: "resumed", cursor: "1" } }).connection.state).toBe(
      "live",
    );
  });
});

describe("messages that change nothing", () => {
  const state = opened([A, queued()]);
  test.each<[string, Message]>([
    ["a ping", { type: "watched", line: { type: "ping" } }],
    ["the same size", { type: "resized", size: { ...SIZE } }],
    ["another operation's log", { type: "logged", id: "somebodyelse", lines: [] }],
    ["a record that is known already", { type: "fetched", operations: [A] }],
  ])("%s returns the very same state", (_, message) => {
    expect(update(state, message)).toBe(state);
  });
});

describe("the table of keys", () => {
  const states = {
    list: opened([A]),
    log: press(opened([A]), "return"),
    paused: press(
      after(press(opened([A]), "return"), { type: "logged", id: A.id, lines: lines(200) }),
      "pageUp",
    ),
    question: press(opened([A]), "c"),
    help: press(opened([A]), "?"),
    failed: opened([failed()]),
    empty: opened([]),
  };

  test.each(Object.entries(states))("no key means two things (%s)", (_, state) => {
    const live = KEYS.filter((key) => key.when(state)).flatMap((key) => key.on);
    expect(live.toSorted()).toEqual([...new Set(live)].toSorted());
  });

  test("ctrl-c leaves from anywhere", () => {
    for (const state of Object.values(states)) {
      expect(actionFor(state, { input: "c", ctrl: true })).toBe("interrupt");
    }
  });
});

function lines(count: number) {
  return Array.from({ length: count }, (_, i) => ({
    n: i + 1,
    seq: i + 1,
    at: ago(0),
    attempt: 1,
    stage: null,
    stream: "log" as const,
    text: `line ${i + 1}`,
  }));
}
