/** Submitting, retrying, removing and the palette: what is sent to the daemon, and what comes of its answers. */
import { describe, expect, test } from "vitest";
import { NO_COUNTS, type WatchLine } from "../../../protocol/watch.js";
import { KEYS } from "../../../tui/dashboard/keys.js";
import { frameOf } from "../../../tui/dashboard/screen/frame.js";
import { unpainted } from "../../../tui/dashboard/screen/paint.js";
import { initialState, type State } from "../../../tui/dashboard/state/model.js";
import { paletteItems } from "../../../tui/dashboard/state/palette.js";
import { update } from "../../../tui/dashboard/state/update.js";
import { KEY, openDashboard } from "./open.js";
import { ago, backup, failed, NOW, operation, queued } from "./operations.js";
import { TYPES } from "./types.js";
import { World } from "./world.js";

process.env.TZ = "UTC";

async function worldWithTypes(): Promise<World> {
  const world = await World.start();
  world.put(failed());
  world.daemon.on("GET", "/v1/ops", (_asked, reply) => reply.json(TYPES));
  return world;
}

const isPost = ({ method }: { method: string }) => method === "POST";
const CTRL_S = "\x13";

describe("submit", () => {
  test("type, form, ctrl-s: the words go to the daemon once, with directory, environment and a key; the new one is shown", async () => {
    await using world = await worldWithTypes();
    world.daemon.on("POST", "/v1/operations", (_asked, reply) => {
      const made = backup({ id: "newonenewone", title: "A new one" });
      world.put(made);
      reply.json(made, 201);
    });
    await using opened = openDashboard({ socket: world.socket });
    await opened.screen.until("Fails at an item");
    opened.press("s");
    await opened.screen.until("verify-backup");
    opened.press("shell");
    await opened.screen.until("▌ shell");
    opened.press(KEY.enter);
    await opened.screen.until("submit shell");
    opened.press(`make -j4 'all of it'${KEY.down}`);
    opened.press(`build${CTRL_S}${CTRL_S}`);
    const { body, headers } = await world.daemon.request(isPost);
    expect(body).toMatchObject({
      op: "shell",
      set: ['args:=["make","-j4","all of it"]'],
      label: "build",
      cwd: process.cwd(),
      env: { PATH: process.env.PATH },
    });
    expect(headers["idempotency-key"]).toMatch(/./);
    const text = await opened.screen.until((shown) => shown.includes("newonenewone"));
    expect(text).toContain("$ liveops submit shell --label build -- make -j4 'all of it'");
    expect(world.daemon.asked.filter(isPost)).toHaveLength(1);
  });

  test("a form that was left is there again; what the daemon refuses is told in it and can be sent again", async () => {
    await using world = await worldWithTypes();
    world.daemon.on("POST", "/v1/operations", (_asked, reply) =>
      reply.refuse("LIVEOPS_PARAMS_INVALID", "target is taken"),
    );
    await using opened = openDashboard({ socket: world.socket });
    await opened.screen.until("Fails at an item");
    opened.press("s");
    await opened.screen.until("▌ backup");
    opened.press(KEY.enter);
    await opened.screen.until("submit backup");
    opened.press("there");
    await opened.screen.until("source=there");
    opened.press(KEY.escape);
    await opened.screen.until("type:");
    opened.press(KEY.enter);
    await opened.screen.until("source=there");
    opened.press(`${KEY.down}b${CTRL_S}`);
    await opened.screen.until("target is taken");
    opened.press("c");
    await opened.screen.until((text) => text.includes("target=bc") && !text.includes("is taken"));
    opened.press(CTRL_S);
    await opened.screen.until("target is taken");
    expect(world.daemon.asked.filter(isPost).map(({ body }) => (body as { set: string[] }).set[1])).toEqual([
      "target=b",
      "target=bc",
    ]);
  });

  test("what is pasted goes into the field as one line, and q and ? are letters there", async () => {
    await using world = await worldWithTypes();
    await using opened = openDashboard({ socket: world.socket });
    await opened.screen.until("Fails at an item");
    opened.press("s");
    await opened.screen.until("▌ backup");
    opened.press(KEY.enter);
    await opened.screen.until("submit backup");
    opened.press("q?:\x1b[200~a\nb\x1b[201~");
    await opened.screen.until("q?:a");
    expect(world.daemon.asked.some(isPost)).toBe(false);
    expect(opened.screen.alternate).toBe(true);
  });
});

describe("the types, before they are there", () => {
  const line: WatchLine = { type: "snapshot", cursor: "1", operations: [failed()], counts: NO_COUNTS };
  const pressed = (text: string) => (text === KEY.enter ? ({ special: "return" } as const) : { input: text });
  const at = (...keys: string[]): State => {
    const state = initialState({ size: { columns: 80, rows: 24 }, now: NOW, socket: "/s" });
    const asked = update(update(state, { type: "watched", line }), { type: "pressed", action: "submit" });
    return keys.reduce((now, key) => update(now, { type: "typed", pressed: pressed(key) }), asked);
  };
  const come = (state: State) => update(state, { type: "types-fetched", types: TYPES });
  const shown = (state: State) => frameOf(state, unpainted).panes[0]!.rows.join(" ").replace(/ +/g, " ");

  test("enter opens the form of what was typed when they come, and says so", () => {
    const waiting = at(..."shell", KEY.enter);
    expect(shown(waiting)).toContain("The form opens when they are here.");
    expect(come(waiting).page).toMatchObject({ kind: "form", form: { type: { op: "shell" } } });
  });

  test("who types on after it, or types what there is not, sees the list", () => {
    expect(come(at(..."sh", KEY.enter, "e")).page?.kind).toBe("types");
    const none = come(at(..."qqqqqq", KEY.enter));
    expect(none.page).toEqual({ kind: "types" });
    expect(shown(none)).toContain("No type is called that.");
  });

  test("a daemon that does not tell them is said to, and asked again by enter", () => {
    const lost = update(at(), { type: "types-lost", message: "the loader hangs" });
    expect(shown(lost)).toContain("did not tell its operation types: the loader hangs");
    const again = update(lost, { type: "typed", pressed: { special: "return" } });
    expect(again.typesWanted).toBe(true);
    expect(shown(again)).toContain("Asking the daemon");
  });
});

describe("retry from a stage", () => {
  const broken = operation({
    id: "brokenbackup",
    op: "backup",
    title: "Back up a folder",
    stages: ["Scan", "Archive", "Checksum"],
    state: "failed",
    currentStage: 2,
    stageStates: { Scan: "done", Archive: "done", Checksum: "failed" },
    startedAt: ago(400),
    finishedAt: ago(390),
  });

  test("what forgets stored values asks first, and names the stage", async () => {
    await using world = await worldWithTypes();
    world.put(broken);
    world.daemon.on("POST", /\/retry$/, (_asked, reply) =>
      reply.json({ ...broken, state: "queued", seq: 99 }),
    );
    await using opened = openDashboard({ socket: world.socket, id: "brokenbackup" });
    await opened.screen.until("Checksum");
    opened.press("R");
    await opened.screen.until("go on at Checksum");
    opened.press("j");
    await opened.screen.until("▌ from Archive");
    opened.press(KEY.enter);
    await opened.screen.until("Forget from Archive on");
    expect(world.daemon.asked.some(isPost)).toBe(false);
    opened.press("y");
    expect((await world.daemon.request(isPost)).body).toEqual({ from: "Archive" });
    await opened.screen.until("$ liveops retry brokenbackup --from Archive");
  });

  test("of a type that keeps nothing it runs from the start", async () => {
    await using world = await worldWithTypes();
    await using opened = openDashboard({ socket: world.socket });
    await opened.screen.until("Fails at an item");
    opened.press("R");
    await opened.screen.until("keeps nothing of its stages");
    expect(opened.screen.text()).toContain("▌ from the start");
  });
});

describe("again", () => {
  test("asks first; the new operation is shown, with the command", async () => {
    await using world = await worldWithTypes();
    world.daemon.on("POST", /\/again$/, (_asked, reply) => {
      const made = backup({ id: "newonenewone", title: "A new one" });
      world.put(made);
      reply.json(made, 201);
    });
    await using opened = openDashboard({ socket: world.socket });
    await opened.screen.until("Fails at an item");
    opened.press("a");
    await opened.screen.until("Submit Fails at an item again?");
    expect(world.daemon.asked.some(isPost)).toBe(false);
    opened.press("y");
    const { path, body, headers } = await world.daemon.request(isPost);
    expect({ path, body }).toEqual({ path: `/v1/operations/${failed().id}/again`, body: {} });
    expect(headers["idempotency-key"]).toMatch(/./);
    const text = await opened.screen.until((shown) => shown.includes("newonenewone"));
    expect(text).toContain(`$ liveops again ${failed().id}`);
  });

  test("a running operation is not submitted again, and r on a succeeded one names the key", async () => {
    await using world = await worldWithTypes();
    world.put(backup());
    await using opened = openDashboard({ socket: world.socket, id: backup().id });
    await opened.screen.until("Archive");
    opened.press("a");
    await opened.screen.until("only a finished operation is submitted again");
    world.patch(backup().id, { state: "succeeded", finishedAt: ago(1) });
    await opened.screen.until("took 1m");
    opened.press("r");
    await opened.screen.until("a submits it again");
    expect(world.daemon.asked.some(isPost)).toBe(false);
  });
});

describe("remove", () => {
  test("asks first; then it is gone, and its command is shown", async () => {
    await using world = await worldWithTypes();
    world.put(backup());
    world.daemon.on("DELETE", "/v1/operations/failedcccccc", (_asked, reply) => reply.json(failed()));
    await using opened = openDashboard({ socket: world.socket, id: "failedcccccc" });
    await opened.screen.until("has no price");
    opened.press("x");
    await opened.screen.until("Remove Fails at an item and its log?");
    opened.press("n");
    await opened.screen.until((text) => !text.includes("Remove"));
    opened.press("xy");
    await world.daemon.request(({ method }) => method === "DELETE");
    await opened.screen.until(
      (text) => text.includes("$ liveops rm failedcccccc") && !text.includes("✗ Fails"),
    );
  });

  test("of a queued one asks as well, until it runs", async () => {
    await using world = await World.start();
    world.put(queued());
    await using opened = openDashboard({ socket: world.socket, id: queued().id });
    await opened.screen.until(queued().id);
    opened.press("x");
    await opened.screen.until(/Remove .* and its log\?/);
    world.put({ ...queued(), state: "running", queuePosition: null, seq: 99 });
    await opened.screen.until((text) => !text.includes("Remove"));
  });

  test("what runs is not removed", async () => {
    await using world = await World.start();
    world.put(backup());
    await using opened = openDashboard({ socket: world.socket });
    await opened.screen.until("Archive");
    opened.press("x?");
    await opened.screen.until("─ keys");
    expect(opened.screen.text()).not.toContain("Remove");
  });
});

describe("the palette", () => {
  function opened(over: Partial<State> = {}): State {
    let state = initialState({ size: { columns: 100, rows: 30 }, now: NOW, socket: "/s" });
    const line = {
      type: "snapshot",
      cursor: "1",
      operations: [failed(), backup()],
      counts: NO_COUNTS,
    } satisfies WatchLine;
    state = update(state, { type: "watched", line });
    state = update(state, { type: "found", operation: failed() });
    return { ...state, types: TYPES, ...over };
  }

  test("has every action that does something now, with its key and its command, and no other", () => {
    const items = paletteItems(opened());
    const names = items.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["retry", "retry from", "remove", "timeline", "quit", "submit backup"]),
    );
    expect(names).not.toContain("cancel");
    expect(new Set(names).size).toBe(names.length);
    expect(items.find(({ name }) => name === "retry")).toMatchObject({
      key: "r",
      command: "liveops retry failedcccccc",
    });
    const actions: string[] = KEYS.map(({ action }) => action.replaceAll("-", " "));
    for (const { name, key } of items) expect(key === "" || actions.includes(name)).toBe(true);
  });

  test("runs what is named, misspelt as well", async () => {
    await using world = await worldWithTypes();
    await using on = openDashboard({ socket: world.socket });
    await on.screen.until("Fails at an item");
    on.press(":");
    await on.screen.until("all actions");
    on.press("timelnie");
    await on.screen.until("▌ timeline");
    on.press(KEY.enter);
    await on.screen.until("─ timeline");
  });
});

describe("the table of keys", () => {
  test("a key does one thing in each state: what stands later in the table is never in doubt", () => {
    const base = initialState({ size: { columns: 100, rows: 30 }, now: NOW, socket: "/s" });
    const line = {
      type: "snapshot",
      cursor: "1",
      operations: [failed(), backup()],
      counts: NO_COUNTS,
    } satisfies WatchLine;
    const list = update(update(base, { type: "watched", line }), { type: "found", operation: backup() });
    const states: State[] = [
      list,
      { ...list, pane: "list" },
      { ...list, page: { kind: "help", top: 0 } },
      { ...list, confirming: { kind: "cancel", id: backup().id } },
      update(list, { type: "pressed", action: "timeline" }),
      update(list, { type: "pressed", action: "retry-from" }),
    ];
    for (const state of states) {
      const seen = new Map<string, string>();
      for (const key of KEYS.filter(({ when }) => when(state)))
        for (const on of key.on) {
          expect(`${on}: ${seen.get(on) ?? key.action}`).toBe(`${on}: ${key.action}`);
          seen.set(on, key.action);
        }
    }
  });

  test("every page can be left, and ctrl-c always leaves everything", () => {
    for (const { action, when } of KEYS) if (action === "interrupt") expect(when({} as State)).toBe(true);
  });
});
