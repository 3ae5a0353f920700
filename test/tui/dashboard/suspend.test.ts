/**
 * Ctrl-Z and fg, under a real shell on a real pty: the terminal is the shell's meanwhile, and no
 * operation notices.
 */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { onPty, plainEnv } from "../../harness/on-pty.js";
import { backup } from "./operations.js";
import { World } from "./world.js";

const BIN = fileURLToPath(new URL("../../../dist/bin/liveops-tui.cjs", import.meta.url));

test("ctrl-Z gives the terminal back and stops; fg draws it anew", async () => {
  await using world = await World.start();
  world.put(backup());
  await using shell = onPty("bash", ["--norc", "--noprofile", "-i"], {
    env: { ...plainEnv(), PS1: "shell> " },
  });
  const { screen } = shell;
  await screen.until("shell>");
  shell.press(`'${process.execPath}' '${BIN}' --socket '${world.socket}'\r`);
  await screen.until("─ Log");
  shell.press("\x1a");
  await screen.until((text) => !screen.alternate && text.includes("Stopped"));
  expect(screen.cursorShown).toBe(true);
  for (const back of ["\x1b[?1004l", "\x1b[?2004l", "\x1b[23;2t"])
    expect(screen.written.lastIndexOf(back)).toBeGreaterThan(
      screen.written.lastIndexOf("\x1b[?2026h"),
    );
  // The shell has a terminal that echoes what is typed.
  shell.press("echo st''ill here\r");
  await screen.until("still here");
  world.patch(backup().id, { percent: 63 });
  shell.press("fg\r");
  await screen.until((text) => screen.alternate && text.includes("63%"));
  const reports = () => screen.written.lastIndexOf("\x1b[?1004h");
  await screen.until(() => reports() > screen.written.lastIndexOf("\x1b[?1004l"));
  world.patch(backup().id, { percent: 64 });
  await screen.until("64%");
  expect(world.daemon.asked.every(({ method }) => method === "GET")).toBe(true);
  shell.press("q");
  await screen.until(() => !screen.alternate);
  expect(screen.faults).toEqual([]);
});

test("an editor that leaves the cursor in a line does not move the screen", async () => {
  await using world = await World.start();
  world.put(backup());
  world.log(backup().id, "archived");
  await using child = onPty(process.execPath, [BIN, "--socket", world.socket], {
    env: { ...plainEnv(), EDITOR: "sh -c 'printf hello'" },
  });
  const { screen } = child;
  await screen.until("─ Log");
  const [header] = screen.rows();
  child.press("e");
  await screen.until(() => screen.written.includes("hello"));
  await screen.until((text) => screen.alternate && text.includes("─ Log"));
  expect(screen.rows()[0]!.slice(0, 40)).toBe(header!.slice(0, 40));
});
