/** The core without a screen: messages in, state out. */
import { describe, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { NO_COUNTS } from "../../../protocol/watch.js";
import { ACTIONS, withKeys } from "../../../tui/dashboard/actions.js";
import { chainOf, selectedOperation } from "../../../tui/dashboard/core/chain.js";
import { meaningOf, reasonOf } from "../../../tui/dashboard/core/keys/action.js";
import type { Message } from "../../../tui/dashboard/core/message.js";
import { patched, type State } from "../../../tui/dashboard/core/model.js";
import { QUESTION_ACTIONS } from "../../../tui/dashboard/pages/operation/operation-actions.js";
import {
  act,
  after,
  answerTo,
  changed,
  effectsOf,
  initial,
  opened as open,
  press,
  SIZE,
  screenText,
  snapshot,
  update,
  wanted,
} from "./core.js";
import {
  ago,
  backup,
  failed,
  logLine,
  NOW,
  operation,
  queued,
  scanning,
  verify,
} from "./operations.js";

const opened = (operations: Operation[], id: string | null = null): State =>
  open(operations, { id });

function chained(from: string, operation: Operation): Message {
  return {
    type: "watched",
    line: { type: "chained", cursor: "3", from, to: operation.id, operation },
  };
}

const A = backup();
const B = verify();
const handedOver = (patch = {}): Message =>
  changed(A.id, { state: "succeeded", chain: { ...A.chain, next: B.id }, ...patch });

describe("the list", () => {
  test("running first, then queued in their order, then the newest", () => {
    const old = operation({
      id: "oldaaaaaaaaa",
      state: "succeeded",
      createdAt: ago(9000),
      finishedAt: ago(8000),
    });
    const second = queued({ id: "queuesecond2", queuePosition: 2 });
    expect(opened([old, second, failed(), queued(), A]).list.order).toEqual([
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
    expect(
      opened([at("bbbbbbbbbbbb", 30), at("aaaaaaaaaaaa", 20), at("cccccccccccc", 10)]).list.order,
    ).toEqual(["cccccccccccc", "aaaaaaaaaaaa", "bbbbbbbbbbbb"]);
  });

  test("the first is selected; a choice of a person stays when another comes before it", () => {
    const state = press(opened([A, queued()]), "j", "k");
    expect(state.selected).toBe(A.id);
    const more = after(state, changed(scanning().id, scanning()));
    expect(more.list.order[0]).toBe(scanning().id);
    expect(more.selected).toBe(A.id);
  });

  test("a patch of progress leaves the order the same array", () => {
    const state = opened([A, queued()]);
    expect(after(state, changed(A.id, { percent: 80 })).list.order).toBe(state.list.order);
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
    const counts = { ...NO_COUNTS, succeeded: 100 };
    const state = press(open(many, { counts }), "G");
    expect(state.selected).toBe(many[99]!.id);
    expect(state.list.tops.finished).toBe(100 - 23);
    expect(press(state, "g").list.tops.finished).toBe(0);
  });
});

describe("a hand-over", () => {
  test.each([
    ["finished first", [handedOver(), chained(A.id, B)]],
    ["chained first", [chained(A.id, B), handedOver()]],
  ])("moves the view to the successor (%s)", (_, messages) => {
    const state = after(opened([A]), ...messages);
    expect(state.selected).toBe(B.id);
    expect(state.log.window.id).toBe(A.id);
    expect(chainOf(state, selectedOperation(state)!).map(({ id }) => id)).toEqual([A.id, B.id]);
    expect(state.notice?.text).toBe("→ Verify a backup started");
  });

  test("does not pull away who looks back at an earlier link", () => {
    const state = after(opened([A]), handedOver(), chained(A.id, B));
    const back = act(state, "link-previous");
    expect(back.selected).toBe(A.id);
    expect(after(back, changed(B.id, { percent: 50 }), handedOver({ percent: 100 })).selected).toBe(
      A.id,
    );
  });

  test("that was over before it was looked at is no news: the view stays, whenever the successor comes in", () => {
    const done = { ...A, state: "succeeded" as const, chain: { ...A.chain, next: B.id } };
    const found = after(opened([], A.id), answerTo("find", done));
    expect(found.selected).toBe(A.id);
    const complete = after(found, answerTo("chain", [{ ...B, state: "queued" }]));
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
    expect(wanted(state, "chain")).toMatchObject({ chain: A.id });
    const complete = after(state, answerTo("chain", [A, B]));
    expect(wanted(complete, "chain")).toBeNull();
  });
});

describe("a notice", () => {
  const tick = (seconds: number): Message => ({ type: "ticked", now: NOW + seconds * 1000 });

  test("of what went well goes by itself, however long the clock stood still before", () => {
    const told = after(opened([A]), handedOver(), chained(A.id, B));
    const later = after(told, tick(3600), tick(3605));
    expect(later.notice).not.toBeNull();
    expect(after(later, tick(3610)).notice).toBeNull();
  });

  test("of what went wrong stays", () => {
    const request = { kind: "cancel", ids: [A.id] } as const;
    const told = after(
      opened([A]),
      { type: "refused", request, message: "no" },
      tick(1),
      tick(9999),
    );
    expect(told.notice?.text).toContain("no");
  });
});

describe("cancel and retry", () => {
  test("cancel asks; n leaves it, y requests it", () => {
    const asked = press(opened([A]), "c");
    expect(asked.question).toEqual({ request: { kind: "cancel", ids: [A.id] } });
    expect(press(asked, "n").request).toBeNull();
    expect(press(asked, "y").request).toEqual({ kind: "cancel", ids: [A.id] });
    const sent = effectsOf(asked, { type: "pressed", pressed: { input: "y" } });
    expect(sent).toContainEqual({ type: "send", request: { kind: "cancel", ids: [A.id] } });
    expect(press(asked, "q").quit).toBeNull();
  });

  test("on a terminal too small to show what is asked, nothing is asked, answered or typed; one can leave", () => {
    const small = (state: State) =>
      after(state, { type: "resized", size: { columns: 20, rows: 5 } });
    expect(press(small(opened([A])), "c").question).toBeNull();
    const asked = small(press(opened([A]), "c"));
    expect(press(asked, "y").request).toBeNull();
    expect(press(asked, "q").quit).not.toBeNull();
    const typing = small(press(opened([A]), "/"));
    expect(press(typing, "x").list.text).toBe("");
    expect(after(typing, { type: "pasted", text: "x" }).list.text).toBe("");
    expect(press(typing, "q").quit).not.toBeNull();
  });

  test("a question about an operation that ended is dropped", () => {
    for (const input of ["c", "p"]) {
      const asked = press(opened([A]), input);
      expect(asked.question).not.toBeNull();
      expect(after(asked, changed(A.id, { percent: 7 })).question).not.toBeNull();
      expect(after(asked, changed(A.id, { state: "failed" })).question).toBeNull();
    }
  });

  test("a key that does nothing to what is selected says why; on a page, or with nothing selected, nothing", () => {
    const why = (state: State, input: string) => {
      const meaning = meaningOf(state, { input });
      return meaning !== null && "reason" in meaning ? meaning.reason : null;
    };
    expect(why(opened([failed()]), "c")).toBe("already finished");
    expect(why(opened([backup({ cancelRequested: true })]), "c")).toBe("already cancelling");
    expect(why(opened([A]), "r")).toBe("not finished yet");
    expect(why(opened([A]), "R")).toContain("only a failed or cancelled operation");
    expect(why(opened([A]), "x")).toBe("still running: cancel it first (c)");
    expect(why(press(opened([failed()]), "?"), "c")).toBeNull();
    expect(why(opened([]), "c")).toBeNull();
    expect(why(opened([A]), "ä")).toBeNull();
    const told = press(opened([failed()]), "c");
    expect(told.notice).toEqual({ text: "already finished", level: "info" });
    expect(press(told, "j").notice).toBeNull();
  });

  test("a retried operation's log is streamed anew", () => {
    const state = opened([failed()]);
    expect(
      wanted(after(state, changed(failed().id, { state: "queued" })), "logStream"),
    ).not.toEqual(wanted(state, "logStream"));
  });

  test("a daemon whose first line comes late starts nothing", () => {
    const operations = [A, backup({ id: "otheraaaaaaa", createdAt: ago(900) })];
    const line = { type: "snapshot" as const, cursor: "1", operations, counts: NO_COUNTS };
    const silent = after(
      initial(),
      { type: "lost", at: NOW, reason: "It is silent." },
      { type: "heard" },
    );
    expect(after(silent, { type: "watched", line }).notice).toBeNull();
  });

  test("a refusal is told until the next key", () => {
    const request = { kind: "retry", ids: [failed().id] } as const;
    const state = after(opened([failed()]), { type: "refused", request, message: "wrong state" });
    expect(state.notice).toEqual({ text: "retry: wrong state", level: "error" });
    expect(press(state, "j").notice).toBeNull();
  });
});

describe("the daemon", () => {
  test("away keeps what was known and when it went; a second failure does not move the time", () => {
    const lost = (at: number): Message => ({ type: "lost", reason: "gone", at });
    const state = after(opened([A]), lost(NOW), lost(NOW + 5000));
    expect(state.connection).toMatchObject({ state: "away", since: NOW });
    expect(selectedOperation(state)?.id).toBe(A.id);
    expect(after(state, { type: "watched", line: snapshot([A]) }).connection.state).toBe("live");
  });
});

describe("messages that change nothing", () => {
  const state = opened([A, queued()]);
  test.each<[string, Message]>([
    ["a ping", { type: "watched", line: { type: "ping" } }],
    ["the same size", { type: "resized", size: { ...SIZE } }],
    ["another operation's log", answerTo("logStream", [], { id: "somebodyelse" })],
    ["a record that is known already", answerTo("chain", [A])],
  ])("%s returns the very same state", (_, message) => {
    expect(update(state, message)).toBe(state);
  });
});

describe("the list of actions", () => {
  const states = {
    list: opened([A]),
    log: press(opened([A]), "return"),
    paused: press(
      after(press(opened([A]), "return"), answerTo("logStream", lines(200), { id: A.id })),
      "pageUp",
    ),
    question: press(opened([A]), "c"),
    help: press(opened([A]), "?"),
    failed: opened([failed()]),
    retry: press(opened([failed()]), "R"),
    marked: press(opened([A, failed()]), " "),
    empty: opened([]),
  };

  test("the keys that move hold on each part of the screen, and the config sets them once", () => {
    const actions = withKeys(ACTIONS, { last: "W", first: "B" });
    const small = (state: State): State =>
      patched(update(state, { type: "resized", size: { columns: 60, rows: 18 } }), "session", {
        actions,
      });
    const list = small(opened([A, failed(), queued()]));
    const log = press(small(opened([A])), "return");
    const logged = after(log, answerTo("logStream", lines(200), { id: A.id }));
    const places: [State, (state: State) => unknown][] = [
      [list, ({ selected }) => selected],
      [
        logged,
        ({
          log: {
            window: { follow, bottom },
          },
        }) => follow || bottom,
      ],
    ];
    for (const [state, where] of places) {
      const first = press(state, "B");
      const last = press(first, "W");
      expect(where(last)).not.toEqual(where(first));
      expect(where(press(last, "B"))).toEqual(where(first));
    }
  });

  test.each(Object.entries(states))("no key means two things (%s)", (_, state) => {
    const live = ACTIONS.filter((action) => action.when(state) && reasonOf(action, state) === null);
    const keys = live.flatMap((action) => action.keys);
    expect(keys.toSorted()).toEqual([...new Set(keys)].toSorted());
  });

  test("a key is one verb on every page; only a question has keys of its own", () => {
    const verbs = new Map<string, Set<string>>();
    for (const { name, keys } of ACTIONS.filter((each) => !QUESTION_ACTIONS.includes(each)))
      for (const key of keys) verbs.set(key, (verbs.get(key) ?? new Set()).add(name));
    expect([...verbs].filter(([, names]) => names.size > 1)).toEqual([]);
  });

  test("ctrl-c leaves from anywhere", () => {
    for (const state of Object.values(states))
      expect(
        update(state, { type: "pressed", pressed: { input: "c", ctrl: true } }).quit?.code,
      ).toBe(130);
  });

  test("every description says what the action does, in a few words", () => {
    for (const { description } of ACTIONS)
      if (description !== undefined) expect(description.length).toBeLessThan(70);
  });
});

describe("attention", () => {
  const other = scanning({ createdAt: ago(1) });

  test("until a person moves the selection, it stays on a live operation", () => {
    expect(after(opened([A]), changed(other.id, other)).selected).toBe(A.id);
    const ended = after(
      opened([A, scanning()]),
      changed(scanning().id, { state: "failed", finishedAt: ago(0) }),
    );
    expect(ended.selected).toBe(A.id);
  });

  test("what waits for input comes before what runs, and that before what is paused", () => {
    const paused = {
      ...scanning(),
      createdAt: ago(1),
      pause: { since: ago(1), seconds: 0, changes: 1 },
    };
    const state = opened([A, paused]);
    expect(state.selected).toBe(A.id);
    const waitingForInput = { since: ago(0), prompt: "Name?", echo: true, number: 1 };
    const newer = {
      ...scanning(),
      id: "newerzzzzzzz",
      chain: { ...scanning().chain, id: "newerzzzzzzz" },
    };
    const three = after(state, changed(newer.id, { ...newer, createdAt: ago(0), waitingForInput }));
    expect(three.selected).toBe(newer.id);
  });

  test("while nothing runs, what finished last is selected, and not what waits for its time", () => {
    const later = { ...queued(), notBefore: new Date(NOW + 3_600_000).toISOString() };
    expect(opened([later, failed()]).selected).toBe(failed().id);
  });
});

test("a notice that the daemon is being started goes when it answers", () => {
  const gone = update(initial(), { type: "lost", reason: "The socket does not exist.", at: 0 });
  const lost = after(gone, { type: "noticed", text: "starting the daemon", level: "info" });
  const line = { type: "snapshot" as const, cursor: "1", operations: [], counts: NO_COUNTS };
  expect(after(lost, { type: "watched", line }).notice).toBeNull();
});

describe("marked operations", () => {
  test("an action applies to all of them, and escape unmarks", () => {
    const second = scanning();
    const state = press(opened([A, second, failed()]), " ", " ");
    expect([...state.list.marked].toSorted()).toEqual([A.id, second.id].toSorted());
    const asked = press(state, "c").question?.request;
    expect(asked).toMatchObject({ kind: "cancel" });
    expect(asked?.kind === "cancel" && asked.ids.toSorted()).toEqual([A.id, second.id].toSorted());
    expect(press(state, "escape").list.marked.size).toBe(0);
  });
});

describe("the log", () => {
  test("is streamed again after a retry whose answer comes before the line of the stream", () => {
    const first = failed();
    const before = opened([first]);
    const request = { kind: "retry", ids: [first.id] } as const;
    const again = {
      ...first,
      state: "queued",
      attempt: 2,
      error: null,
      seq: first.seq + 1,
    } as const;
    const stream = (state: State) => wanted(state, "logStream");
    const state = after(before, { type: "answered", request, operations: [again] });
    expect(stream(state)).not.toEqual(stream(before));
  });

  test("home right after an operation was selected goes to its first line", () => {
    const long = backup({ logLines: 5000 });
    expect(press(opened([long]), "return", "home").log.window).toMatchObject({
      follow: false,
      jump: 1,
    });
  });

  test("a match stays on the screen when lines are wrapped or numbered", () => {
    let state = act(opened([backup({ logLines: 0 })]), "open");
    const wide = lines(200).map((line) => ({ ...line, text: `${line.text} ${"x".repeat(300)}` }));
    state = after(state, answerTo("logStream", wide, { id: A.id }));
    state = press(state, "/", ..."line 50 ", "return");
    const key = wanted(state, "seek")!;
    state = after(state, answerTo("seek", wide[49]!, key));
    const shown = (now: State) => screenText(now).includes("▸line 50 ");
    expect(shown(state)).toBe(true);
    expect(shown(press(state, "w"))).toBe(true);
    expect(shown(press(state, "w", "#"))).toBe(true);
  });
});

const lines = (count: number) =>
  Array.from({ length: count }, (_, i) => logLine(i + 1, `line ${i + 1}`));
