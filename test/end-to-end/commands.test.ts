/** Every command against a real daemon: what is data, what is a message, and each exit code. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Operation } from "../../protocol/operation.js";
import { binFile } from "./bins.js";
import { useWorld } from "./world.js";

const world = useWorld({ examples: true, operations: ["gate"] });
afterEach(() => world.quiet());
const never = join(world.dir, "never");

function jsonLines<T>(text: string): T[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}

describe("looking", () => {
  test("show, logs and ls: without an id the newest, with one or a prefix of it that one", async () => {
    const id = await world.submit("shell", "args=echo", "args=hello there");
    await world.finished(id);
    for (const words of [["show"], ["show", id.slice(0, 5)]]) {
      const { code, stdout, stderr } = await world.liveops(words);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain(`${id}  shell  ✓ succeeded`);
      expect(stdout).toContain("exitCode=0");
    }
    expect(await world.liveops(["logs"])).toMatchObject({
      code: 0,
      stdout: "$ echo 'hello there'\nhello there\n",
      stderr: "",
    });
    const [, line] = jsonLines((await world.liveops(["logs", id, "--json"])).stdout);
    expect(line).toMatchObject({ n: 2, attempt: 1, stage: "Run", text: "hello there" });
    expect((await world.liveops(["ls"])).stdout).toContain(id);
    const record = JSON.parse((await world.liveops(["show", id, "--json"])).stdout) as Operation;
    expect(record).toMatchObject({
      id,
      op: "shell",
      state: "succeeded",
      cwd: world.work,
      percent: 100,
    });
    const listed = JSON.parse(
      (await world.liveops(["ls", "--json", "--op", "shell"])).stdout,
    ) as Operation[];
    expect(listed.map((operation) => operation.id)).toContain(id);
  });
});

describe("exit codes", () => {
  test.each([
    [["submit", "fail-at-item", "--wait"], 1, /item 13 of 20 failed; see: liveops show [a-z]/],
    [["submit", "backup", "sorce=."], 2, /Did you mean source\?/],
    [
      ["submit", "bakup", "source=."],
      4,
      /there is no operation type "bakup"; did you mean backup\?/,
    ],
    [["show", "zzzzzz"], 4, /liveops ls/],
  ])("%j is %i", async (words, code, says) => {
    const ended = await world.liveops(words);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toMatch(says);
    if (code !== 1) expect(ended.stdout).toBe("");
  });

  test("6: it was cancelled, for all who wait for it", async () => {
    const submitting = world.start("liveops", ["submit", "gate", `file=${never}`, "--wait"]);
    await submitting.says("stdout", "\n");
    const id = submitting.stdout.trim();
    const [watching, waiting] = [
      world.start("liveops", ["watch", id]),
      world.start("liveops", ["wait", id]),
    ];
    await watching.says("stdout", "line 1\n");
    const cancel = await world.liveops(["cancel", id]);
    expect(cancel).toMatchObject({ code: 0, stderr: "" });
    for (const running of [submitting, watching, waiting])
      expect((await running.ended).code).toBe(6);
    expect(waiting.stdout).toBe(`${id} cancelled\n`);
    expect(await world.client.show(id)).toMatchObject({
      state: "cancelled",
      stageStates: { Wait: "cancelled" },
    });
  });

  test("130: ctrl-C on watch, wait and submit --follow leaves it running, and says so", async () => {
    const following = world.start("liveops", ["submit", "gate", `file=${never}`, "--follow"]);
    await following.says("stdout", "line 1\n");
    const id = /^submitted (\w+)/.exec(following.stderr)![1]!;
    const watching = world.start("liveops", ["watch", id]);
    await watching.says("stdout", "line 1\n");
    for (const running of [following, watching]) {
      running.signal("SIGINT");
      const ended = await running.ended;
      expect(ended.code).toBe(130);
      expect(ended.stderr).toContain(`${id} continues`);
    }
    expect((await world.client.show(id)).state).toBe("running");
  });
});

test.each(["ls", "--help"])(
  "liveops %s | head: a reader that leaves early is no fault",
  (words) => {
    const command = `"${process.execPath}" "${binFile("liveops")}" ${words} | head -n 1`;
    const piped = spawnSync("sh", ["-c", command], {
      env: world.env,
      cwd: world.work,
      encoding: "utf8",
    });
    expect(piped).toMatchObject({ status: 0, stderr: "" });
  },
);
