/** The worker's process dies: by itself, by the system, by a hand. What is said, kept, and run next. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { isAlive } from "../end-to-end/processes.js";
import { useWorld } from "../end-to-end/world.js";

const world = useWorld({ operations: ["dies", "gate"], words: ["--concurrency", "1"] });

test("kill -9 from outside: failed LIVEOPS_WORKER_LOST, the log up to there without a gap", async () => {
  const id = await world.submit("gate", `file=${join(world.dir, "never")}`);
  const watching = world.start("liveops", ["watch", id]);
  await watching.says("stdout", "line 30\n");
  const pid = Number(/process (\d+)/.exec((await world.lines(id))[0]!)![1]);
  process.kill(pid, "SIGKILL");
  const ended = await watching.ended;
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain("LIVEOPS_WORKER_LOST");
  expect(isAlive(pid)).toBe(false);
  const record = await world.client.show(id);
  expect(record).toMatchObject({ state: "failed", stageStates: { Open: "done", Wait: "failed" } });
  const lines = await world.lines(id);
  expect(lines.slice(1)).toEqual(lines.slice(1).map((_, i) => `line ${i + 1}`));
  // What a watcher saw is what is kept.
  expect(ended.stdout.split("\n").filter((line) => line.startsWith("line "))).toEqual(lines.slice(1));
});

test("a resumable one goes on in a new attempt: the done stage is shown as done, not run again", async () => {
  const bomb = world.write("bomb-1", "");
  const { code, stdout, stderr } = await world.liveops(["submit", "resumes", `bomb=${bomb}`, "--follow"]);
  expect(code, stderr).toBe(0);
  expect(stdout).toBe(
    [
      "=== [1/3] First ===",
      "first ran in attempt 1",
      "=== [2/3] Second ===",
      "second ran in attempt 1",
      "=== [1/3] First ===",
      "done in attempt 1",
      "=== [2/3] Second ===",
      "second ran in attempt 2",
      "=== [3/3] Third ===",
      "third ran in attempt 2",
      "first=1",
      "last=2",
      "",
    ].join("\n"),
  );
  expect(stderr).toContain("queued again: its worker was killed");
  expect(stderr).toContain("attempt 2");
  const { operations } = await world.client.list({ op: "resumes", limit: 1 });
  expect(operations[0]).toMatchObject({ attempt: 2, stageTimes: { First: { resumed: true } } });
});

test("a resumable one that always kills its worker is given up, and does not take the daemon with it", async () => {
  const bomb = world.write("bomb-4", "");
  const ended = await world.liveops(["submit", "resumes", `bomb=${bomb}`, "always=true", "--wait"]);
  expect(ended.code).toBe(1);
  const record = await world.client.show(ended.stdout.trim());
  expect(record).toMatchObject({ state: "failed", attempt: 3, error: { code: "LIVEOPS_WORKER_LOST" } });
});

test("retry goes on at the stage that failed; retry --from runs that one anew and what follows", async () => {
  const bomb = world.write("bomb-2", "");
  const first = await world.liveops(["submit", "resumes", `bomb=${bomb}`, "fails=true", "--wait"]);
  expect(first.code).toBe(1);
  const id = first.stdout.trim();
  expect((await world.liveops(["retry", id])).code).toBe(0);
  expect((await world.liveops(["wait", id])).code).toBe(0);
  expect(await world.client.show(id)).toMatchObject({ attempt: 2, result: { first: 1, last: 2 } });
  expect(await world.lines(id)).not.toContain("first ran in attempt 2");

  expect((await world.liveops(["retry", id])).code).toBe(5);
  const again = world.write("bomb-3", "");
  const other = await world.liveops(["submit", "resumes", `bomb=${again}`, "fails=true", "--wait"]);
  const otherId = other.stdout.trim();
  const wrong = await world.liveops(["retry", otherId, "--from", "Frist"]);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain("First");
  expect((await world.liveops(["retry", otherId, "--from", "First"])).code).toBe(0);
  expect((await world.liveops(["wait", otherId])).code).toBe(0);
  expect(await world.client.show(otherId)).toMatchObject({ attempt: 2, result: { first: 2, last: 2 } });
  expect((await world.client.show(otherId)).stageTimes.First).toMatchObject({ resumed: false });
});
