/** `retry --from Build/Compile` and `--done Build/Compile`: a retry goes on inside of the child, in a queue with one slot. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { RetryBody } from "../../../protocol/requests.js";
import { useDaemon } from "../../harness/daemon.js";

const PARAMS = "params: { dir: { type: string, required: true } }";
const stage = (name: string, then = "") =>
  `  - { name: ${name}, run: 'echo ${name} >>"$dir/ran"${then}', outputs: [${name}] }\n`;
const daemon = useDaemon({
  concurrency: 1,
  ops: {
    "make.yaml": `${PARAMS}\nstages:\n${[
      stage("configure", '; echo configure=c >>"$LIVEOPS_OUTPUT"'),
      stage("compile", '; test -e "$dir/go"; echo compile=made >>"$LIVEOPS_OUTPUT"'),
      `  - { name: pack, run: 'echo "pack $configure $compile" >>"$dir/ran"' }\n`,
    ].join("")}`,
    "release.yaml": `${PARAMS}
stages:
  - { name: prepare, run: 'echo prepare >>"$dir/ran"' }
  - { name: Build, op: make.yaml, with: { dir: $dir } }
  - { name: deploy, run: 'echo deploy >>"$dir/ran"' }
`,
  },
});

/** A release whose innermost stage has failed. */
async function failed(name: string) {
  const dir = join(daemon.world.dir, name);
  mkdirSync(dir);
  const ran = () =>
    existsSync(join(dir, "ran")) ? readFileSync(join(dir, "ran"), "utf8").trim().split("\n") : [];
  const { id } = await daemon.submit("release", { params: { dir } });
  const ended = await daemon.untilFinished(id);
  expect(ended.error?.message).toMatch(/^Build › compile: /);
  expect(ran()).toEqual(["prepare", "configure", "compile"]);
  const retry = async (body: RetryBody, isRepaired = true) => {
    if (isRepaired) writeFileSync(join(dir, "go"), "");
    const before = ran().length;
    await daemon.client.retry(id, body);
    const { state, error } = await daemon.untilFinished(id);
    const { operations } = await daemon.client.list({ parent: id });
    return { state, error, ran: ran().slice(before), children: operations.map((child) => child.state) };
  };
  return { retry };
}

const succeeded = { state: "succeeded", error: null, children: ["succeeded"] };

test("a retry goes on at the stage that failed inside of the child", async () => {
  const { retry } = await failed("plain");
  expect(await retry({})).toEqual({ ...succeeded, ran: ["compile", "pack c made", "deploy"] });
});

test("--from a stage of the child runs that one anew, and what follows", async () => {
  const { retry } = await failed("from");
  expect(await retry({ from: "Build/configure" })).toEqual({
    ...succeeded,
    ran: ["configure", "compile", "pack c made", "deploy"],
  });
});

test("--from the stage itself runs the child anew", async () => {
  const { retry } = await failed("anew");
  const { ran, state, children } = await retry({ from: "Build" });
  expect({ ran, state }).toEqual({
    state: "succeeded",
    ran: ["configure", "compile", "pack c made", "deploy"],
  });
  expect(children.sort()).toEqual(["failed", "succeeded"]);
});

test("--done a stage of the child takes its outputs from the person", async () => {
  const { retry } = await failed("done");
  const done = [{ stage: "Build/compile", outputs: { compile: "byhand" } }];
  expect(await retry({ done }, false)).toEqual({ ...succeeded, ran: ["pack c byhand", "deploy"] });
});

test("a retry inside of the child that fails again fails the stage again", async () => {
  const { retry } = await failed("again");
  const again = await retry({ from: "Build/compile" }, false);
  expect(again).toMatchObject({ state: "failed", ran: ["compile"], children: ["failed"] });
  expect(again.error?.message).toMatch(/^Build › compile: /);
});
