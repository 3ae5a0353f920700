// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are pipelines
/** `approve` as a stage of a pipeline: what is read and refused, and what later stages see. */
import { describe, expect, it } from "vitest";
import { parsePipeline } from "../../../ops/pipeline/read/parse.js";
import { problemLines } from "../../../ops/pipeline/read/problems.js";
import type { PipelineResult } from "../../../ops/pipeline/run/pipeline.js";
import { pipelineType } from "../../../ops/pipeline/type.js";
import { type OperationRun, runOperation } from "../../harness/testing/index.js";

const top = "params: { version: { default: '4.2' }, key: { secret: true } }\n";
const stage = (keys: string) =>
  `${top}stages:\n  - name: Ask\n    ${keys.replaceAll("\n", "\n    ")}\n`;

function problems(text: string): string[] {
  const parsed = parsePipeline(text, "/x/nightly.yaml");
  return parsed.ok ? [] : problemLines("f", parsed.problems);
}

const again = runOperation as unknown as (...words: unknown[]) => Promise<OperationRun>;

function run(text: string, approve: unknown): Promise<OperationRun> {
  const parsed = parsePipeline(text, "/x/nightly.yaml");
  if (!parsed.ok) throw new Error(problemLines("f", parsed.problems).join("\n"));
  return again(pipelineType(parsed.file), {}, { approve });
}

describe("what is wrong", () => {
  it.each([
    [
      "choices without a question",
      stage("run: x\nchoices: [a]"),
      "f:5:5: stages[0].choices is for a stage with approve",
    ],
    [
      "a command beside it",
      stage("approve: Go?\nrun: x"),
      "f:5:5: stages[0].run is not possible beside approve",
    ],
    [
      "steps beside it",
      stage("approve: Go?\nparallel: []"),
      "stages[0].parallel is not possible beside approve",
    ],
    [
      "a default without a time",
      stage("approve: Go?\ndefault: no"),
      "is the answer after timeout, and the stage has none",
    ],
    [
      "a default that is no choice",
      stage("approve: Go?\ntimeout: 1h\ndefault: maybe"),
      'takes one of "yes", "no", not "maybe"',
    ],
    [
      "a step that asks",
      stage("parallel:\n  - { name: A, approve: Go? }"),
      "is not a key of a step; ask in a stage",
    ],
    ["only no", stage("approve: Go?\nchoices: [no]"), "choices needs another one than no"],
    ["an unknown name", stage("approve: Go $versoin?"), "$versoin is no parameter"],
    [
      "a secret in the question",
      stage("approve: Go $key?"),
      "which would be visible in the question",
    ],
    [
      "an output that has the name",
      `stages:\n  - { name: A, run: x, outputs: [approved] }\n  - { name: B, approve: Go? }\n`,
      "the answer is the output approved, and that is the name of the output approved of the stage",
    ],
    [
      "the answer before the question",
      `stages:\n  - { name: A, run: [echo, $approved] }\n  - { name: B, approve: Go? }\n`,
      '$approved is an output of the stage "B", which has not run then',
    ],
  ])("%s", (_, text, problem) => {
    expect(problems(text).join("\n")).toContain(problem);
  });

  it("an empty question, once", () => {
    expect(problems(stage("approve: ''"))).toEqual([
      'f:4:14: stages[0].approve takes a question (text), not ""',
    ]);
  });
});

describe("the answer", () => {
  const two = `params: { version: { default: '4.2' } }
stages:
  - name: Ask
    approve: Roll out $version to \${version}?
    choices: [canary, all, no]
  - name: Ship
    run: echo "to $approved"
  - { name: Sure, approve: Really? }
then: { op: other, with: { where: $approved } }
`.replace(/then.*\n/, "");

  it("is the output approved for later stages, and that of the last question at the end", async () => {
    const asked: string[] = [];
    const ended = await run(two, (question: string, choices: readonly string[]) => {
      asked.push(`${question} ${choices}`);
      return choices[0]!;
    });
    expect(ended.error).toBeNull();
    expect(asked).toEqual(["Roll out 4.2 to 4.2? canary,all,no", "Really? yes,no"]);
    expect(ended.texts("stdout")).toEqual(["to canary"]);
    expect((ended.result as PipelineResult).outputs).toEqual({ approved: "yes" });
  });

  it("no fails the stage; where that is allowed, the output is no", async () => {
    const text = (more: string) => `stages:
  - { name: Ask, approve: Go?${more} }
  - { name: Ship, run: 'echo "to $approved"' }
finally: echo cleaned
`;
    const rejected = await run(text(""), "no");
    expect(rejected.error).toMatchObject({ code: "LIVEOPS_REJECTED" });
    expect(rejected.texts("stdout")).toEqual(["cleaned"]);
    const allowed = await run(text(", allow_failure: true"), "no");
    expect(allowed.state).toBe("succeeded");
    expect(allowed.texts("stdout")).toEqual(["to no", "cleaned"]);
  });

  it("is not asked for where when says no", async () => {
    const ended = await run(`stages: [{ name: Ask, approve: Go?, when: "false" }]\n`, "yes");
    expect(ended.record.stageStates).toEqual({ Ask: "skipped" });
    expect(ended.record.approvals).toBeUndefined();
  });
});
