/** The timeline of a chain, from its stored events. */
import { expect, test } from "vitest";
import { lanesOfCourses, secondsOf } from "../../../tui/dashboard/core/lanes.js";
import { CourseReader } from "../../../tui/describe/course.js";
import { backupLines, CHAIN, tellChain, verifyLines } from "../../tui/dashboard/chain-story.js";
import { ago } from "../../tui/dashboard/operations.js";
import { DrawnScreen } from "../../tui/dashboard/screen.js";
import { World } from "../../tui/dashboard/world.js";

function lanesOf(told: Record<string, ReturnType<typeof backupLines>>) {
  const courses = new Map<string, CourseReader>();
  for (const [id, lines] of Object.entries(told)) {
    const course = new CourseReader([]);
    for (const line of lines) course.add(line);
    courses.set(id, course);
  }
  const { lanes } = lanesOfCourses(courses);
  return (id: string, stage: string | null) => lanes.find((lane) => lane.id === id && lane.stage === stage)!;
}

test("each attempt is a span, what was kept is none of work, and the second link follows the first", () => {
  const lane = lanesOf({ [CHAIN.first]: backupLines(), [CHAIN.second]: verifyLines() });
  const looks = (stage: string | null) => lane(CHAIN.first, stage).spans.map(({ look }) => look);
  expect(looks(null)).toEqual(["waiting", "failed", "waiting", "succeeded"]);
  expect(looks("Archive")).toEqual(["failed", "done"]);
  expect(looks("Scan")).toEqual(["done", "kept"]);
  expect(secondsOf(lane(CHAIN.first, "Scan"), 0)).toBe(2);
  const [first, second] = [lane(CHAIN.first, null).spans.at(-1)!, lane(CHAIN.second, null).spans[0]!];
  expect(second.from).toBeGreaterThanOrEqual(first.to!);
});

test("what is not over yet has no end", () => {
  const lane = lanesOf({ [CHAIN.first]: backupLines().slice(0, 6) });
  expect(lane(CHAIN.first, "Archive").spans).toEqual([{ from: 4000, to: null, look: "active" }]);
});

test("a clock that was set back does not turn the timeline back", () => {
  const lines = backupLines().map((line, i) => (i === 3 ? { ...line, at: ago(9999) } : line));
  const lane = lanesOf({ [CHAIN.first]: lines });
  expect(lane(CHAIN.first, "Scan").spans[0]).toEqual({ from: 2000, to: 2000, look: "done" });
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
