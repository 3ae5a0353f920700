/** What an agent tries to get further than its user lets it, on the built server and daemon. */
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestDaemon } from "../../../harness/daemon.js";
import { McpClient } from "./client.js";

let daemon: TestDaemon;
let mcp: McpClient;

beforeAll(async () => {
  daemon = await TestDaemon.start({ concurrency: 8 });
  mcp = await McpClient.start(daemon.world);
});

afterAll(async () => {
  await mcp?.[Symbol.asyncDispose]();
  await daemon?.[Symbol.asyncDispose]();
});

interface Ran {
  id: string;
  finished: boolean;
  exitCode?: number;
  output: string;
  waits?: { question: string; number: number; echo: boolean };
}

const run = (command: string | string[], input: object = {}, client = mcp) =>
  client.call<Ran>("run_command", { command, timeout: 60, ...input });

const refused = async (text: string, name: string, input: Record<string, unknown>, client = mcp) =>
  expect(await client.ask(name, input), JSON.stringify(input)).toMatchObject({
    isError: true,
    text: expect.stringContaining(text),
  });

test("an agent answers no approval: not by its retry, and not by a command", async () => {
  const { dir } = daemon.world;
  const stages = (ask: string) => `stages:
  - { name: Build, run: 'true' }
  - { name: Ask, ${ask} }
  - { name: Deploy, run: 'touch ${dir}/deployed' }
`;
  const file = join(dir, "deploy.yaml");
  writeFileSync(file, stages("approve: Go?"));
  const { id } = await mcp.call<Ran>("submit_operation", { file, cwd: dir });
  const asked = () => mcp.call("wait_for_operation", { id });
  expect(await asked()).toMatchObject({ finished: false, waits: { for: "approval" } });
  await mcp.call("cancel_operation", { id });
  await asked();
  const taken = "may ask a person, and this retry may take the question away";
  const done = [{ stage: "Ask", outputs: { approved: "yes" } }];
  await refused(taken, "retry_operation", { id, done });
  const text = stages("run: 'true'");
  await refused(taken, "retry_operation", { id, params: { text, path: file } });
  writeFileSync(file, text);
  await refused(taken, "retry_operation", { id, current: true });
  await mcp.call("retry_operation", { id });
  expect(await asked()).toMatchObject({ finished: false, waits: { for: "approval" } });
  const liveops = [process.execPath, daemon.world.bin("liveops")];
  for (const words of [
    ["approve", id],
    ["reject", id],
    ["retry", id, "--done", "Ask"],
  ]) {
    const ran = await run([...liveops, ...words]);
    expect(ran, words[0]).toMatchObject({
      exitCode: 5,
      output: expect.stringContaining("a person decides this"),
    });
  }
  expect(existsSync(join(dir, "deployed"))).toBe(false);
  await using person = await McpClient.start(daemon.world, "--allow-approve");
  await mcp.call("cancel_operation", { id });
  await asked();
  await person.call("retry_operation", { id, done });
  expect(await asked()).toMatchObject({ finished: true, operation: { state: "succeeded" } });
  expect(existsSync(join(dir, "deployed"))).toBe(true);
});

test("what is allowed runs in the directory of the server, or inside of it", async () => {
  const { dir } = daemon.world;
  const here = join(dir, "here");
  for (const name of ["here/sub", "here-2"]) {
    mkdirSync(join(dir, name), { recursive: true });
    writeFileSync(join(dir, name, "check.sh"), `#!/bin/sh\necho of ${name}\n`);
    chmodSync(join(dir, name, "check.sh"), 0o700);
  }
  symlinkSync("sub", join(here, "in"));
  symlinkSync(join(dir, "here-2"), join(here, "out"));
  const place = { bin: daemon.world.bin.bind(daemon.world), env: daemon.world.env, dir: here };
  await using strict = await McpClient.start(place, "--allow", "./check.sh");
  const command = "./check.sh";
  for (const cwd of [dir, "..", "out", join(here, "out"), `${here}-2`, "missing"])
    await refused(
      "is no directory inside of it; leave out cwd",
      "run_command",
      { command, cwd },
      strict,
    );
  for (const cwd of ["sub", join(here, "in")])
    expect(await run(command, { cwd }, strict)).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining("of here/sub"),
    });
  expect(await run(command, { cwd: join(here, "out") })).toMatchObject({
    output: expect.stringContaining("of here-2"),
  });
});

test("an agent answers one question with one line, and types no password, in any language", async () => {
  const ask = (prompt: string, mode = "echo") =>
    run(["sh", "-c", `stty ${mode}; printf '${prompt}'; read x; echo got $x`], { tty: true });
  const { id, waits } = await ask("Name? ");
  expect(waits).toMatchObject({
    for: "input",
    question: expect.stringContaining("Name?"),
    echo: true,
  });
  const { number } = waits!;
  // The rest would answer the next question.
  await refused("text has control characters", "answer_input", {
    id,
    number,
    text: "Bob\rhunter2",
  });
  await refused('shows "Name?" now', "answer_input", { id, number: number - 1, text: "x" });
  await mcp.call("answer_input", { id, number, text: "Bob" });
  await mcp.call("wait_for_operation", { id });
  expect((await mcp.call<Ran>("read_new_output", { id })).output).toContain("got Bob");
  for (const prompt of ["Kennwort: ", "> "]) {
    const secret = await ask(prompt, "-echo");
    expect(secret.waits).toMatchObject({ echo: false });
    const answer = { id: secret.id, number: secret.waits!.number, text: "x" };
    await refused(`liveops attach ${secret.id}`, "answer_input", answer);
    await mcp.call("cancel_operation", { id: secret.id });
  }
});

test("a null character is no way into a run, and out of a mask", async () => {
  const { dir } = daemon.world;
  await refused("args[1] has a null character", "run_command", { command: ["echo", "a\0b"] });
  await refused("label must not contain a null character", "run_command", {
    command: "true",
    label: "a\0b",
  });
  const file = join(dir, "secret.yaml");
  const run = String.raw`printf 'hunt\0er2\n'`;
  writeFileSync(
    file,
    JSON.stringify({ params: { token: { secret: true } }, stages: [{ name: "Print", run }] }),
  );
  writeFileSync(join(dir, "token"), "hunter2");
  const params = { token: `file:${join(dir, "token")}` };
  const { id } = await mcp.call<Ran>("submit_operation", { file, cwd: dir, params });
  await mcp.call("wait_for_operation", { id });
  expect(await mcp.call("read_log", { id })).toMatchObject({ lines: [{ text: "***" }] });
});
