/**
 * Resources and subscriptions of `liveops mcp`, the options that select the daemon, and the end of
 * the server.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestDaemon } from "../../../harness/daemon.js";
import { McpClient } from "./client.js";
import { OPS } from "./operations.js";

let daemon: TestDaemon;
let mcp: McpClient;

beforeAll(async () => {
  daemon = await TestDaemon.start({ ops: OPS });
  mcp = await McpClient.start(daemon.world);
});

afterAll(async () => {
  await mcp?.[Symbol.asyncDispose]();
  await daemon?.[Symbol.asyncDispose]();
});

describe("resources", () => {
  test("the newest records and logs are listed, and read by id", async () => {
    const { id } = await daemon.submit("second", { label: "in \u001b[31mred" });
    await daemon.untilFinished(id);
    const { resources } = await mcp.request("resources/list", {});
    expect(resources.find(({ name }) => name === id)).toMatchObject({
      uri: `liveops://operations/${id}`,
      title: "in red",
      description: "second, succeeded",
    });
    expect(resources.map(({ uri }) => uri)).toContain(`liveops://operations/${id}/log`);
    const { resourceTemplates } = await mcp.request("resources/templates/list", {});
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      "liveops://operations/{id}",
      "liveops://operations/{id}/log",
    ]);
    const record = JSON.parse(await mcp.read(`liveops://operations/${id}`));
    expect(record).toMatchObject({ id, state: "succeeded", result: { small: "ok" } });
    expect(record.result.big).toHaveLength(20_000);
  });

  test("a log has its last 1000 lines and says how to read the others", async () => {
    const gate = join(daemon.world.dir, "gate-log");
    writeFileSync(gate, "");
    const { id } = await daemon.submit("first", { params: { gate, rows: 1200 } });
    await daemon.untilFinished(id);
    const lines = (await mcp.read(`liveops://operations/${id}/log`)).split("\n");
    expect(lines).toHaveLength(1001);
    expect(lines[0]).toBe("(201 earlier lines are left out; read_log with before=202 reads them)");
    expect(lines.at(-1)).toBe("Error: disk \\u202efull\\u{e0041}");
  });

  test("an unknown operation is an error", async () => {
    await expect(mcp.read("liveops://operations/zzzzzz")).rejects.toMatchObject({
      code: -32602,
      data: { code: "LIVEOPS_NO_SUCH_OPERATION" },
    });
  });

  test("a subscribed record tells its changes until the end", async () => {
    const gate = join(daemon.world.dir, "gate-subscribed");
    const { id } = await daemon.submit("first", { params: { gate } });
    const uri = `liveops://operations/${id}`;
    await mcp.request("resources/subscribe", { uri });
    // Sent before the reply to the one before.
    await Promise.all([
      mcp.request("resources/unsubscribe", { uri }),
      mcp.request("resources/subscribe", { uri }),
    ]);
    mcp.updated.length = 0;
    writeFileSync(gate, "");
    await expect
      .poll(async () => mcp.updated.length > 0 && JSON.parse(await mcp.read(uri)).state)
      .toBe("succeeded");
    expect(new Set(mcp.updated)).toEqual(new Set([uri]));
    await mcp.request("resources/unsubscribe", { uri });
    await expect(
      mcp.request("resources/subscribe", { uri: "liveops://elsewhere" }),
    ).rejects.toThrow("no resource");
  });
});

test("the options that select the daemon, before and after the command", async () => {
  const { world } = daemon;
  await using bySocket = await McpClient.start(world, "--socket", world.socket);
  expect(await bySocket.call("list_operations", { limit: 1 })).toMatchObject({
    total: expect.any(Number),
  });
  await using elsewhere = await McpClient.start(world, "--state-dir", join(world.dir, "elsewhere"));
  expect((await elsewhere.ask("list_operations")).text).toMatch(
    /^LIVEOPS_NO_DAEMON: [^\n]*\nstart it with: liveops start --state-dir \S*elsewhere$/,
  );
});

describe("the end of the server", () => {
  const start = () =>
    spawn(process.execPath, [daemon.world.bin("liveops"), "mcp"], {
      env: daemon.world.env,
      cwd: daemon.world.dir,
    });
  const message = (id: number, method: string, params: object) =>
    `${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`;
  const HELLO = [
    message(1, "initialize", {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "test", version: "1" },
    }),
    '{"jsonrpc":"2.0","method":"notifications/initialized"}\n',
  ].join("");

  test("a closed stdin ends it with code 0, after the replies", async () => {
    const child = start();
    let output = "";
    child.stdout.on("data", (bytes) => {
      output += bytes;
    });
    const call = { name: "list_operations", arguments: { limit: 1 } };
    child.stdin.end(HELLO + message(2, "tools/call", call));
    expect(await once(child, "close")).toEqual([0, null]);
    const replies = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(replies.map(({ id }) => id)).toEqual([1, 2]);
    expect(replies[1].result.isError).toBeUndefined();
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s ends it during a wait; the operation continues",
    async (signal) => {
      const { id } = await daemon.submit("first", {
        params: { gate: join(daemon.world.dir, "never") },
      });
      const child = start();
      const wait = { name: "wait_for_operation", arguments: { id }, _meta: { progressToken: 1 } };
      child.stdin.write(HELLO + message(2, "tools/call", wait));
      let output = "";
      child.stdout.on("data", (bytes) => {
        output += bytes;
      });
      await expect.poll(() => output).toContain("notifications/progress");
      child.kill(signal);
      expect(await once(child, "close")).toEqual([0, null]);
      expect((await daemon.client.show(id)).state).toBe("running");
      await daemon.client.cancel(id);
      await daemon.untilFinished(id);
    },
  );
});
