/** What commands print on a terminal: the width, links; and `liveops status`. */
import { hostname } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { onTerminal } from "./terminal.js";
import { useWorld } from "./world.js";

const world = useWorld();
let long: string;
let failed: string;

beforeAll(async () => {
  long = await world.submit("shell", "--label", "long", "--", "seq", "5");
  failed = await world.submit(
    "shell",
    "--label",
    "web",
    "--",
    "sh",
    "-c",
    "echo see https://a.example; exit 3",
  );
  await world.finished(long);
  await world.finished(failed);
});
test("tables fit the terminal, have links to the runs, and are cut in no pipe", async () => {
  const title = "日本語".repeat(40);
  const wide = await world.submit("shell", "--label", title, "--", "true");
  await world.finished(wide);
  for (const words of [["ls"], ["ls", "-o", "wide"], ["ls", "--columns", "label,title,id,cwd"]]) {
    await using terminal = onTerminal(world, "liveops", words, { size: [60, 20] });
    expect(await terminal.exited).toBe(0);
    expect(terminal.screen.text().split("\n")).toHaveLength(4);
  }
  await using terminal = onTerminal(world, "liveops", ["ls"]);
  await terminal.exited;
  expect(terminal.screen.written).toContain(
    `\x1b]8;;file://${hostname()}${join(world.state, "runs", wide)}\x1b\\${wide}\x1b]8;;\x1b\\`,
  );
  const piped = await world.liveops(["ls", "--columns", "label,id", "--no-header"]);
  expect(piped.stdout.split("\n")[0]).toBe(`${title}  ${wide}`);
  expect(piped.stdout).not.toContain("\x1b");
  const forced = await world.liveops(["logs", failed], { env: { FORCE_HYPERLINK: "1" } });
  expect(forced.stdout).not.toContain("\x1b]8;;");
  const shown = await world.liveops(["show", failed], { env: { FORCE_HYPERLINK: "1" } });
  expect(shown.stdout).toContain("\x1b]8;;https://a.example/\x1b\\https://a.example\x1b]8;;\x1b\\");
});

test("names go to xargs; records, sorts and times are as asked", async () => {
  const names = await world.liveops(["ls", "-o", "name", "--state", "failed"]);
  expect(names.stdout).toBe(`${failed}\n`);
  const sorted = await world.liveops(["ls", "-o", "jsonl", "--sort", "-lines"]);
  const records = sorted.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(records[0].id).toBe(long);
  const [{ createdAt }] = records;
  const shown = async (style: string) =>
    (await world.liveops(["ls", "--columns", "created", "--time", style, "--no-header"])).stdout;
  expect(await shown("iso")).toContain(`${createdAt}\n`);
  expect(await shown("absolute")).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+00:00\n/);
  expect(await shown("relative")).toMatch(/^(now|\d+[sm] ago)\n/);
  expect((await world.liveops(["show", long, "-o", "name"])).stdout).toBe(`${long}\n`);
  expect((await world.liveops(["wait", failed, "-o", "name"])).stdout).toBe(`${failed}\n`);
  const wrong = await world.liveops(["cancel", "nosuch", "-o", "name", "--json"]);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("contradict") });
});

test("status is one line; JSON has the newest running operation", async () => {
  const id = await world.submit("shell", "--label", "#{x}", "--", "sleep", "100");
  await world.record(id, ({ currentStage }) => currentStage === 0);
  expect((await world.liveops(["status"])).stdout).toBe("1 running · 1 failed\n");
  expect(JSON.parse((await world.liveops(["status", "--json"])).stdout)).toMatchObject({
    running: 1,
    queued: 0,
    failed: 1,
    input: 0,
    current: { id, op: "shell", label: "#{x}", stage: "Run", percent: null },
  });
  await world.client.cancel(id);
  await world.finished(id);
  await world.liveops(["rm", failed]);
  expect((await world.liveops(["status"])).stdout).toBe("idle\n");
});
