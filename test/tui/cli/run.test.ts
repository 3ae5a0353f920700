/** `liveops run` as a process: a user's file, the chain, errors, Ctrl-C; without a daemon. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useCli } from "./cli.js";

const cli = useCli();
let ops: string;
beforeAll(() => {
  ops = mkdtempSync(join(tmpdir(), "liveops-run-"));
  writeFileSync(join(ops, "work.ts"), WORK);
});
afterAll(() => rmSync(ops, { recursive: true, force: true }));

const WORK = `
import { setTimeout as after } from "node:timers/promises";
import { LiveOperation, type Progress, z } from "liveops";

export class Count extends LiveOperation<typeof Count> {
  static stages = ["Load", "Process"] as const;
  static params = z.object({ to: z.number().default(2), args: z.array(z.string()).default([]) });
  async run(p: Progress<Count>) {
    await p.stage("Load", () => console.log("printed\\x1b[31m"));
    await p.untracked("Warm up", () => p.log("warm"));
    await p.stage("Process", () => {
      let sum = 0;
      for (const item of p.track(Array.from({ length: this.params.to }, (_, i) => i))) sum += item;
      p.result({ sum, args: this.params.args });
    });
  }
}

export class Break extends LiveOperation {
  static stages = ["Load"];
  async run(p: Progress) {
    await p.stage("Load", () => { throw new TypeError("it broke"); });
  }
}

export class Directory extends LiveOperation {
  async run(p: Progress) {
    await p.exec("/tmp").catch((error) => { throw new Error("wrapped", { cause: error }); });
  }
}

export class Shows extends LiveOperation {
  static title = "Shows";
  static resultText = (result: { stage: string | null }) => "in " + result.stage + ":\\n  fine";
  async run(p: Progress) {
    const stage = await p.stage("Look", () => process.env.LIVEOPS_STAGE ?? null);
    const { LIVEOPS_OP, LIVEOPS_ATTEMPT, LIVEOPS_OPERATION_ID, LIVEOPS_CHAIN, LIVEOPS_STAGE, MINE, GIVEN } = process.env;
    const isOne = LIVEOPS_OPERATION_ID === this.id && LIVEOPS_CHAIN === this.id && LIVEOPS_STAGE === undefined;
    p.log([LIVEOPS_OP, LIVEOPS_ATTEMPT, isOne, MINE, GIVEN].join(" "));
    p.result({ stage });
  }
}

export class Linger extends LiveOperation {
  static stages = ["Wait"];
  static gracePeriod = 3600;
  async run(p: Progress) {
    setInterval(() => {}, 1000);
    await p.stage("Wait", () => { p.log("waiting"); return after(3_600_000, null, { signal: p.signal }); });
  }
}
`;

const run = (...words: string[]) => cli.run(["run", "--ops", ops, ...words]);

test("headers, what is printed and logged, result; the steps of the bar on stderr", async () => {
  const ended = await run("count", "to=4", "--", "x", "-y");
  expect(ended.stdout).toBe(
    '=== [1/2] Load ===\nprinted\n=== Warm up ===\nwarm\n=== [2/2] Process ===\nsum=6\nargs=["x","-y"]\n',
  );
  expect(ended.stderr).toMatch(/100% \(4\/4\)/);
  expect(ended.code).toBe(0);
});

test("a failure is exit 1, its message and stack on stderr", async () => {
  const { code, stdout, stderr } = await run("break");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "=== [1/1] Load ===\n" });
  expect(stderr).toContain("failed: it broke");
  expect(stderr).toContain("work.ts:");
});

test("a program that did not start shows no internal name, also as a cause", async () => {
  const { code, stderr } = await run("directory");
  expect(code).toBe(1);
  expect(stderr).toContain("/tmp is a directory: give the path of a program\n");
  expect(stderr).not.toContain("NotStarted");
});

test("wrong parameters are exit 2 with the list of them", async () => {
  const { code, stdout, stderr } = await run("count", "too=3");
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/Parameters:\n +to +number +default 2/);
});

test("--json prints one event or log line per line, and nothing else", async () => {
  const { code, stdout } = await run("count", "--json");
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(code).toBe(0);
  expect(lines[0]).toMatchObject({ type: "operation:submitted" });
  expect(lines.at(-1)).toEqual({ id: lines[0].id, type: "end", state: "succeeded" });
  expect(lines.find((line) => line.type === "log:line")).toMatchObject({
    stream: "stdout",
    text: "printed\x1b[31m",
  });
});

test("the first Ctrl-C cancels: exit 6, though the operation left a timer", async () => {
  const running = cli.start(["run", "--ops", ops, "linger"]);
  await running.says("stdout", "waiting");
  running.child.kill("SIGINT");
  const ended = await running.ended;
  expect(ended.code).toBe(6);
  expect(ended.stderr).toContain("cancelled");
});

test("run has the whole environment, --env, and the variables of the operation", async () => {
  const words = ["--env", "GIVEN=first", "--env", "GIVEN=word", "shows"];
  const ended = await cli.run(["run", "--ops", ops, ...words], {
    env: { MINE: "shell", LIVEOPS_STAGE: "outer" },
  });
  expect(ended).toMatchObject({ code: 0 });
  expect(ended.stdout).toContain("=== Look ===\nshows 1 true shell word\nin Look:\n  fine\n");
});

test("--env without a value of a variable that is not set is wrong usage", async () => {
  expect(await run("--env", "NOPE", "shows")).toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringContaining("--env NOPE: the variable is not set"),
  });
});
