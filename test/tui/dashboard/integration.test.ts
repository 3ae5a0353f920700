/** The terminal around the screen: title, focus, notifications, and all of it taken back. */
import { describe, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { NO_COUNTS, type WatchLine } from "../../../protocol/watch.js";
import type { State } from "../../../tui/dashboard/core/model.js";
import { endedBetween } from "../../../tui/dashboard/terminal/integration.js";
import { desktopNotification, setTitle } from "../../../tui/dashboard/terminal/sequences.js";
import { answerTo, initial, update } from "./core.js";
import { KEY, type OpenOptions, openDashboard } from "./open.js";
import { ago, backup, backupDone, verify } from "./operations.js";
import { World } from "./world.js";

const BLURRED = "\x1b[O";
const FOCUSED = "\x1b[I";
const ST = "\x1b\\";

async function following(over: Partial<OpenOptions> = {}) {
  const world = await World.start();
  world.put(backup());
  const opened = openDashboard({ socket: world.socket, id: "backupaaaaaa", ...over });
  await opened.screen.until(/[●•] Archive/);
  await opened.screen.until(
    () =>
      opened.screen.written.includes("● Back up a folder · Archive") || over.env?.TERM === "linux",
  );
  return { world, opened, written: () => opened.screen.written };
}

const end = {
  state: "succeeded",
  finishedAt: ago(5),
  percent: 100,
  stageStates: backupDone().stageStates,
} as const;

describe("while it stands", () => {
  test("the title tells in which stage the followed operation is", async () => {
    const { world, opened, written } = await following();
    await using _world = world;
    await using _opened = opened;
    expect(written()).toContain(`\x1b]2;● Back up a folder · Archive · liveops${ST}`);
    world.patch("backupaaaaaa", { state: "failed", finishedAt: ago(1), percent: 48 });
    await opened.screen.until("─ failed");
    expect(written()).toContain(`\x1b]2;✗ Back up a folder · liveops${ST}`);
  });

  test("of what has not changed nothing is said again", async () => {
    const { world, opened, written } = await following();
    await using _world = world;
    await using _opened = opened;
    const before = written().split("\x1b]").length;
    world.patch("backupaaaaaa", { status: { text: "photos/2025", level: "info" } });
    await opened.screen.until("photos/2025");
    expect(written().split("\x1b]").length).toBe(before);
  });

  test("what an operation is called cannot say anything to the terminal", async () => {
    const { world, opened, written } = await following();
    await using _world = world;
    await using _opened = opened;
    world.patch("backupaaaaaa", { title: `x${ST}\x07\x1b]0;owned\x07` });
    await opened.screen.until("owned");
    expect(written()).not.toContain("\x1b]0;");
    expect(written()).not.toContain("\x07");
  });

  test("the Linux console, which would print them, is told nothing", async () => {
    const { world, opened, written } = await following({ env: { TERM: "linux" } });
    await using _world = world;
    {
      await using _opened = opened;
      expect(opened.screen.alternate).toBe(true);
      // Nor drawn what its fonts lack: √ for ✓, ═ for ━.
      expect(opened.screen.text()).toContain("√ Scan");
      expect(opened.screen.text()).not.toMatch(/[●✓✗⊘…⏎╭]/);
    }
    expect(written()).not.toMatch(/\x1b\]|\x1b\[22;2t|\x1b\[\?1004/);
  });

  test("at the end everything is taken back, after the screen", async () => {
    const { world, opened, written } = await following();
    await using _world = world;
    expect(written()).toContain("\x1b[22;2t");
    expect(written()).toContain("\x1b[?1004h");
    opened.press("q");
    await opened.program.done;
    const last = written().slice(written().lastIndexOf("\x1b[?1049l"));
    for (const back of ["\x1b[?1004l", "\x1b[23;2t"]) expect(last).toContain(back);
  });
});

describe("a notification", () => {
  const ended = async (over: Partial<OpenOptions>, focus: string) => {
    const { world, opened, written } = await following(over);
    await using _world = world;
    await using _opened = opened;
    opened.press(focus);
    // A key that shows on the screen comes after the focus was told.
    opened.press("?");
    await opened.screen.until("─ Keys");
    opened.press(KEY.escape);
    await opened.screen.until("─ Log");
    const before = written().length;
    world.patch("backupaaaaaa", end);
    await opened.screen.until("─ succeeded");
    return written().slice(before);
  };

  test("tells of the end when nobody looks: the bell, and the desktop", async () => {
    const said = await ended({}, BLURRED);
    expect(said).toContain("\x07");
    expect(said).toContain(`\x1b]9;Back up a folder: succeeded after 1m10s${ST}`);
  });

  test.each([
    ["the terminal has the focus", {}, FOCUSED],
    ["it is off", { alert: false }, BLURRED],
  ] as const)("is not sent where %s", async (_, over, focus) => {
    const said = await ended(over, focus);
    expect(said).not.toContain("\x07");
    expect(said).not.toContain("\x1b]9;");
  });

  test.each([
    ["bell", true, false],
    ["desktop", false, true],
  ] as const)("can be the %s alone", async (alert, rings, shows) => {
    const said = await ended({ alert }, BLURRED);
    expect(said.includes("\x07")).toBe(rings);
    expect(/\x1b\]9;Back/.test(said)).toBe(shows);
  });

  test("waits for the last link of a chain", async () => {
    const { world, opened, written } = await following();
    await using _world = world;
    await using _opened = opened;
    opened.press(BLURRED);
    world.handOver("backupaaaaaa", verify());
    await opened.screen.until("● Verify a backup");
    expect(written()).not.toContain("\x07");
    world.patch("verifybbbbbb", {
      state: "failed",
      finishedAt: ago(0),
      error: { code: "X", message: "two files differ", stack: null },
    });
    await opened.screen.until("two files differ");
    expect(written()).toContain(`\x1b]9;Verify a backup: failed after 5s: two files differ${ST}`);
  });

  test("tells of a last link that came and ended between two drawings; of a chain that was over before, nothing", () => {
    const { id, chain } = backup();
    const handed = { state: "succeeded", chain: { ...chain, next: verify().id } } as const;
    const over = verify({ state: "failed", finishedAt: ago(0) });
    const state = initial();
    const after = (now: State, ...lines: WatchLine[]) =>
      update(now, { type: "watched-lines", lines });
    const snapshot = (...operations: Operation[]): WatchLine => ({
      type: "snapshot",
      cursor: "1",
      operations,
      counts: NO_COUNTS,
    });
    const changed: WatchLine = { type: "changed", cursor: "2", id, patch: handed };
    const chained: WatchLine = {
      type: "chained",
      cursor: "3",
      from: id,
      to: over.id,
      operation: over,
    };

    const running = after(state, snapshot(backup()));
    expect(endedBetween(running, after(running, changed, chained))?.id).toBe(over.id);
    const between = after(running, changed);
    expect(endedBetween(running, between)).toBeNull();
    expect(endedBetween(between, after(between, chained))?.id).toBe(over.id);

    const old = after(state, snapshot(backup(handed)));
    const complete = update(old, answerTo("chain", [over]));
    expect(endedBetween(old, complete)).toBeNull();
  });

  test("is said as the terminal has it", () => {
    const say = (env: Record<string, string>) => desktopNotification("A;B", "done", env);
    expect(say({ TERM: "xterm-kitty" })).toBe(`\x1b]9;A,B: done${ST}`);
    expect(say({ TERM: "rxvt-unicode" })).toBe(`\x1b]777;notify;A,B;done${ST}`);
    expect(say({ TERM: "xterm", VTE_VERSION: "7600" })).toBe(`\x1b]777;notify;A,B;done${ST}`);
    expect(say({ TERM: "tmux", TMUX: "/tmp/x" })).toBe(
      `\x1bPtmux;\x1b\x1b]9;A,B: done\x1b\x1b\\${ST}`,
    );
  });

  test("a title is no longer than a title", () => {
    expect(setTitle("x".repeat(500)).length).toBeLessThan(140);
  });
});
