/**
 * Hosts in the dashboard: the page and its actions, the column, the filter, the hand-over; and one
 * machine without any.
 */
import { describe, expect, test } from "vitest";
import type { HostsReply, QueueReply } from "../../../protocol/replies.js";
import { reasonOf } from "../../../tui/dashboard/core/keys/action.js";
import { fits, isExact, parseFilter } from "../../../tui/dashboard/core/list/listing.js";
import { patched, type State } from "../../../tui/dashboard/core/model.js";
import { slotCount } from "../../../tui/dashboard/core/queues/queue-view.js";
import { commandOf } from "../../../tui/dashboard/core/request.js";
import { stallOf } from "../../../tui/dashboard/core/time/estimate.js";
import { shownItems } from "../../../tui/dashboard/pages/help/help-items.js";
import { fleetOf, host } from "../../harness/hosts.js";
import {
  act,
  action,
  after,
  answerTo,
  effectsOf,
  opened,
  press,
  screenText,
  update,
  wanted,
} from "../../tui/dashboard/core.js";
import { DAEMON, FIRST, FLEET, HOSTS, OPERATIONS, SECOND } from "../../tui/dashboard/fleet.js";
import { ago, backup, queued } from "../../tui/dashboard/operations.js";

const SIZE = { columns: 160, rows: 50 };
const told = (fleet: HostsReply) => answerTo("hosts", fleet);
const alone: HostsReply = { engine: null, hosts: [host({ name: "build-1" })] };
const open = (fleet: HostsReply = FLEET, operations = OPERATIONS): State =>
  after(opened(operations, { size: SIZE }), answerTo("daemon", DAEMON), told(fleet));
const key = (input: string) => ({ type: "pressed", pressed: { input } }) as const;

function sentBy(state: State, input: string) {
  const effect = effectsOf(state, key(input)).find(({ type }) => type === "send");
  return effect?.type === "send" ? effect.request : null;
}

const reason = (name: string, state: State) => reasonOf(action(name), state);

test("the slots in the header are those of the hosts whose operations are counted", () => {
  const slots = (...hosts: Parameters<typeof host>[0][]) =>
    slotCount(open(fleetOf(hosts.map(host))));
  expect(slots({ slots: 3 }, { slots: 4 })).toBe(7);
  expect(slots({ slots: 3 }, { slots: 4, state: "unreachable", running: 4 })).toBe(7);
  expect(slots({ slots: 3 }, { slots: 4, state: "lost", running: 2 })).toBe(5);
  expect(slots({ slots: 3 }, { slots: 4, state: "left" })).toBe(3);
  // Until the hosts are told, the queues of this host would be compared with what runs on all.
  const start = opened(OPERATIONS, { size: SIZE });
  const queues = [{ name: "default", concurrency: 3 } as QueueReply];
  const daemon = { ...DAEMON, engine: FLEET.engine };
  expect(slotCount(patched(start, "queues", { all: queues }))).toBeNull();
  const known = patched(start, "queues", { all: queues });
  expect(slotCount(after(known, answerTo("daemon", daemon)))).toBeNull();
  expect(slotCount(after(known, answerTo("daemon", { ...daemon, engine: null })))).toBe(3);
});

describe("the page of the hosts", () => {
  test("opens on the host of the daemon, by key and by its name in the help", () => {
    const swapped = fleetOf(HOSTS.toReversed());
    expect(press(open(swapped), "H").page).toEqual({ kind: "hosts", at: 2 });
    const [item] = shownItems(open(), "hosts");
    expect(item).toMatchObject({ name: "hosts", key: "H", command: "liveops hosts" });
    expect(press(press(open(), "H"), "H").page).toBeNull();
  });

  test("drains the host of the daemon after a question, and undoes it without one; of another it says where", () => {
    const page = press(open(), "H");
    const asked = act(page, "drain");
    expect(screenText(asked)).toContain("Drain build-1? Nothing starts there. 5 running continue.");
    expect(screenText(asked)).toContain("$ liveops drain");
    expect(sentBy(asked, "y")).toEqual({ kind: "drain-host", name: "build-1" });
    const drained = fleetOf(HOSTS.map((each) => ({ ...each, draining: true })));
    const undo = press(open(drained), "H");
    const request = act(undo, "drain").request!;
    expect(request).toEqual({ kind: "undrain-host", name: "build-1" });
    expect(commandOf(request, { socket: "/s" })).toBe("liveops drain --undo --socket /s");
    expect(reason("drain", press(page, "j"))).toBe("drain build-2 there, with: liveops drain");
    expect(screenText(open(drained)).split("\n")[1]).toContain("‖ host drained  H");
  });

  test("enter lists the operations of the host", () => {
    const listed = press(open(), "H", "j", "return");
    expect(listed).toMatchObject({ page: null, list: { text: "host:build-2" } });
    expect(listed.list.order).toHaveLength(3);
  });

  test("is not there for one machine: neither the key, nor the help has it", () => {
    const state = open(alone);
    expect(press(state, "H").page).toBeNull();
    expect(shownItems(state, "hosts").map(({ name }) => name)).not.toContain("hosts");
    expect(screenText(press(state, "?"))).not.toMatch(/ H +hosts/);
  });
});

test("hosts are asked for once on one machine, again and again in a fleet, often while their page is open", () => {
  const every = (state: State) => wanted(state, "hosts")?.every;
  expect(every(opened([backup()]))).toBeNull();
  expect(every(open(alone))).toBeNull();
  expect(every(open())).toBe(5000);
  expect(every(press(open(), "H"))).toBe(2000);
});

test("figures that change all the time change the state only while the page shows them", () => {
  const later = fleetOf(HOSTS.map((each) => ({ ...each, load: 9, renewedAt: ago(0), running: 0 })));
  const state = open();
  expect(update(state, told(later))).toBe(state);
  const page = press(state, "H");
  expect(update(page, told(later))).not.toBe(page);
  const renewed = fleetOf(HOSTS.map((each) => ({ ...each, renewedAt: ago(0) })));
  expect(update(page, told(renewed))).toBe(page);
});

describe("the list", () => {
  test("has the host of each operation where the fleet has several; of a queued one where it must run", () => {
    const text = screenText(open());
    expect(text).toMatch(/● db +nightly /);
    expect(text).toMatch(/○ build-2 +make -j4 /);
    for (const one of [alone, fleetOf([HOSTS[0]!])])
      expect(screenText(open(one))).not.toMatch(/● db +nightly/);
  });

  test("one machine looks as before", () => {
    const operations = [backup(), queued()];
    const before = opened(operations, { size: SIZE });
    expect(screenText(update(before, told(alone)))).toBe(screenText(before));
  });

  test("host: filters by the beginning of the name; several, and all others", () => {
    const ids = (text: string) =>
      OPERATIONS.filter((it) => fits(parseFilter(text), it)).map(({ id }) => id);
    expect(ids("host:db")).toEqual([SECOND.id, "olderfffffff"]);
    expect(ids("host:build-1,db")).toHaveLength(4);
    expect(ids("-host:build")).toEqual([SECOND.id, "olderfffffff"]);
    expect(isExact(parseFilter("host:db"))).toBe(false);
  });

  test("what runs on an unreachable host is no progress, with the reason", () => {
    const state = open();
    const there = backup({ host: "build-2" });
    expect(stallOf(state, there)).toEqual({ seconds: 42, why: "host" });
    expect(stallOf(state, backup({ host: "build-1" }))).toBeNull();
    expect(screenText(open(FLEET, [there]))).toContain("▲ host build-2 unreachable for 42s");
  });
});

test("the detail has the host, and the hosts that may run it", () => {
  const text = screenText(open(FLEET, [FIRST, SECOND]));
  expect(text).toContain("on db · started");
  expect(screenText(open(FLEET, [queued({ on: "build-2", tags: ["gpu", "eu"] })]))).toContain(
    "only on build-2 · hosts with gpu, eu",
  );
});

test("a hand-over is followed and told before the next operation has a host", () => {
  const next = { ...SECOND, state: "queued" as const, host: undefined };
  const { host: _, ...waiting } = next;
  const running = backup({ host: "build-1" });
  const line = (value: object) => ({ type: "watched", line: { cursor: "2", ...value } }) as never;
  const done = { state: "succeeded", chain: FIRST.chain } as const;
  const handed = after(
    open(FLEET, [running]),
    line({ type: "changed", id: running.id, patch: done }),
    line({ type: "chained", from: running.id, to: waiting.id, operation: waiting }),
  );
  expect(handed.selected).toBe(SECOND.id);
  expect(handed.notice?.text).toBe("→ Verify a backup started");
});
