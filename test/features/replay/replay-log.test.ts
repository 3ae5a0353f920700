/** The log of a replay: the lines that had been logged by then, however long the log is. */
import { expect, test } from "vitest";
import type { TapedLine } from "../../../tui/features/replay/tape.js";
import { Story } from "../../harness/records.js";
import { CHAIN, recordOf, tellChain } from "../../tui/dashboard/chain-story.js";
import { opened, press, screenText, update } from "../../tui/dashboard/core.js";
import { ago } from "../../tui/dashboard/operations.js";
import { DrawnScreen } from "../../tui/dashboard/screen.js";
import { World } from "../../tui/dashboard/world.js";

const ID = "longaaaaaaaa";

test.each([10, 60, 700])("of a log of %i lines", (count) => {
  const story = new Story({ id: ID }).started().entered("Load", 0);
  for (let n = 1; n <= count; n++) story.log(`line ${n}.`);
  story.left("Load", 0).finished("succeeded");
  const told = story.lines.map((line, i) => ({ ...line, at: ago(5000 - i) }));
  const operations = [recordOf(told)];
  const timeline = press(opened(operations, { size: { columns: 100, rows: 40 } }), "t");
  const state = update(timeline, { type: "taped", first: ID, id: ID, lines: told as TapedLine[] });
  expect(screenText(state)).toContain(` line ${count}.`);
  // Its end, in two events, that the stage was left, and the last line are taken back.
  const back = press(state, "h", "h", "h", "h");
  expect(screenText(back)).toContain(` line ${count - 1}.`);
  expect(screenText(back)).not.toContain(` line ${count}.`);
});

test("is read again where the connection was lost before its first line", async () => {
  await using world = await World.start();
  tellChain(world, { broken: 2 });
  const screen = new DrawnScreen(world.socket, [100, 30], CHAIN.first);
  try {
    await screen.until("─ succeeded");
    screen.press("t");
    await screen.until("■ end · 1m32s of 1m32s · event 29/29");
  } finally {
    screen.close();
  }
});
