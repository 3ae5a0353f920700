/** Commands of a coding agent: they survive its client and the daemon, and are found again. */
import { writeFileSync } from "node:fs";
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
  state: string;
  exitCode?: number;
  output: string;
  leftOut?: { lines: number; read: object };
}

const run = (command: string | string[], input: object = {}, client = mcp) =>
  client.call<Ran>("run_command", { command, ...input });

test("a command that ends in time has its exit code and its output, folded", async () => {
  const ran = await run("for i in 1 2 3 4; do echo step $i; done; exit 3");
  expect(ran).toMatchObject({ finished: true, state: "failed", exitCode: 3 });
  expect(ran.output).toContain("step 4 (the last of 4 lines alike)");
});

test("a longer one goes on: new output is told once, and what is left out can be read", async () => {
  const gate = "g1";
  const late = await run(
    `seq -f 'a line %g of many' 1 9 | tr 1-9 a-i; until [ -e ${gate} ]; do sleep 0.1; done; ls -d /usr/*; seq 4000 | tr 0-9 a-j; echo done`,
    { timeout: 0.3 },
  );
  expect(late).toMatchObject({ finished: false, state: "running" });
  const { id } = late;
  writeFileSync(join(daemon.world.dir, gate), "");
  await mcp.call("wait_for_operation", { id });
  const rest = await mcp.call<Ran>("read_new_output", { id });
  expect(rest).toMatchObject({ finished: true, exitCode: 0 });
  expect(rest.output.length).toBeLessThanOrEqual(2000);
  expect(rest.output).toMatch(/done$/);
  expect(rest.leftOut).toMatchObject({ read: { tool: "read_log", after: expect.any(Number) } });
  const { tool: _, ...read } = rest.leftOut!.read as { tool: string };
  const { lines, more } = await mcp.call<{ lines: Array<{ n: number }>; more: object }>(
    "read_log",
    {
      id,
      ...read,
    },
  );
  expect(lines[0]!.n).toBe((read as { after?: number }).after! + 1);
  expect(more).not.toBeNull();
  expect((await mcp.call<Ran>("read_new_output", { id })).output).toBe("");
});

test("the rules of the server leave out tools, and refuse what is not allowed", async () => {
  await using strict = await McpClient.start(daemon.world, "--allow", "echo *", "--allow-approve");
  const { tools } = await strict.request("tools/list", {});
  const names = tools.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(["run_command", "cancel_operation", "answer_approval"]),
  );
  for (const name of ["submit_operation", "retry_operation", "answer_input"])
    expect(names).not.toContain(name);
  expect(await run("echo a 'b c'", {}, strict)).toMatchObject({
    exitCode: 0,
    output: expect.stringContaining("a b c"),
  });
  expect(await strict.ask("run_command", { command: "echo a; ls" })).toMatchObject({
    isError: true,
    text: expect.stringContaining("may not run"),
  });
  expect(
    await strict.ask("run_command", { command: "echo a", env: { PATH: "/tmp" } }),
  ).toMatchObject({
    isError: true,
    text: expect.stringContaining("leave out env"),
  });
  await using quiet = await McpClient.start(daemon.world, "--no-input");
  expect((await quiet.request("tools/list", {})).tools.map(({ name }) => name)).not.toContain(
    "answer_input",
  );
});

test("--ends-with-session: what the session started ends some time after its client", async () => {
  const client = await McpClient.start(daemon.world, "--ends-with-session");
  const { id } = await run("sleep 600", { background: true }, client);
  const stays = await run("sleep 600", { background: true });
  // The streams of the sessions close with the daemon. The client comes back to the next one.
  await daemon.stop();
  await daemon.startAgain();
  await client.call("show_operation", { id });
  expect((await daemon.client.show(id)).state).toBe("running");
  await client.kill();
  await expect
    .poll(async () => (await daemon.client.show(id)).state, { timeout: 30_000 })
    .toBe("cancelled");
  expect((await daemon.client.show(stays.id)).state).toBe("running");
  await mcp.call("cancel_operation", { id: stays.id });
  await mcp.call("wait_for_operation", { id: stays.id });
}, 60_000);
