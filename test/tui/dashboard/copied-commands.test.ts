/** The palette's `export` and `compare` copy the command of the shell. */
import { expect, test } from "vitest";
import { paletteItems } from "../../../tui/dashboard/pages/help/palette-rows.js";
import { act, opened, press } from "./core.js";
import { backupDone, failed } from "./operations.js";

const flags = { stateDir: "/tmp/my state" };
const noticeOf = (state: ReturnType<typeof opened>) => state.notice;
const item = (state: ReturnType<typeof opened>, name: string) =>
  paletteItems(state).find((each) => each.name === name);

test("export names the file after the operation, and the daemon of this dashboard", () => {
  const state = act(opened([failed()], { flags }), "export");
  expect(noticeOf(state)).toMatchObject({
    text: "command copied",
    command: "liveops export --state-dir '/tmp/my state' failedcccccc --html -o failedcccccc.html",
  });
});

test("compare takes the two marked operations, the later one against the earlier one; otherwise it says what to mark", () => {
  const state = opened([backupDone(), failed()]);
  expect(item(state, "compare")?.disabledReason).toBe("mark two operations with the space bar");
  const marked = press(state, " ", " ");
  expect(marked.list.marked.size).toBe(2);
  expect(item(marked, "compare")?.disabledReason).toBeNull();
  const [first, second] = [backupDone(), failed()].toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  expect(noticeOf(act(marked, "compare"))?.command).toBe(`liveops why ${second!.id} --against ${first!.id}`);
});
