/** `liveops ls --watch` on a terminal: one table, in place, over restarts of the daemon. */
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { onTerminal } from "./terminal.js";
import { useWorld } from "./world.js";

const world = useWorld({ operations: ["gate"] });
afterEach(() => world.quiet());

test("rows change in place; the last table stays after Ctrl-C, exit 130", async () => {
  const id = await world.submit("gate", `file=${join(world.dir, "gate")}`);
  await using terminal = onTerminal(world, "liveops", ["ls", "--watch"]);
  const { screen } = terminal;
  await screen.until(new RegExp(`${id} +gate +● running +\\[2/3\\] Wait +\\d+%`));
  expect(screen.alternate).toBe(true);
  expect(screen.cursorShown).toBe(false);
  world.write("gate", "");
  await screen.until(new RegExp(`${id} +gate +✓ succeeded +100%`));
  const queued = await world.submit("shell", "args=true");
  const text = await screen.until(new RegExp(`${queued} +shell +✓ succeeded`));
  expect(text.match(new RegExp(id, "g"))).toHaveLength(1);
  await world.client.remove(queued);
  await screen.until((shown) => !shown.includes(queued));
  expect((await world.liveopsd(["restart"])).code).toBe(0);
  const after = await world.submit("shell", "args=false");
  await screen.until(new RegExp(`${after} +shell +✗ failed`));
  terminal.press("\x03");
  expect(await terminal.exited).toBe(130);
  expect(screen.alternate).toBe(false);
  expect(screen.cursorShown).toBe(true);
  expect(screen.faults).toEqual([]);
  expect(await screen.until(after)).toContain("✗ failed");
});

test("a small terminal keeps the operations that run, and says how many more there are", async () => {
  const id = await world.submit("gate", `file=${join(world.dir, "never")}`);
  await world.inState(id, "running");
  for (let n = 0; n < 4; n++) await world.finished(await world.submit("shell", "--", "true"));
  await using terminal = onTerminal(world, "liveops", ["ls", "--watch"], { size: [70, 6] });
  const text = await terminal.screen.until(/\d+ more; Ctrl-C ends the list/);
  expect(text).toContain(id);
  expect(text.split("\n").filter((line) => line.includes("shell"))).toHaveLength(3);
  terminal.press("\x03");
  expect(await terminal.exited).toBe(130);
});

test("without a daemon: exit 3, and the terminal is left as it was", async () => {
  await using terminal = onTerminal(world, "liveops", [
    "ls",
    "--watch",
    "--socket",
    join(world.dir, "no.sock"),
  ]);
  expect(await terminal.exited).toBe(3);
  expect(terminal.screen.alternate).toBe(false);
  expect(terminal.screen.faults).toEqual([]);
});
