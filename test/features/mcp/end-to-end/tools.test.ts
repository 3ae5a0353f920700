/** `liveops mcp` and a real daemon: tools, progress, errors, restarts. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Progress } from "@modelcontextprotocol/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Operation } from "../../../../protocol/operation.js";
import { TestDaemon } from "../../../harness/daemon.js";
import { McpClient } from "./client.js";
import { OPS } from "./operations.js";

const READING = [
  "read_new_output",
  "list_types",
  "list_operations",
  "show_operation",
  "explain_operation",
  "wait_for_operation",
  "read_log",
];

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

let gates = 0;
const newGate = () => join(daemon.world.dir, `gate-${++gates}`);

interface Waited {
  finished: boolean;
  next?: string;
  operation: Operation;
}

interface LogReply {
  lines: Array<{ n: number; text: string; stage: string | null }>;
  more: { tool: string; before?: number; after?: number } | null;
  total: number;
}

/** A finished run of `first` with this number of rows; returns its id. */
async function finishedFirst(rows: number): Promise<string> {
  const gate = newGate();
  writeFileSync(gate, "");
  const { id } = await mcp.call("submit_operation", { op: "first", params: { gate, rows } });
  expect(await mcp.call<Waited>("wait_for_operation", { id })).toMatchObject({ finished: true });
  return id as string;
}

describe("tools", () => {
  test("the list has schemas and annotations; read-only leaves out what changes something", async () => {
    const { tools } = await mcp.request("tools/list", {});
    expect(tools.map(({ name }) => name)).toEqual([
      "run_command",
      READING[0],
      "answer_input",
      ...READING.slice(1),
      "submit_operation",
      "cancel_operation",
      "retry_operation",
    ]);
    // Each session of an agent has the list in its context.
    expect(JSON.stringify(tools).length).toBeLessThanOrEqual(8000);
    for (const tool of tools) expect(tool.inputSchema.additionalProperties, tool.name).toBe(false);
    const reading = tools.filter(({ annotations }) => annotations?.readOnlyHint);
    expect(reading.map(({ name }) => name)).toEqual(READING);

    await using readOnly = await McpClient.start(daemon.world, "--read-only");
    expect((await readOnly.request("tools/list", {})).tools.map(({ name }) => name)).toEqual(
      READING,
    );
    await expect(readOnly.ask("submit_operation", { op: "second" })).rejects.toThrow(
      "Tool submit_operation not found",
    );
    expect(await readOnly.call("list_types", { op: "second" })).toMatchObject({
      types: [{ op: "second" }],
    });
  });

  test("docs/mcp.md lists the tools of the server", async () => {
    await using whole = await McpClient.start(daemon.world, "--allow-approve");
    const { tools } = await whole.request("tools/list", {});
    const page = readFileSync(new URL("../../../../docs/mcp.md", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\| `(\w+)` +\| (.*?) +\|/gm)].map(([, name, inputs]) => ({
      name,
      inputs: [...inputs!.matchAll(/`(\w+)`/g)].map(([, input]) => input),
    }));
    const served = tools.map(({ name, inputSchema }) => ({
      name,
      inputs: Object.keys(inputSchema.properties ?? {}),
    }));
    expect(rows).toEqual(served);
  });

  test("list_types has stages and parameters; an unknown type is an error with the nearest name", async () => {
    const { types } = await mcp.call<{ types: Array<Record<string, unknown>> }>("list_types");
    expect(types.find(({ op }) => op === "first")).toMatchObject({
      title: "First step",
      stages: ["Load", "Hold", "Save"],
      params: { properties: { gate: { description: "file to wait for" } } },
    });
    expect(await mcp.ask("list_types", { op: "secnd" })).toMatchObject({
      isError: true,
      error: {
        code: "LIVEOPS_NO_SUCH_TYPE",
        message: expect.stringContaining('no operation type "secnd"; did you mean second?'),
      },
    });
  });
});

test("a pipeline file is submitted by its path, with its parameters", async () => {
  const { dir } = daemon.world;
  writeFileSync(
    join(dir, "greet.yaml"),
    "params: { name: { required: true } }\nstages: [{ name: Greet, run: 'echo \"hello $name\"' }]\n",
  );
  const submit = { file: "greet.yaml", cwd: dir, params: { name: "Ann" } };
  const { id } = await mcp.call("submit_operation", submit);
  const { operation } = await mcp.call<Waited>("wait_for_operation", { id });
  expect(operation).toMatchObject({ op: "pipeline", state: "succeeded" });
  expect(JSON.stringify(await mcp.call("read_log", { id }))).toContain("hello Ann");
  for (const wrong of [{ ...submit, op: "first" }, { params: {} }])
    expect(await mcp.ask("submit_operation", wrong)).toMatchObject({
      isError: true,
      error: { message: "give either op or file" },
    });
});

test("submit and wait: progress arrives in order over the chain, and text is plain", async () => {
  const gate = newGate();
  const submit = { op: "first", params: { gate }, label: "mine", idempotencyKey: "mcp-once" };
  const { id } = await mcp.call("submit_operation", submit);
  expect((await mcp.call("submit_operation", submit)).id).toBe(id);

  const status = async () => (await mcp.call<{ status: unknown }>("show_operation", { id })).status;
  await expect.poll(status).not.toBeNull();
  const early = await mcp.call<Waited>("wait_for_operation", { id, timeout: 0.3 });
  expect(early).toMatchObject({
    finished: false,
    next: expect.stringContaining("wait_for_operation"),
  });
  expect(early.operation.status?.text).toBe("loading red\\u202e");

  const seen: Progress[] = [];
  const waiting = mcp.call<Waited>("wait_for_operation", { id }, (progress) => {
    seen.push(progress);
    if (progress.message?.includes("Hold")) writeFileSync(gate, "");
  });
  const { finished, operation } = await waiting;
  expect({ finished, op: operation.op, state: operation.state }).toEqual({
    finished: true,
    op: "second",
    state: "succeeded",
  });
  expect(operation.result).toMatch(/^left out: \d+ characters; read the resource liveops:/);
  const values = seen.map(({ progress }) => progress);
  expect(values.length).toBeGreaterThan(2);
  expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
  for (const { progress, total } of seen) expect(progress).toBeLessThanOrEqual(total!);
  expect(seen[0]?.message).toMatch(/^First step \(\w+\): Hold, 33 %/);
  expect(seen.at(-1)?.message).toMatch(/^Second \(\w+\): /);
  expect(seen.at(-1)?.progress).toBeGreaterThan(100);

  const { operations, total } = await mcp.call<{ operations: unknown[]; total: number }>(
    "list_operations",
    {
      op: "first",
      text: "mine",
      state: "succeeded",
    },
  );
  expect({ operations, total }).toMatchObject({
    operations: [
      { id, label: "mine", state: "succeeded", lastLine: expect.stringContaining("Error: disk") },
    ],
    total: 1,
  });
});

describe("logs", () => {
  test("read_log: tail, after, before and match; more says how to go on", async () => {
    const id = await finishedFirst(300);
    const tail = await mcp.call<LogReply>("read_log", { id, tail: 2 });
    expect(tail.lines.map(({ text }) => text)).toEqual([
      "row 300",
      "Error: disk \\u202efull\\u{e0041}",
    ]);
    expect(tail).toMatchObject({ total: 301, more: { tool: "read_log", before: 300 } });
    const older = await mcp.call<LogReply>("read_log", { id, before: 300, limit: 2 });
    expect(older.lines.map(({ n }) => n)).toEqual([298, 299]);
    const first = await mcp.call<LogReply>("read_log", { id, after: 0, limit: 3 });
    expect(first.lines.map(({ text }) => text)).toEqual(["row 1", "row 2", "row 3"]);
    expect(first.more).toEqual({ tool: "read_log", after: 3 });
    const last = await mcp.call<LogReply>("read_log", { id, after: 299 });
    expect(last).toMatchObject({ more: null, lines: [{ n: 300 }, { n: 301 }] });
    const matched = await mcp.call<LogReply>("read_log", { id, match: "ROW 30" });
    expect(matched.lines.map(({ text }) => text)).toEqual(["row 30", "row 300"]);
    expect(await mcp.ask("read_log", { id, tail: 1, after: 1 })).toMatchObject({
      isError: true,
      error: { code: "LIVEOPS_BAD_REQUEST" },
    });
  });

  test("a long log does not fill a reply: the pages together are the whole log", async () => {
    const id = await finishedFirst(2000);
    const numbers: number[] = [];
    let before: number | undefined;
    for (let calls = 0; calls < 20; calls++) {
      const bounds = before === undefined ? { tail: 1000 } : { before, limit: 1000 };
      const { text } = await mcp.ask("read_log", { id, ...bounds });
      expect(text.length).toBeLessThan(70_000);
      const { lines, more } = JSON.parse(text) as LogReply;
      numbers.unshift(...lines.map(({ n }) => n));
      if (more === null) break;
      before = more.before;
    }
    expect(numbers).toEqual(Array.from({ length: 2001 }, (_, i) => i + 1));
  });

  test("a regular expression: the newest matches first in the pages; a bad or slow one is an error", async () => {
    const id = await finishedFirst(40);
    const search = (match: string, input: object = {}) =>
      mcp.call<LogReply>("read_log", { id, match, regex: true, ...input });
    expect((await search("^error: .*full")).lines.map(({ n }) => n)).toEqual([41]);
    const found = await search("row \\d0$", { tail: 2 });
    expect(found.lines.map(({ text }) => text)).toEqual(["row 30", "row 40"]);
    const older = await search("row \\d0$", { limit: 5, before: found.more?.before });
    expect(older).toMatchObject({ lines: [{ text: "row 10" }, { text: "row 20" }], more: null });
    expect(await mcp.ask("read_log", { id, match: "(", regex: true })).toMatchObject({
      isError: true,
      error: {
        code: "LIVEOPS_BAD_REQUEST",
        message: expect.stringContaining("not a valid regular"),
      },
    });
  });

  test("a pattern that takes years is stopped", async () => {
    const args = ["echo", `${"a".repeat(60)}!`];
    const { id } = await mcp.call("submit_operation", { op: "shell", params: { args } });
    await mcp.call("wait_for_operation", { id });
    expect(await mcp.ask("read_log", { id, match: "^(a+)+$", regex: true })).toMatchObject({
      isError: true,
      error: {
        message: expect.stringContaining("takes more than 2 s"),
        next: [expect.stringContaining("give a simpler pattern")],
      },
    });
  });
});

test("cancel, and retry after a failure", async () => {
  const { id } = await mcp.call("submit_operation", { op: "first", params: { gate: newGate() } });
  expect(await mcp.call("cancel_operation", { id })).toMatchObject({ id });
  expect(await mcp.call("wait_for_operation", { id })).toMatchObject({
    finished: true,
    operation: { state: "cancelled" },
  });
  const file = newGate();
  const failed = await mcp.call("submit_operation", { op: "fails", params: { file } });
  expect(await mcp.call("wait_for_operation", { id: failed.id })).toMatchObject({
    operation: { state: "failed", error: { code: "LIVEOPS_EXCEPTION", message: "no file" } },
  });
  writeFileSync(file, "");
  expect(await mcp.call("retry_operation", { id: failed.id })).toMatchObject({ id: failed.id });
  expect(await mcp.call("wait_for_operation", { id: failed.id })).toMatchObject({
    operation: { state: "succeeded", attempt: 2 },
  });
  expect(await mcp.ask("retry_operation", { id: failed.id })).toMatchObject({
    isError: true,
    error: { code: "LIVEOPS_WRONG_STATE" },
  });
});

test("parameters are checked by the daemon, arguments by the server", async () => {
  const refused = await mcp.ask("submit_operation", { op: "first", params: { gate: 5 } });
  expect(refused).toMatchObject({ isError: true, error: { code: "LIVEOPS_PARAMS_INVALID" } });
  expect(refused.text).toContain("gate");
  const mistyped = await mcp.ask("submit_operation", { op: "second", lable: "x" });
  expect(mistyped).toMatchObject({ isError: true, text: expect.stringContaining("lable") });
  expect(await mcp.ask("show_operation", { id: "zzzzzz" })).toMatchObject({
    isError: true,
    error: {
      code: "LIVEOPS_NO_SUCH_OPERATION",
      message: 'there is no operation "zzzzzz"',
      next: ["list_operations lists them"],
    },
  });
});

test("a daemon that is away is an error with the next command; a wait goes on over its restart", async () => {
  const gate = newGate();
  const { id } = await mcp.call("submit_operation", { op: "first", params: { gate } });
  const seen: string[] = [];
  const waiting = mcp.call<Waited>("wait_for_operation", { id }, ({ message }) =>
    seen.push(message ?? ""),
  );
  await expect.poll(() => seen.some((text) => text.includes("Hold"))).toBe(true);
  await daemon.stop();
  await expect.poll(() => seen.some((text) => text.includes("Reconnecting"))).toBe(true);
  expect(await mcp.ask("show_operation", { id })).toMatchObject({
    isError: true,
    text: expect.stringMatching(
      /^LIVEOPS_NO_DAEMON: no daemon answers on .*\nstart it with: liveops start$/,
    ),
  });
  await daemon.startAgain();
  writeFileSync(gate, "");
  expect(await waiting).toMatchObject({
    finished: true,
    operation: { op: "second", state: "succeeded" },
  });
  expect(await mcp.call("show_operation", { id })).toMatchObject({ id, state: "succeeded" });
  expect(mcp.stderr).toBe("");
});
