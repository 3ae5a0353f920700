/**
 * `retry --from Build/Compile` and `--done Build/Compile`: a retry goes on inside of the child, in
 * a queue with one slot.
 */
import { mkdirSync, readFileSync } from "node:fs";
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
      stage("compile", "; exit 1"),
      `  - { name: pack, run: 'echo "pack $configure $compile" >>"$dir/ran"' }\n`,
    ].join("")}`,
    "release.yaml": `${PARAMS}
stages:
  - { name: prepare, run: 'echo prepare >>"$dir/ran"' }
  - { name: Build, op: make.yaml, with: { dir: $dir } }
  - { name: deploy, run: 'echo deploy >>"$dir/ran"' }
`,
    "packs.yaml": `${PARAMS}\nstages:\n${stage("pack", '; echo pack=p >>"$LIVEOPS_OUTPUT"')}`,
    "fails-late.yaml": `${PARAMS}
stages:
  - { name: Build, op: packs.yaml, with: { dir: $dir } }
  - { name: late, run: 'echo late >>"$dir/ran"; exit 1' }
`,
  },
});

test("a retry goes on inside of the child, from where it is told, and fails or ends the stage with it", async () => {
  const { dir } = daemon.world;
  const ran = () => readFileSync(join(dir, "ran"), "utf8").trim().split("\n");
  const { id } = await daemon.submit("release", { params: { dir } });
  const ended = async () => {
    const { state, error } = await daemon.untilFinished(id);
    const { operations } = await daemon.client.list({ parent: id });
    return {
      state,
      error: error?.message,
      children: operations.map((child) => child.state).sort(),
    };
  };
  const failed = {
    state: "failed",
    error: expect.stringMatching(/^Build › compile: /),
    children: ["failed"],
  };
  expect(await ended()).toEqual(failed);
  expect(ran()).toEqual(["prepare", "configure", "compile"]);
  const retry = async (body: RetryBody) => {
    const before = ran().length;
    await daemon.client.retry(id, body);
    return { ...(await ended()), ran: ran().slice(before) };
  };

  expect(await retry({})).toEqual({ ...failed, ran: ["compile"] });
  expect(await retry({ from: "Build/configure" })).toEqual({
    ...failed,
    ran: ["configure", "compile"],
  });
  // From the stage itself, the child is another one.
  const children = ["failed", "failed"];
  expect(await retry({ from: "Build" })).toEqual({
    ...failed,
    children,
    ran: ["configure", "compile"],
  });
  const done = [{ stage: "Build/compile", outputs: { compile: "byhand" } }];
  expect(await retry({ done })).toMatchObject({
    state: "succeeded",
    children: ["failed", "succeeded"],
    ran: ["pack c byhand", "deploy"],
  });
});

test("a retry from inside of a child that has succeeded, or was removed, runs its stage anew and says so", async () => {
  const { dir } = daemon.world;
  const at = { dir: join(dir, "anew") };
  mkdirSync(at.dir);
  const { id } = await daemon.submit("fails-late", { params: at });
  await daemon.untilFinished(id);
  const childOf = async () => (await daemon.client.list({ parent: id })).operations[0]!.id;
  const retry = async () => {
    const { status } = await daemon.client.retry(id, { from: "Build/pack" });
    await daemon.untilFinished(id);
    return status?.text;
  };
  const first = await childOf();
  expect(await retry()).toBe(`${first} has succeeded, so Build runs anew`);
  const second = await childOf();
  expect(second).not.toBe(first);
  for (const child of [first, second]) await daemon.client.remove(child);
  expect(await retry()).toBe("nothing that ran inside of Build is kept, so Build runs anew");
  expect(readFileSync(join(at.dir, "ran"), "utf8")).toBe("pack\nlate\n".repeat(3));
});
