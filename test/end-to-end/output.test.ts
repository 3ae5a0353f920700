/** What commands print on a terminal; names; and `liveops status`. */
import { beforeAll, expect, test } from "vitest";
import { onTerminal } from "./terminal.js";
import { useWorld } from "./world.js";

const world = useWorld();
let long: string;
let failed: string;

beforeAll(async () => {
  long = await world.submit("shell", "--label", "long", "--", "seq", "5");
  failed = await world.submit("shell", "--label", "web", "--", "sh", "-c", "exit 3");
  await world.finished(long);
  await world.finished(failed);
});
test("a table fits the terminal, and is cut in no pipe; names go to xargs", async () => {
  const title = "日本語".repeat(40);
  const wide = await world.submit("shell", "--label", title, "--", "true");
  await world.finished(wide);
  for (const words of [["ls"], ["ls", "--wide"]]) {
    await using terminal = onTerminal(world, "liveops", words, { size: [60, 20] });
    expect(await terminal.exited).toBe(0);
    expect(terminal.screen.text().split("\n")).toHaveLength(4);
  }
  const piped = await world.liveops(["ls"]);
  expect(piped.stdout.split("\n")[1]).toContain(title);
  expect(piped.stdout).not.toContain("\x1b");
  const names = await world.liveops(["ls", "-o", "name", "--state", "failed"]);
  expect(names.stdout).toBe(`${failed}\n`);
  expect((await world.liveops(["ls", "-o", "name", "--json"])).code).toBe(2);
});

test("status is one line; JSON has the newest running operation", async () => {
  const id = await world.submit("shell", "--label", "#{x}", "--", "sleep", "100");
  await world.record(id, ({ currentStage }) => currentStage === 0);
  expect((await world.liveops(["status"])).stdout).toBe("1 running · 1 failed\n");
  expect(JSON.parse((await world.liveops(["status", "--json"])).stdout)).toMatchObject({
    running: 1,
    queued: 0,
    failed: 1,
    toAnswer: 0,
    current: { id, op: "shell", label: "#{x}", stage: "Run", percent: null },
  });
  await world.client.cancel(id);
  await world.finished(id);
  await world.liveops(["rm", failed]);
  expect((await world.liveops(["status"])).stdout).toBe("idle\n");
});
