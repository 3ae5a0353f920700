/** A result with a text of its own, in the result pane and on the record's page; the variables of a submit. */
import { afterEach, expect, test, vi } from "vitest";
import { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import { send } from "../../../tui/dashboard/daemon-calls.js";
import { detailRows } from "../../../tui/dashboard/pages/details/DetailsPage.js";
import { outcomeRows } from "../../../tui/dashboard/text/outcome.js";
import { unpainted } from "../../../tui/dashboard/text/theme.js";
import { FakeDaemon } from "../../harness/fake-daemon.js";
import { Story } from "../../harness/records.js";
import { initial } from "./core.js";

afterEach(() => vi.unstubAllEnvs());

function finished(resultText: string, result: unknown = { files: 3 }): Operation {
  const event = { type: "operation:finished", state: "succeeded", result, error: null, next: null } as const;
  return new Story()
    .started()
    .event({ ...event, resultText })
    .record();
}

test("the pane shows the text in place of the table, made harmless, indented as it was given", () => {
  expect(outcomeRows(finished("3 files\n  in /tmp\x1b[31m"), 40, 5, unpainted)).toEqual([
    "= 3 files",
    "    in /tmp\\x1b[31m",
  ]);
});

test("the pane wraps what is too wide, and says where more is", () => {
  expect(outcomeRows(finished("a long line of text\nsecond\nthird"), 13, 3, unpainted)).toEqual([
    "= a long line",
    "  of text",
    "  … v shows …",
  ]);
});

test("the pane says where more is of an error whose causes it cuts", () => {
  const cause = { depth: 0, message: "Error: no route to host", stack: null };
  const error = { code: "X", message: "no upload", stack: null, causes: [cause, { ...cause, depth: 1 }] };
  const failed = { ...finished("", null), state: "failed", error } as Operation;
  expect(outcomeRows(failed, 60, 2, unpainted)).toEqual(["✗ no upload", "  … v shows all"]);
  expect(outcomeRows(failed, 60, 3, unpainted).at(-1)).toContain("└ caused by Error: no route to host");
});

test("a large result that lists leave out has its text all the same", () => {
  const operation = { ...finished("3 files", null), omitted: { result: 20_000 } };
  expect(outcomeRows(operation, 40, 5, unpainted)).toEqual(["= 3 files"]);
});

test("the record's page shows the text, then the result", () => {
  const operation = finished("3 files\nin all");
  const start = initial({ size: { columns: 60, rows: 40 } });
  const view = { ...start.view, operations: new Map([[operation.id, operation]]) };
  const page = { kind: "record", id: operation.id, top: 0, attempts: [] } as const;
  const rows = detailRows({ ...start, view }, page, 60, unpainted).map((row) => row.trimEnd());
  const from = rows.indexOf("Result");
  expect(rows.slice(from, from + 5)).toEqual(["Result", "  3 files", "  in all", "", "  files  3"]);
});

test("a submit sends the variables that the config file allows, as the command does", async () => {
  await using daemon = await FakeDaemon.start();
  daemon.on("POST", "/v1/operations", (_asked, reply) => reply.json(new Story().record(), 201));
  vi.stubEnv("AWS_PROFILE", "p");
  vi.stubEnv("EDITOR", "vi");
  const request = {
    kind: "submit",
    op: "shell",
    set: [],
    args: undefined,
    params: undefined,
    label: "",
  } as const;
  const client = new Client(daemon.socket);
  for (const allow of [["AWS_*"], undefined]) await send(client, request, allow);
  const [allowed, byDefault] = daemon.asked.map(({ body }) => (body as { env: Record<string, string> }).env);
  expect(allowed).toMatchObject({ PATH: process.env.PATH, AWS_PROFILE: "p" });
  expect(allowed).not.toHaveProperty("EDITOR");
  expect(byDefault).toMatchObject({ EDITOR: "vi" });
  expect(byDefault).not.toHaveProperty("AWS_PROFILE");
});
