/** Ctrl-Z and fg, under a real shell on a real pty: the terminal is the shell's meanwhile, and no operation notices. */
import { fileURLToPath } from "node:url";
import pty from "@lydell/node-pty";
import { expect, test } from "vitest";
import { backup } from "./operations.js";
import { HeadlessTerminal } from "./terminal.js";
import { World } from "./world.js";

const BIN = fileURLToPath(new URL("../../../dist/bin/liveops-tui.cjs", import.meta.url));

test("ctrl-Z gives the terminal back and stops; fg draws it anew", async () => {
  await using world = await World.start();
  world.put(backup());
  const screen = new HeadlessTerminal(100, 30);
  const shell = pty.spawn("bash", ["--norc", "--noprofile", "-i"], {
    cols: 100,
    rows: 30,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TERM: "xterm-256color",
      PS1: "shell> ",
      TZ: "UTC",
    } as Record<string, string>,
  });
  shell.onData((data) => screen.write(data));
  try {
    await screen.until("shell>");
    shell.write(`'${process.execPath}' '${BIN}' --socket '${world.socket}'\r`);
    await screen.until("running for");
    shell.write("\x1a");
    await screen.until((text) => !screen.alternate && text.includes("Stopped"));
    expect(screen.cursorShown).toBe(true);
    for (const back of ["\x1b[?1004l", "\x1b[?2004l", "\x1b]9;4;0", "\x1b[23;2t"])
      expect(screen.written.lastIndexOf(back)).toBeGreaterThan(screen.written.lastIndexOf("\x1b[?2026h"));
    // The shell has a terminal that echoes what is typed.
    shell.write("echo st''ill here\r");
    await screen.until("still here");
    world.patch(backup().id, { percent: 63 });
    shell.write("fg\r");
    await screen.until((text) => screen.alternate && text.includes("63%"));
    const reports = () => screen.written.lastIndexOf("\x1b[?1004h");
    await screen.until(() => reports() > screen.written.lastIndexOf("\x1b[?1004l"));
    world.patch(backup().id, { percent: 64 });
    await screen.until("64%");
    expect(world.daemon.asked.every(({ method }) => method === "GET")).toBe(true);
    shell.write("q");
    await screen.until(() => !screen.alternate);
    expect(screen.faults).toEqual([]);
  } finally {
    shell.kill("SIGKILL");
  }
});

test("an editor that leaves the cursor in a line does not move the screen", async () => {
  await using world = await World.start();
  world.put(backup());
  world.log(backup().id, "archived");
  const screen = new HeadlessTerminal(100, 30);
  const child = pty.spawn(process.execPath, [BIN, "--socket", world.socket], {
    cols: 100,
    rows: 30,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TERM: "xterm-256color",
      EDITOR: "sh -c 'printf hello'",
    } as Record<string, string>,
  });
  child.onData((data) => screen.write(data));
  try {
    await screen.until("running for");
    const [header] = screen.rows();
    child.write("e");
    await screen.until(() => screen.written.includes("hello"));
    await screen.until((text) => screen.alternate && text.includes("running for"));
    expect(screen.rows()[0]!.slice(0, 40)).toBe(header!.slice(0, 40));
  } finally {
    child.kill("SIGKILL");
  }
});
