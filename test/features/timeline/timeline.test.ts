/** The timeline of a chain, from its stored events. */
import { expect, test } from "vitest";
import { keyOf, spansOfCourses } from "../../../tui/dashboard/core/lanes.js";
import { CourseReader } from "../../../tui/describe/course.js";
import { backupLines, CHAIN, tellChain, verifyLines } from "../../tui/dashboard/chain-story.js";
import { ago } from "../../tui/dashboard/operations.js";
import { DrawnScreen } from "../../tui/dashboard/screen.js";
import { World } from "../../tui/dashboard/world.js";

function spansOf(told: Record<string, ReturnType<typeof backupLines>>) {
  const courses = new Map<string, CourseReader>();
  for (const [id, lines] of Object.entries(told)) {
    const course = new CourseReader([]);
    for (const line of lines) course.add(line);
    courses.set(id, course);
  }
  const spans = spansOfCourses(courses);
  return (id: string, stage: string | null) => spans.get(keyOf(id, stage))!;
}

test("each attempt is a span, what was kept is none, and the second link follows the first", () => {
  const spans = spansOf({ [CHAIN.first]: backupLines(), [CHAIN.second]: verifyLines() });
  const looks = (stage: string | null) => spans(CHAIN.first, stage).map(({ look }) => look);
  expect(looks(null)).toEqual(["waiting", "failed", "waiting", "work"]);
  expect(looks("Archive")).toEqual(["failed", "work"]);
  expect(looks("Scan")).toEqual(["work"]);
  const [first, second] = [spans(CHAIN.first, null).at(-1)!, spans(CHAIN.second, null)[0]!];
  expect(second.from).toBeGreaterThanOrEqual(first.to!);
});

test("what is not over yet has no end", () => {
  const spans = spansOf({ [CHAIN.first]: backupLines().slice(0, 6) });
  expect(spans(CHAIN.first, "Archive")).toMatchObject([{ to: null, look: "work" }]);
});

test("a clock that was set back does not turn the timeline back", () => {
  const lines = backupLines().map((line, i) => (i === 3 ? { ...line, at: ago(9999) } : line));
  const [span] = spansOf({ [CHAIN.first]: lines })(CHAIN.first, "Scan");
  expect(span).toMatchObject({ to: span!.from, look: "work" });
});

test("is read again where the connection was lost before its first event", async () => {
  await using world = await World.start();
  tellChain(world, { broken: 2 });
  const screen = new DrawnScreen(world.socket, [100, 30], CHAIN.first);
  try {
    await screen.until("─ succeeded");
    screen.press("t");
    await screen.until("✗");
  } finally {
    screen.close();
  }
});
