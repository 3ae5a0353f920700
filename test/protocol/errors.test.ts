/**
 * The catalogue of errors: statuses map to the contract's exit codes, and the docs say the same.
 */
import { readFileSync } from "node:fs";
import { STATUS_CODES } from "node:http";
import { describe, expect, test } from "vitest";
import {
  CAUSES,
  CLIENT_ERRORS,
  exitCodeOfStatus,
  FAILURES,
  REFUSALS,
  Refusal,
  type RefusalCode,
} from "../../protocol/errors.js";
import { EXIT, exitCodeOf } from "../../protocol/exit-codes.js";

const codes = Object.keys(REFUSALS) as RefusalCode[];

test("each refusal's status has the contract's exit code", () => {
  const contract: Record<number, number> = {
    400: 2,
    413: 2,
    422: 2,
    405: 2,
    404: 4,
    409: 5,
    426: 5,
    429: 5,
    503: 5,
    507: 5,
    500: 70,
  };
  for (const code of codes) {
    const { status } = REFUSALS[code];
    expect(Object.keys(contract)).toContain(String(status));
    expect(exitCodeOfStatus(status)).toBe(contract[status]);
  }
});

test("the exit codes are the contract's", () => {
  expect(EXIT).toEqual({
    done: 0,
    failed: 1,
    usage: 2,
    noDaemon: 3,
    notFound: 4,
    refused: 5,
    cancelled: 6,
    needsPerson: 7,
    fault: 70,
    timedOut: 124,
    interrupted: 130,
    brokenPipe: 141,
  });
  expect([exitCodeOf("succeeded"), exitCodeOf("failed"), exitCodeOf("cancelled")]).toEqual([
    0, 1, 6,
  ]);
});

describe("Refusal", () => {
  test.each(codes)("%s goes over the wire and comes back the same", (code) => {
    const refusal = new Refusal(code, "what happened; what to type next", { nearest: ["backup"] });
    const problem = refusal.toProblem();
    expect(problem).toEqual({
      type: "about:blank",
      title: REFUSALS[code].title,
      status: REFUSALS[code].status,
      code,
      detail: "what happened; what to type next",
      nearest: ["backup"],
    });
    const back = Refusal.fromProblem(JSON.parse(JSON.stringify(problem)));
    expect(back).toBeInstanceOf(Refusal);
    expect(back.toProblem()).toEqual(problem);
  });

  test.each(codes)("%s has the reason phrase of its status as title, as RFC 9457 asks", (code) => {
    const phrases: Record<number, string> = {
      ...STATUS_CODES,
      // Renamed by RFC 9110.
      413: "Content Too Large",
      422: "Unprocessable Content",
    };
    const { status, title, summary } = REFUSALS[code];
    expect(title).toBe(phrases[status]);
    expect(new Refusal(code, "d").summary).toBe(summary);
  });

  test("a code of a newer daemon keeps its status and title", () => {
    const problem = {
      type: "about:blank",
      title: "New",
      status: 409,
      code: "LIVEOPS_NEW",
      detail: "d",
    };
    const back = Refusal.fromProblem(problem);
    expect([back.status, back.title, back.code]).toEqual([409, "New", "LIVEOPS_NEW"]);
    expect(back.summary).toBe("New");
  });
});

describe("docs/errors.md and docs/protocol.md", () => {
  const docs = ["errors", "protocol"]
    .map((page) => readFileSync(new URL(`../../docs/${page}.md`, import.meta.url), "utf8"))
    .join("\n");
  const rows = docs.split("\n").filter((line) => line.startsWith("|"));
  const rowsOf = (code: string) => rows.filter((row) => row.includes(`\`${code}\``));

  test.each(codes)("%s stands in a table with its status", (code) => {
    expect(rowsOf(code).some((row) => row.includes(String(REFUSALS[code].status)))).toBe(true);
  });

  test.each(Object.entries(CAUSES))(
    "the cause %s stands in a table with its meaning",
    (cause, meaning) => {
      expect(rowsOf(cause).some((row) => row.includes(meaning))).toBe(true);
    },
  );

  test.each(Object.keys(FAILURES))("%s stands in a table", (code) => {
    expect(rowsOf(code).length).toBeGreaterThan(0);
  });

  test("no code stands there that we do not have", () => {
    const known = new Set([...codes, ...Object.keys(CLIENT_ERRORS), ...Object.keys(FAILURES)]);
    const said = rows
      .flatMap((row) => row.match(/`LIVEOPS_[A-Z_]+`/g) ?? [])
      .map((code) => code.slice(1, -1));
    // Environment variables have the same prefix.
    const variables = /^LIVEOPS_(SOCKET|STATE_DIR|CONFIG|OPS|WORKER)$/;
    expect(said.filter((code) => !known.has(code as RefusalCode) && !variables.test(code))).toEqual(
      [],
    );
  });
});
