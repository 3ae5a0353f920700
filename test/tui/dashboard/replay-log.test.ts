/** The log of a replay: the lines that had been logged by then, however long the log is. */
import { expect, test } from "vitest";
import { NO_COUNTS } from "../../../protocol/watch.js";
import type { TapedLine } from "../../../tui/dashboard/replay/tape.js";
import { frameOf } from "../../../tui/dashboard/screen/frame.js";
import { unpainted } from "../../../tui/dashboard/screen/paint.js";
import { initialState, type State } from "../../../tui/dashboard/state/model.js";
import { update } from "../../../tui/dashboard/state/update.js";
import { Story } from "../../harness/records.js";
import { recordOf } from "./chain-story.js";
import { ago, NOW } from "./operations.js";

const ID = "longaaaaaaaa";
const shown = (state: State) => frameOf(state, unpainted).panes[0]!.rows.join("\n");

test.each([10, 60, 700])("of a log of %i lines", (count) => {
  const story = new Story({ id: ID }).started().entered("Load", 0);
  for (let n = 1; n <= count; n++) story.log(`line ${n}.`);
  story.left("Load", 0).finished("succeeded");
  const told = story.lines.map((line, i) => ({ ...line, at: ago(5000 - i) }));
  const operations = [recordOf(told)];
  const page = [
    { type: "watched", line: { type: "snapshot", cursor: "1", operations, counts: NO_COUNTS } },
    { type: "pressed", action: "timeline" },
    { type: "taped", first: ID, id: ID, lines: told as TapedLine[] },
  ] as const;
  const state = page.reduce<State>(
    update,
    initialState({ size: { columns: 100, rows: 40 }, now: NOW, socket: "/s", id: null }),
  );
  expect(shown(state)).toContain(` line ${count}.`);
  // Its end, in two events, that the stage was left, and the last line are taken back.
  const back = [1, 2, 3, 4].reduce<State>(
    (now) => update(now, { type: "pressed", action: "replay-back" }),
    state,
  );
  expect(shown(back)).toContain(` line ${count - 1}.`);
  expect(shown(back)).not.toContain(` line ${count}.`);
});
