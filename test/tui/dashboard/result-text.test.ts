/** A result with a text of its own, in the result pane; the variables of a submit. */
import { afterEach, expect, test, vi } from "vitest";
import { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import { send } from "../../../tui/dashboard/daemon-calls.js";
import { resultRows } from "../../../tui/dashboard/text/outcome.js";
import { FakeDaemon } from "../../harness/fake-daemon.js";
import { Story } from "../../harness/records.js";

afterEach(() => vi.unstubAllEnvs());

function finished(resultText: string, result: unknown = { files: 3 }): Operation {
  const event = {
    type: "operation:finished",
    state: "succeeded",
    result,
    error: null,
    next: null,
  } as const;
  return new Story()
    .started()
    .event({ ...event, resultText })
    .record();
}

test("the pane shows the text in place of the value, made harmless, indented as it was given", () => {
  expect(resultRows(finished("3 files\n  in /tmp\x1b[31m"), 40, 5).map(String)).toEqual([
    "= 3 files",
    "    in /tmp\\x1b[31m",
  ]);
});

test("a value without a text is indented JSON", () => {
  const operation = { ...finished("", { name: "a\u202eb", sizes: [1] }), resultText: null };
  expect(resultRows(operation, 40, 9).map(String)).toEqual([
    "= {",
    '    "name": "a\\u202eb",',
    '    "sizes": [',
    "      1",
    "    ]",
    "  }",
  ]);
});

test("the pane wraps what is too wide, and says where more is", () => {
  expect(resultRows(finished("a long line of text\nsecond\nthird"), 13, 3).map(String)).toEqual([
    "= a long line",
    "  of text",
    "  … liveops …",
  ]);
});

test("a large result that lists leave out has its text all the same", () => {
  const operation: Operation = { ...finished("3 files", null), large: ["result"] };
  expect(resultRows(operation, 40, 5).map(String)).toEqual(["= 3 files"]);
});

test("a submit sends the variables that the config file allows, as the command does", async () => {
  await using daemon = await FakeDaemon.start();
  daemon.on("POST", "/v1/operations", (_asked, reply) => reply.json(new Story().record(), 201));
  vi.stubEnv("AWS_PROFILE", "p");
  vi.stubEnv("EDITOR", "vi");
  const request = {
    kind: "submit",
    op: "shell",
    params: {},
    words: [],
    args: [],
    label: "",
    done: [],
    repeats: null,
  } as const;
  const client = new Client(daemon.socket);
  for (const allow of [["AWS_*"], undefined]) await send(client, request, allow);
  const [allowed, byDefault] = daemon.asked.map(
    ({ body }) => (body as { env: Record<string, string> }).env,
  );
  expect(allowed).toMatchObject({ PATH: process.env.PATH, AWS_PROFILE: "p" });
  expect(allowed).not.toHaveProperty("EDITOR");
  expect(byDefault).toMatchObject({ EDITOR: "vi" });
  expect(byDefault).not.toHaveProperty("AWS_PROFILE");
});
