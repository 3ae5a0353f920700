/** Several daemons in one state: what each tells is merged, and what one loses is lost to no other. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Operation, operationSchema } from "../../../protocol/operation.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import { ROUTES, type Route } from "../../../protocol/routes.js";
import type { State as OperationState } from "../../../protocol/state.js";
import {
  applyWatchLines,
  type Counts,
  EMPTY_VIEW,
  NO_COUNTS,
  type WatchLine,
} from "../../../protocol/watch.js";
import { reasonOf } from "../../../tui/dashboard/core/action.js";
import { stallOf } from "../../../tui/dashboard/core/estimate.js";
import { isReachable } from "../../../tui/dashboard/core/hosts.js";
import type { Message } from "../../../tui/dashboard/core/message.js";
import type { State } from "../../../tui/dashboard/core/model.js";
import { PAGES_MOST } from "../../../tui/dashboard/core/paging.js";
import { commandOf, type Flags } from "../../../tui/dashboard/core/request.js";
import { operationAt, REPLIES_AT, watchLineAt } from "../../../tui/features/hosts/dashboard/keyed-records.js";
import { AT_FIRST, hasMore, takePage, withPage } from "../../../tui/features/hosts/dashboard/paging.js";
import { answers, hostLost, hostTold, newHosts } from "../../../tui/features/hosts/hosts.js";
import { hostNames } from "../../../tui/features/hosts/open-hosts.js";
import { HOSTS_SOURCE } from "../../../tui/features/hosts/source.js";
import {
  action,
  after,
  answerTo,
  effectsOf,
  initial,
  press,
  screenText,
  update,
} from "../../tui/dashboard/core.js";
import { DAEMON } from "../../tui/dashboard/fleet.js";
import { ago, backup, NOW, operation, queued } from "../../tui/dashboard/operations.js";

const HOSTS = [
  { name: "box", address: "ssh://box" },
  { name: "den", address: "unix:///run/den.sock" },
];
const FLAGS: Flags = {
  hosts: new Map<string, Flags>([
    ["box", { remote: "ssh://box" }],
    ["den", { socket: "/run/den.sock" }],
  ]),
};

const line = (host: string, told: WatchLine): Message => ({
  type: "watched",
  line: { ...watchLineAt(told, host), host },
});

function countsOf(operations: readonly Operation[]): Counts {
  const counts = { ...NO_COUNTS };
  for (const { state } of operations) counts[state]++;
  return counts;
}

const snapshot = (host: string, ...operations: Operation[]): Message =>
  line(host, { type: "snapshot", cursor: `c-${host}`, operations, counts: countsOf(operations) });

const told = (change: (state: State) => State): Message => ({ type: "apply", change });

const lost = (host: string, at: number, reason = "Nothing listens on the socket."): Message =>
  told((state) => hostLost(state, host, reason, at));

const several = (size = { columns: 160, rows: 40 }): State =>
  initial({ size, source: HOSTS_SOURCE, hosts: newHosts(HOSTS), flags: FLAGS, socket: "" });

const SAME = "sameidaaaaaa";
const onBox = backup({ id: SAME, label: "of box" });
const onDen = backup({ id: SAME, label: "of den", createdAt: ago(60) });
const both = (size?: State["size"]): State =>
  after(several(size), snapshot("box", onBox), snapshot("den", onDen));

describe("what the daemons tell", () => {
  test("any interleaving of their streams is the union of what each would be alone", () => {
    const ids = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"] as const;
    const states: OperationState[] = ["queued", "running", "succeeded", "failed"];
    const record = fc
      .record({ id: fc.constantFrom(...ids), state: fc.constantFrom(...states), percent: fc.nat(100) })
      .map((over) => operation(over));
    const lines: fc.Arbitrary<WatchLine> = fc.oneof(
      fc.uniqueArray(record, { selector: ({ id }) => id }).map((operations) => ({
        type: "snapshot" as const,
        cursor: "s",
        operations,
        counts: countsOf(operations),
      })),
      record.map((patch) => ({ type: "changed" as const, cursor: "c", id: patch.id, patch })),
      fc
        .constantFrom(...ids)
        .map((id) => ({ type: "changed" as const, cursor: "p", id, patch: { percent: 7 } })),
      fc.constantFrom(...ids).map((id) => ({ type: "removed" as const, cursor: "r", id })),
      fc.constant({ type: "resumed" as const, cursor: "u" }),
      fc.nat(9).map((running) => ({ type: "counts" as const, counts: { ...NO_COUNTS, running } })),
    );
    const told = fc.record({ host: fc.constantFrom("box", "den"), line: lines });
    fc.assert(
      fc.property(fc.array(told, { maxLength: 25 }), fc.nat(5), (all, cut) => {
        // Some come one by one, the rest between two drawings.
        const single = all.slice(0, cut).map(({ host, line: each }) => line(host, each));
        const rest = all.slice(cut).map(({ host, line: each }) => ({ ...watchLineAt(each, host), host }));
        const state = after(several(), ...single, { type: "watched-lines", lines: rest });
        const alone = HOSTS.map(({ name }) => {
          const own = all.filter(({ host }) => host === name).map((each) => each.line);
          return { name, view: applyWatchLines(EMPTY_VIEW, own) };
        });
        const union = alone.flatMap(({ name, view }) =>
          [...view.operations.values()].map((each) => operationAt(each, name)),
        );
        expect(new Map(state.view.operations)).toEqual(new Map(union.map((each) => [each.id, each])));
        const running = alone.reduce((sum, { view }) => sum + view.counts.running, 0);
        expect(state.view.counts.running).toBe(running);
      }),
      { numRuns: 150 },
    );
  });

  test("equal ids of two daemons are two operations, each with its host, its commands and its own end", () => {
    const state = both();
    const text = screenText(state);
    expect(text).toMatch(/● of box +box/);
    expect(text).toMatch(/● of den +den/);
    expect(text).toContain("● 2 running");
    expect(text).toMatch(/box ●1 ○0 {2}den ●1 ○0/);
    expect(text).toContain(`on den · started 03:02:50 · ${SAME}`);
    const gone = update(state, line("box", { type: "removed", cursor: "r", id: SAME }));
    expect([...gone.view.operations.keys()]).toEqual([`${SAME}@den`]);
  });

  test.each([
    [160, 40],
    [120, 30],
    [100, 24],
    [80, 24],
    [60, 40],
    [40, 15],
  ])("every row tells its host on a terminal of %dx%d", (columns, rows) => {
    const text = screenText(both({ columns, rows }));
    for (const host of ["box", "den"])
      expect(text).toMatch(new RegExp(`[●▲] (${host} of|of ${host} +${host} )`));
  });

  test("a host that answers later starts nothing: only what starts afterwards is told", () => {
    const first = after(several(), snapshot("box", onBox));
    expect(first.notice).toBeNull();
    const second = update(first, snapshot("den", onDen));
    expect(second.notice).toBeNull();
    const fresh = backup({ id: "freshaaaaaaa", label: "fresh", createdAt: ago(1) });
    const chosen = press(second, "j");
    const third = update(chosen, line("den", { type: "changed", cursor: "d", id: fresh.id, patch: fresh }));
    expect(third.notice?.text).toBe("● fresh started");
  });

  test("what all hosts are asked is asked again once another one answers", () => {
    const first = after(several(), snapshot("box", onBox, queued({ id: "waitaaaaaaaa" })));
    const names = effectsOf(first, snapshot("den", onDen)).flatMap((effect) =>
      effect.type === "ask" && effect.want !== null ? [effect.name] : [],
    );
    expect(names).toEqual(expect.arrayContaining(["queues", "forecast", "today"]));
    expect(names).not.toContain("watch");
  });
});

describe("a host that does not answer", () => {
  const silent = (): State =>
    update(update(both(), lost("den", NOW)), { type: "ticked", now: NOW + 125_000 });

  test("is named with the age of its last answer; its operations stay, and the other host goes on", () => {
    const state = silent();
    expect(state.connection.state).toBe("live");
    expect(screenText(state)).toContain("▲ den: no answer for 2m05s");
    expect(state.view.operations.has(`${SAME}@den`)).toBe(true);
    const patch = { percent: 99, updatedAt: ago(0) };
    const on = update(state, line("box", { type: "changed", cursor: "b", id: SAME, patch }));
    expect(on.view.operations.get(`${SAME}@box`)?.percent).toBe(99);
    // The clock of what den told last stands still.
    expect(screenText(state)).toMatch(/▲ of den +den .* ≥1m19s │/);
  });

  test("refuses what is asked of it with its name, and asks nothing of its operations", () => {
    const state = silent();
    const den = { ...state, selected: `${SAME}@den` };
    expect(reasonOf(action("cancel"), den)).toBe("den does not respond");
    expect(reasonOf(action("cancel"), { ...state, selected: `${SAME}@box` })).toBeNull();
    expect(isReachable(state, `${SAME}@den`)).toBe(false);
    expect(
      effectsOf(den, { type: "ticked", now: NOW + 126_000 }).filter(({ type }) => type === "send"),
    ).toEqual([]);
  });

  test("comes back with what happened meanwhile", () => {
    const fresh = backup({ id: "otheraaaaaaa", label: "other" });
    const back = update(silent(), snapshot("den", fresh));
    expect([...back.view.operations.keys()].toSorted()).toEqual([`otheraaaaaaa@den`, `${SAME}@box`]);
    expect(screenText(back)).not.toContain("no answer");
  });

  test("brings lines again on the same stream: it is live, and nothing of it counts as stalled", () => {
    const later = after(silent(), { type: "ticked", now: NOW + 60_000 });
    const back = update(
      later,
      told((state) => answers(state, "den")),
    );
    expect(back.hosts.named.map(({ connection }) => connection.state)).toEqual(["live", "live"]);
    expect(stallOf(back, back.view.operations.get(`${SAME}@den`)!)).toBeNull();
    expect(screenText(back)).not.toContain("no answer");
  });

  test("that never answered is told so with the reason, and hides no other", () => {
    const refused = lost("den", NOW, "the daemon is liveops 9");
    const state = after(several(), refused, snapshot("box", onBox));
    expect(state.connection.state).toBe("live");
    expect(screenText(state)).toContain("▲ den: never answered");
    const page = screenText(press(state, "H"));
    expect(page).toMatch(/box +● up +1/);
    expect(page).toMatch(/den +✗ never answered {2}the daemon is liveops 9/);
  });

  test("all of them: the dashboard waits, and says why of each", () => {
    const [first, second] = [lost("box", NOW), lost("den", NOW)];
    expect(update(several(), first).connection).toEqual({ state: "connecting", reason: null });
    const state = after(several(), first, second);
    expect(screenText(state)).toContain("No host answers");
    expect(screenText(state)).toMatch(/den +Nothing listens on the socket\./);
    const gone = after(both(), first, second);
    expect(gone.connection.state).toBe("away");
    expect(screenText(gone)).toContain("no host responds");
  });
});

test("two addresses of one daemon, or of one fleet, are told: each operation is listed twice", () => {
  const tell = (host: string, over: Partial<DaemonReply> = {}): Message =>
    told((state) => hostTold(state, host, { daemon: { ...DAEMON, fleet: null, ...over } }, NOW));
  const same = after(both(), tell("box"), tell("den"));
  expect(same.notice?.text).toBe("box and den are the same daemon: give one of them");
  expect(after(both(), tell("box"), tell("den", { pid: DAEMON.pid + 1 })).notice).toBeNull();
  const fleet = { engine: "postgres://db/liveops", awaySince: null, synchronous: null, problems: [] };
  const fleets = after(both(), tell("box", { fleet }), tell("den", { fleet, pid: DAEMON.pid + 1 }));
  expect(fleets.notice?.text).toContain("box and den are in one fleet");
});

describe("commands and questions", () => {
  test("a command is for the daemon of each operation", () => {
    const ids = ["aaaaaaaaaaaa@box", "bbbbbbbbbbbb@den", "cccccccccccc@box"];
    expect(commandOf({ kind: "cancel", ids }, FLAGS)).toBe(
      "liveops cancel --host ssh://box aaaaaaaaaaaa cccccccccccc && liveops cancel --socket /run/den.sock bbbbbbbbbbbb",
    );
    expect(commandOf({ kind: "pause-queue", name: "gpu@den" }, FLAGS)).toBe(
      "liveops pause --socket /run/den.sock --queue gpu",
    );
    expect(commandOf({ kind: "drain-host", name: "box" }, FLAGS)).toBe("ssh box liveops drain");
    const submit = { kind: "submit", op: "shell@box", set: [], params: undefined, label: "" } as const;
    expect(commandOf({ ...submit, args: ["mail", "ann@den"] }, FLAGS)).toBe(
      "liveops submit --host ssh://box shell -- mail ann@den",
    );
  });

  test("a question names the host, and the answer goes to the daemon of the operation", () => {
    const asked = press({ ...both(), selected: `${SAME}@den` }, "c");
    const text = screenText(asked);
    expect(text).toContain("Cancel of den on den?");
    expect(text).toContain(`$ liveops cancel --socket /run/den.sock ${SAME}`);
    const [sent] = effectsOf(asked, { type: "pressed", pressed: { input: "y" } });
    expect(sent).toMatchObject({ type: "send", request: { kind: "cancel", ids: [`${SAME}@den`] } });
  });

  test("host:den lists the operations of a host; the page of the hosts leads there", () => {
    const page = press({ ...both(), selected: `${SAME}@den` }, "H");
    expect(page.page).toEqual({ kind: "hosts", at: 1 });
    const listed = press(page, "return");
    expect(listed.list.text).toBe("host:den");
    expect(listed.list.order).toEqual([`${SAME}@den`]);
  });
});

describe("names", () => {
  test.each([
    [["ssh://box", "ssh://ann@den:2222"], "box den"],
    [["ssh://ann@box", "ssh://bob@box"], "ann@box bob@box"],
    [["ssh://box:1", "ssh://box:2"], "box:1 box:2"],
    [["ssh://box.example.com", "ssh://10.0.0.7", "ssh://[::1]"], "box 10.0.0.7 ::1"],
    [["ssh://box.example.com", "ssh://box.example.org"], "box.example.com box.example.org"],
    [["ssh://box/run/x.sock", "ssh://box/run/y.sock"], "box-run-x.sock box-run-y.sock"],
    [["unix:///run/a.sock", "ssh://a"], "run-a a"],
    [["unix:///run/a/liveopsd.sock", "unix:///run/b/liveopsd.sock"], "a b"],
    [["unix:///tmp/one/run/liveops/liveopsd.sock", "unix:///tmp/two/run/liveops/liveopsd.sock"], "one two"],
    [["unix://", "ssh://box"], "local box"],
    [["unix:///run/user/1000/liveops/liveopsd.sock", "ssh://box"], "local box"],
  ])("of %j", (addresses, names) => {
    expect(hostNames(addresses).join(" ")).toBe(names);
  });

  test("are distinct, and hold nothing that a key, a history or a filter would break at", () => {
    const part = fc.stringMatching(/^[a-z @,.]{1,6}$/);
    const address = fc.oneof(
      part.map((name) => `unix:///run/${name}.sock`),
      part.map((name) => `ssh://${name.replaceAll(/[ ,@]/g, "")}x`),
    );
    fc.assert(
      fc.property(fc.uniqueArray(address, { minLength: 1, maxLength: 6 }), (addresses) => {
        const names = hostNames(addresses);
        expect(new Set(names).size).toBe(addresses.length);
        for (const name of names) expect(name).toMatch(/^[^\s,/]+$/);
      }),
    );
  });
});

test("pages of several lists are the pages of one list: nothing is skipped, nothing comes twice", () => {
  const sizes = fc.array(fc.array(fc.nat(1000), { maxLength: 30 }), { minLength: 1, maxLength: 4 });
  const order = fc.constantFrom("newest" as const, "oldest" as const);
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 9 }), order, (times, limit, way) => {
      const sign = way === "oldest" ? 1 : -1;
      const byTime = (a: Operation, b: Operation) =>
        a.createdAt < b.createdAt ? -sign : a.createdAt > b.createdAt ? sign : 0;
      const lists = new Map(
        times.map((all, i) => [
          `h${i}`,
          all.map((time, j) => operation({ id: `x${i}x${j}@h${i}`, createdAt: ago(time) })).sort(byTime),
        ]),
      );
      let places = new Map([...lists.keys()].map((host) => [host, AT_FIRST]));
      const seen: Operation[] = [];
      for (let pages = 0; pages < 200; pages++) {
        for (const [host, place] of places) {
          if (place.isDone || place.waiting.length >= limit) continue;
          const from = Number(place.next ?? 0);
          const operations = lists.get(host)!.slice(from, from + limit);
          const next = from + limit < lists.get(host)!.length ? String(from + limit) : null;
          places.set(host, withPage(place, { operations, next, previous: null, total: 0, cursor: "" }));
        }
        const taken = takePage(places, limit, way);
        seen.push(...taken.operations);
        places = new Map(taken.places);
        if (!hasMore(places.values())) break;
      }
      const all = [...lists.values()].flat();
      expect(seen.map(({ id }) => id).toSorted()).toEqual(all.map(({ id }) => id).toSorted());
      expect(seen.map(({ createdAt }) => createdAt)).toEqual(
        all.sort(byTime).map(({ createdAt }) => createdAt),
      );
    }),
  );
});

test("a list that has no way back keeps all its pages", () => {
  const pages = PAGES_MOST + 2;
  const read = Array.from({ length: pages }, (_, n): Message => {
    const operations = [operation({ id: `page${n}@box`, createdAt: ago(n) })];
    const before = n === 0 ? null : String(n);
    const page = { operations, next: String(n + 1), previous: null, total: pages + 1 };
    return answerTo("page", page, { text: "", order: "newest", before });
  });
  expect(after(both(), ...read).list.paging.pages).toHaveLength(pages);
});

test("each reply that is a record gets the key of its host", () => {
  const isRecord = ([, { replies }]: readonly [string, Pick<Route, "replies">]) =>
    Object.values(replies).some((content) => content["application/json"] === operationSchema);
  const names = Object.entries(ROUTES)
    .filter(isRecord)
    .map(([name]) => name);
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => !Object.hasOwn(REPLIES_AT, name))).toEqual([]);
});
