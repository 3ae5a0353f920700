/** Several daemons in one state: what each tells is merged, and what one loses is lost to no other. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import type { DaemonReply } from "../../../protocol/replies.js";
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
import { commandOf, type Flags } from "../../../tui/dashboard/core/request.js";
import { Hosts } from "../../../tui/features/hosts/hosts.js";
import { HostsClient } from "../../../tui/features/hosts/hosts-client.js";
import { replyAt } from "../../../tui/features/hosts/keyed.js";
import { hostNames } from "../../../tui/features/hosts/open-hosts.js";
import { host } from "../../harness/hosts.js";
import { action, after, effectsOf, firstRun, initial, press, screenText } from "../../tui/dashboard/core.js";
import { DAEMON } from "../../tui/dashboard/fleet.js";
import { ago, backup, NOW, operation, queued } from "../../tui/dashboard/operations.js";

// Nothing is asked: what comes of the daemons is given by hand.
const HOSTS = [
  { name: "box", address: "ssh://box", client: {} as Client },
  { name: "den", address: "unix:///run/den.sock", client: {} as Client },
];
const FLAGS: Flags = {
  hosts: new Map<string, Flags>([
    ["box", { remote: "ssh://box" }],
    ["den", { socket: "/run/den.sock" }],
  ]),
};

function countsOf(operations: readonly Operation[]): Counts {
  const counts = { ...NO_COUNTS };
  for (const { state } of operations) counts[state]++;
  return counts;
}

const snapshot = (...operations: Operation[]): WatchLine => ({
  type: "snapshot",
  cursor: "c",
  operations,
  counts: countsOf(operations),
});

/** The screen over several daemons. */
class Several {
  state: State;
  /** What the client told since the start. */
  readonly told: Message[] = [];
  readonly hosts = new Hosts(HOSTS);

  constructor(size = { columns: 160, rows: 40 }) {
    this.state = initial({ size, hosts: this.hosts.told().hosts, flags: FLAGS, socket: "" });
    this.hosts.target = {
      now: () => this.state.now,
      dispatch: (message) => {
        this.told.push(message);
        this.tell(message);
      },
    };
  }

  tell(...messages: Message[]): this {
    this.state = after(this.state, ...messages);
    return this;
  }

  line(host: string, line: WatchLine): this {
    this.hosts.line(host, line);
    return this;
  }

  lost(host: string, reason = "Nothing listens on the socket."): this {
    this.hosts.lost(host, reason, NOW);
    return this;
  }

  report(name: string, over: Partial<DaemonReply> = {}): this {
    this.hosts.report(
      name,
      { ...DAEMON, fleet: null, stateDir: "/state", ...over },
      host({ slots: 3, running: 1 }),
    );
    return this;
  }
}

const SAME = "sameidaaaaaa";
const onBox = backup({ id: SAME, label: "of box" });
const onDen = backup({ id: SAME, label: "of den", createdAt: ago(60) });
const both = (size?: State["size"]): Several =>
  new Several(size).line("box", snapshot(onBox)).line("den", snapshot(onDen));

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
        const world = new Several();
        for (const { host, line } of all.slice(0, cut)) world.line(host, line);
        const before = world.state;
        world.told.length = 0;
        for (const { host, line } of all.slice(cut)) world.line(host, line);
        const lines = world.told.flatMap((each) => (each.type === "watched" ? [each.line] : []));
        const told = world.told.filter(({ type }) => type === "told");
        const state = after(before, ...told, { type: "watched-lines", lines });
        const alone = HOSTS.map(({ name }) => {
          const own = all.filter(({ host }) => host === name).map((each) => each.line);
          return { name, view: applyWatchLines(EMPTY_VIEW, own) };
        });
        const union = alone.flatMap(({ name, view }) =>
          [...view.operations.values()].map((each) => replyAt("show", each, name)),
        );
        expect(new Map(state.view.operations)).toEqual(new Map(union.map((each) => [each.id, each])));
        const running = alone.reduce((sum, { view }) => sum + view.counts.running, 0);
        expect(state.view.counts.running).toBe(running);
      }),
    );
  });

  test("equal ids of two daemons are two operations, each with its host, its commands and its own end", () => {
    const world = both();
    const text = screenText(world.state);
    expect(text).toMatch(/● box +of box/);
    expect(text).toMatch(/● den +of den/);
    expect(text).toContain("● 2 running");
    expect(text).toMatch(/box ●1 ○0 {2}den ●1 ○0/);
    expect(text).toContain(`on box · started 03:02:50 · ${SAME}`);
    const gone = world.line("box", { type: "removed", cursor: "r", id: SAME });
    expect([...gone.state.view.operations.keys()]).toEqual([`${SAME}@den`]);
  });

  test.each([
    [160, 40],
    [80, 24],
    [40, 15],
  ])("every row tells its host on a terminal of %dx%d", (columns, rows) => {
    const text = screenText(both({ columns, rows }).state);
    for (const host of ["box", "den"]) expect(text).toMatch(new RegExp(`[●▲] ${host} of`));
  });

  test("what all hosts are asked is asked again once another one answers", () => {
    const world = new Several().line("box", snapshot(onBox, queued({ id: "waitaaaaaaaa" })));
    const first = world.state;
    world.told.length = 0;
    world.line("den", snapshot(onDen));
    const names = effectsOf(first, ...world.told).flatMap((effect) =>
      effect.type === "ask" && effect.want !== null ? [effect.name] : [],
    );
    expect(names).toEqual(expect.arrayContaining(["queues", "forecast", "ends"]));
    expect(names).not.toContain("watch");
  });
});

describe("a host that does not answer", () => {
  const silent = () =>
    both()
      .lost("den")
      .tell({ type: "ticked", now: NOW + 125_000 });

  test("is named with the age of its last answer; its operations stay, and the other host goes on", () => {
    const world = silent().line("den", firstRun("backup").line);
    const { state } = world;
    expect(state.connection.state).toBe("live");
    expect(screenText(state)).toContain("▲ host den: no answer for 2m05s");
    expect(state.view.operations.has(`${SAME}@den`)).toBe(true);
    const patch = { percent: 99, updatedAt: ago(0) };
    const on = world.line("box", { type: "changed", cursor: "b", id: SAME, patch });
    expect(on.state.view.operations.get(`${SAME}@box`)?.percent).toBe(99);
    // The clock of what den told last stands still.
    expect(screenText(state)).toMatch(/▲ den +of den .* ≥1m19s │/);
  });

  test("refuses what is asked of it with its name, and asks nothing of its operations", () => {
    const { state } = silent();
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
    const back = silent().line("den", snapshot(fresh)).state;
    expect([...back.view.operations.keys()].toSorted()).toEqual([`otheraaaaaaa@den`, `${SAME}@box`]);
    expect(screenText(back)).not.toContain("no answer");
  });

  test("brings lines again on the same stream: it is live, and nothing of it counts as stalled", () => {
    const world = silent().tell({ type: "ticked", now: NOW + 160_000 });
    world.hosts.heard("den");
    const back = world.state;
    expect(back.hosts.all.map(({ state }) => state)).toEqual(["up", "up"]);
    expect(stallOf(back, back.view.operations.get(`${SAME}@den`)!)).toBeNull();
    expect(screenText(back)).not.toContain("no answer");
  });

  test("that never answered is told so with the reason, and hides no other", () => {
    const { state } = new Several()
      .lost("den", "the daemon is liveops 9")
      .line("box", snapshot(onBox))
      .report("box");
    expect(state.connection.state).toBe("live");
    expect(screenText(state)).toContain("▲ host den: never answered");
    const page = screenText(press(state, "H", "j"));
    expect(page).toMatch(/box +● up +3 +1 +0 +0 /);
    expect(page).toMatch(/▌ den +✗ never answered +│/);
    expect(page).toContain("▲ the daemon is liveops 9");
  });

  test.each([
    [160, 50],
    [80, 24],
  ])("stands on the page of the hosts at %dx%d", async (columns, rows) => {
    const world = both({ columns, rows }).report("box").report("den", { pid: 7 }).lost("den");
    const page = press(world.tell({ type: "ticked", now: NOW + 65_000 }).state, "H", "j");
    const file = `../../tui/dashboard/golden/several-hosts-${columns}x${rows}.golden.txt`;
    await expect(`${screenText(page)}\n`).toMatchFileSnapshot(file);
  });

  test("all of them: the dashboard waits, and says why of each", () => {
    const world = new Several().lost("box");
    expect(world.state.connection).toEqual({ state: "connecting", reason: null });
    const { state } = world.lost("den");
    expect(screenText(state)).toContain("No host answers");
    expect(screenText(state)).toMatch(/den +Nothing listens on the socket\./);
    const gone = both().lost("box").lost("den").state;
    expect(gone.connection.state).toBe("away");
    expect(screenText(gone)).toContain("no host responds");
    const back = both().lost("box").lost("den");
    back.hosts.heard("den");
    expect(back.state.connection.state).toBe("live");
  });
});

test("two addresses of one daemon, or of one fleet, are told: each operation is listed twice", () => {
  const noticed = (box: Partial<DaemonReply>, den: Partial<DaemonReply>) =>
    both().report("box", box).report("den", den).state.notice?.text ?? null;
  expect(noticed({}, {})).toBe("box and den are the same daemon: give one of them");
  expect(noticed({}, { pid: 7 })).toBeNull();
  const fleet = { engine: "postgres://db/liveops", awaySince: null, synchronous: null, problems: [] };
  expect(noticed({ fleet }, { fleet, pid: 7 })).toContain("box and den are in one fleet");
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
    const none = { params: {}, words: [], label: "", done: [], repeats: null };
    const args = ["mail", "ann@den"];
    expect(commandOf({ kind: "submit", op: "shell@box", ...none, args }, FLAGS)).toBe(
      "liveops submit --host ssh://box shell -- mail ann@den",
    );
  });

  test("a question names the host, and the answer goes to the daemon of the operation", () => {
    const asked = press({ ...both().state, selected: `${SAME}@den` }, "c");
    const text = screenText(asked);
    expect(text).toContain("Cancel of den on den?");
    expect(text).toContain(`$ liveops cancel --socket /run/den.sock ${SAME}`);
    const [sent] = effectsOf(asked, { type: "pressed", pressed: { input: "y" } });
    expect(sent).toMatchObject({ type: "send", request: { kind: "cancel", ids: [`${SAME}@den`] } });
  });

  test("host:den lists the operations of a host; the page of the hosts leads there", () => {
    const page = press({ ...both().state, selected: `${SAME}@den` }, "H");
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

test.each([
  ["newest", "b@h1 a@h0 c@h0"],
  ["oldest", "c@h0 a@h0 b@h1"],
] as const)("the lists of several hosts are one page, the %s first", async (order, ids) => {
  const lists = [[operation({ id: "a", createdAt: ago(5) }), operation({ id: "c", createdAt: ago(9) })]];
  lists.push([operation({ id: "b", createdAt: ago(1) })]);
  const hosts = new Hosts(
    lists.map((operations, i) => {
      const list = async () => ({ operations, next: "more", total: 7 });
      // Only lists are asked for.
      return { name: `h${i}`, address: "", client: { list } as unknown as Client };
    }),
  );
  for (const { name } of hosts.clients) hosts.line(name, { type: "resumed", cursor: "" });
  const page = await new HostsClient(hosts).list({ order });
  expect(page.operations.map(({ id }) => id).join(" ")).toBe(ids);
  expect(page).toMatchObject({ next: null, total: 14 });
});
