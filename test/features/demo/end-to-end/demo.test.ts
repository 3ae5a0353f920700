/** `liveops demo`: sample operations in the dashboard, and nothing of them stays. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isAlive } from "../../../end-to-end/processes.js";
import { onTerminal } from "../../../end-to-end/terminal.js";
import { until } from "../../../end-to-end/until.js";
import { useWorld } from "../../../end-to-end/world.js";

const world = useWorld({ daemon: false });
const temporary = () =>
  readdirSync(world.env.TMPDIR!).filter((name) => name.startsWith("liveops-demo-"));

/** The files of the user, without the cache of compiled code. */
const userFiles = () =>
  ["home", "state", "config", "run", "work"]
    .flatMap((name) =>
      readdirSync(join(world.dir, name), { recursive: true }).map((file) => `${name}/${file}`),
    )
    .filter((file) => !file.startsWith("home/.cache"))
    .sort();

test("shows each kind of sample, a failure with its cause, and removes all at q", async () => {
  const before = userFiles();
  await using terminal = onTerminal(world, "liveops", ["demo"], { size: [140, 40] });
  const { screen } = terminal;
  for (const label of ["orders 2025", "version 4.2", "nightly", "web-3", "main"])
    await screen.until(label);
  expect(temporary()).toHaveLength(1);
  await screen.until(/✗.*version 4\.2/);
  terminal.press("!");
  await screen.until("expected 1 booking, found 2");
  terminal.press("q");
  expect(await terminal.exited).toBe(0);
  expect(screen.text()).toContain("removed the demo and its operations");
  expect(screen.text()).not.toContain("liveops why");
  expect(temporary()).toEqual([]);
  expect(userFiles()).toEqual(before);
});

test("removes all after its terminal is closed", async () => {
  await using terminal = onTerminal(world, "liveops", ["demo"]);
  await terminal.screen.until(/● \d+ running/);
  terminal.close();
  await until("the demo is over", () => !isAlive(terminal.pid));
  expect(temporary()).toEqual([]);
});

test("removes all after its own death", async () => {
  await using terminal = onTerminal(world, "liveops", ["demo"]);
  await terminal.screen.until(/● \d+ running/);
  process.kill(terminal.pid, "SIGKILL");
  terminal.close();
  await until("its directory is gone", () => temporary().length === 0);
});

test("a signal before the dashboard ends the demo too", async () => {
  await using terminal = onTerminal(world, "liveops", ["demo"]);
  await until("its directory is there", () => temporary().length === 1);
  process.kill(terminal.pid, "SIGTERM");
  expect(await terminal.exited).toBe(130);
  expect(temporary()).toEqual([]);
});

test("is refused without a terminal, and for another daemon", async () => {
  for (const [words, says] of [
    [["demo"], "needs a terminal"],
    [["demo", "--state-dir", "/x"], "leave out --socket and --state-dir"],
    [["demo", "--host", "ssh://box"], "works on this machine"],
  ] as const) {
    const ended = await world.liveops([...words]);
    expect(ended).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(says) });
  }
  expect(temporary()).toEqual([]);
});
