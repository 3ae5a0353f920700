/**
 * The log, through the real Ink, against a scripted daemon: what is asked for, and what is seen.
 */
import { describe, expect, test } from "vitest";
import { KEY, type Opened, openDashboard } from "./open.js";
import { backup, step } from "./operations.js";
import { World } from "./world.js";

const ID = "backupaaaaaa";

async function million(): Promise<World> {
  const world = await World.start();
  world.put(backup({ logLines: 100_000 }));
  const lines = Array.from({ length: 100_000 }, (_, i) => ({
    text: `line ${i + 1}.`,
    stage: i < 50_000 ? "Scan" : "Archive",
    stream: i % 1000 === 0 ? ("stderr" as const) : ("log" as const),
  }));
  world.log(ID, ...lines);
  return world;
}

const open = (world: World): Opened => openDashboard({ socket: world.socket, id: ID });
const ranges = (world: World) =>
  world.daemon.asked.filter(({ path }) => path.endsWith("/log")).map(({ query }) => query);

/** Runs commands of the help. */
function run({ press }: Opened, ...names: string[]): void {
  for (const name of names) press(`:${name}${KEY.enter}`);
}

describe("a long log", () => {
  test("opens at its end with what was streamed, and nothing before that is read", async () => {
    await using world = await million();
    await using opened = open(world);
    await opened.screen.until("line 100000.");
    expect(ranges(world)).toEqual([]);
    const watch = world.daemon.asked.find(({ query }) => query.operation === ID);
    expect(watch?.query.logAfter).toBe("99500");
  });

  test("home is one range away, and end another", async () => {
    await using world = await million();
    await using opened = open(world);
    await opened.screen.until("line 100000.");
    opened.press("\x1b[H");
    await opened.screen.until("line 1.");
    opened.press(KEY.end);
    await opened.screen.until("line 100000.");
    expect(ranges(world)).toEqual([
      { after: "0", limit: "500" },
      { tail: "500", limit: "500" },
    ]);
  });

  test("a match far away is found by the daemon and jumped to; what is streamed meanwhile is not lost", async () => {
    await using world = await million();
    await using opened = open(world);
    await opened.screen.until("line 100000.");
    opened.press("/");
    opened.press("LINE 4242.");
    opened.press(KEY.enter);
    await opened.screen.until("▸line 4242.");
    world.log(ID, "a new line");
    opened.press("n");
    await opened.screen.until("No next match");
    opened.press("N");
    await opened.screen.until("No previous match");
    opened.press("G");
    await opened.screen.until("a new line");
    opened.press(KEY.escape);
    await opened.screen.until((text) => !text.includes("LINE 4242."));
  });

  test("a text that is nowhere is said to be", async () => {
    await using world = await million();
    await using opened = open(world);
    await opened.screen.until("line 100000.");
    opened.press("/");
    opened.press("nosuch");
    opened.press(KEY.enter);
    await opened.screen.until("No line has nosuch");
  });

  test("of one step alone the next stage follows, then the whole log", async () => {
    await using world = await World.start();
    const steps = [step("lint"), step("unit")];
    world.put(backup({ steps: { Archive: steps }, stepCounts: { Archive: { total: 2 } } }));
    for (let i = 1; i <= 600; i++)
      world.log("backupaaaaaa", {
        text: `line ${i}.`,
        stage: "Archive",
        step: i % 2 ? "lint" : "unit",
      });
    await using opened = open(world);
    await opened.screen.until("line 600.");
    run(opened, "only-stage");
    await opened.screen.until("only unit");
    await opened.screen.until((text) => text.includes("line 592.") && !text.includes("line 591."));
    run(opened, "only-stage");
    await opened.screen.until(/only Checksum .* no lines/);
    run(opened, "only-stage");
    await opened.screen.until((text) => !text.includes(" only ") && text.includes("line 600."));
  });

  test("a daemon that looks through a part at a time is asked on, by search, stage and filter", async () => {
    await using world = await million();
    world.looksThrough = 7000;
    await using opened = open(world);
    await opened.screen.until("line 100000.");
    opened.press("/");
    opened.press("line 4242.");
    opened.press(KEY.enter);
    await opened.screen.until("▸line 4242.");
    opened.press("n");
    await opened.screen.until("No next match");
    opened.press("G");
    await opened.screen.until("line 100000.");
    run(opened, "only-stage");
    await opened.screen.until(
      (text) => text.includes("line 100000.") && text.includes("only Archive"),
    );
    opened.press("\x1b[H");
    await opened.screen.until(
      (text) => text.includes("line 50001.") && text.includes("only Archive"),
    );
    opened.press(KEY.escape);
    await opened.screen.until((text) => !text.includes(" only "));
    opened.press("G");
    await opened.screen.until("line 100000.");
    // Of a stage without a line there is nothing to show, and nothing is asked for a second time.
    run(opened, "only-stage", "only-stage");
    await opened.screen.until(/only Checksum .* no lines/);
    await world.daemon.request(
      ({ query }) => query.stage === "Checksum" && Number(query.before) < 7000,
    );
    const asked = ranges(world).filter(({ stage }) => stage === "Checksum");
    expect(new Set(asked.map((query) => JSON.stringify(query))).size).toBe(asked.length);
    opened.press(KEY.escape);
    await opened.screen.until((text) => !text.includes(" only "));
  });

  test("a filter shows what passes from the end back, and goes on with what is streamed", async () => {
    await using world = await million();
    await using opened = open(world);
    await opened.screen.until("line 100000.");
    run(opened, "only-stage");
    await opened.screen.until("only Archive");
    world.log(ID, "of no account", { text: "it passes", stage: "Archive" });
    await opened.screen.until("it passes");
    expect(opened.screen.text()).not.toContain("of no account");
    opened.press(KEY.escape);
    await opened.screen.until("of no account");
  });
});

describe("colours of a program", () => {
  const LINE = `\x1b[31mred\x1b[2J tail ${"-".repeat(100)} \x1b[32mgreen`;

  async function shown(env: Record<string, string> = {}) {
    const world = await World.start();
    world.put(backup({ logLines: 2 }));
    world.log(ID, { text: LINE, stream: "stdout" }, "next line");
    const opened = openDashboard({ socket: world.socket, id: ID, env });
    await opened.screen.until("next line");
    opened.press("w");
    await opened.screen.until("green");
    return { world, opened };
  }

  test("are shown, wrapped and searched, and end with the line", async () => {
    const { world, opened } = await shown();
    await using _world = world;
    await using _opened = opened;
    const colours = () =>
      ["red", "tail", "green", "next line"].map((text) => opened.screen.colourOf(text));
    expect(colours()).toEqual([1, 1, 2, null]);
    opened.press("/");
    opened.press("RED TAIL");
    opened.press(KEY.enter);
    await opened.screen.until("▸red tail");
    expect(colours()).toEqual([1, 1, 2, null]);
  });

  test("end where the program ends them", async () => {
    await using world = await World.start();
    world.put(backup({ logLines: 1 }));
    world.log(ID, { text: "\x1b[7mFAIL\x1b[0m plain \x1b[32mgreen\x1b[m after", stream: "stdout" });
    await using opened = openDashboard({ socket: world.socket, id: ID });
    await opened.screen.until("FAIL plain");
    expect(["plain", "green", "after"].map((text) => opened.screen.colourOf(text))).toEqual([
      null,
      2,
      null,
    ]);
    expect(["FAIL", "plain"].map((text) => opened.screen.inverseAt(text))).toEqual([true, false]);
  });

  test("are not shown with NO_COLOR", async () => {
    const { world, opened } = await shown({ NO_COLOR: "1" });
    await using _world = world;
    await using _opened = opened;
    expect(opened.screen.coloured()).toBe(false);
  });
});
