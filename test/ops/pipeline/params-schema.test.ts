/** Parameters of a pipeline: `name=value` arguments are read and checked as those of any type. */
import { expect, test } from "vitest";
import { parsePipeline } from "../../../ops/pipeline/read/parse.js";
import { pipelineType } from "../../../ops/pipeline/type.js";
import { Pipeline } from "../../../ops/pipeline.js";
import { prepareSubmission } from "../../../ops/types/prepare.js";
import { readType } from "../../../ops/types/read-type.js";

const TEXT = `
name: nightly-dump
description: dump it
params:
  text: { required: true }
  count: { type: integer, default: 6 }
  ratio: { type: number }
  mode: { enum: [fast, 3.10], default: fast }
  size: { type: integer, enum: [1, 2] }
  dry: { type: boolean, default: false }
  token: { secret: true, description: of the API }
  constructorName:
timeout: 1h
stages: [{ name: A, run: x }, { name: B, run: y }]
`;

function type() {
  const parsed = parsePipeline(TEXT, "/x/y.yaml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return pipelineType(parsed.file);
}

const chain = { id: "a", index: 0, previous: null, next: null };
const TARGET = { id: "a", label: null, cwd: "/", chain };

function prepare(...set: string[]) {
  return prepareSubmission(type(), { set }, TARGET);
}

test("the statics of the type are those of the file, and the submission keeps the text", async () => {
  expect(readType(type())).toMatchObject({
    op: "nightly-dump",
    title: "Nightly dump",
    stages: ["A", "B"],
    resumable: true,
    timeout: 3600,
  });
  const submission = await prepare(
    "text= a=b ",
    "count=9",
    "ratio=0.5",
    "mode=3.10",
    "size=2",
    "dry=yes",
  );
  expect(submission.params).toEqual({
    text: " a=b ",
    count: 9,
    ratio: 0.5,
    mode: "3.10",
    size: 2,
    dry: true,
  });
  expect(submission.source).toEqual({
    path: "/x/y.yaml",
    text: TEXT,
    timeout: 3600,
    gracePeriod: 10,
  });
});

test.each([
  [[], "text is required"],
  [["text=a", "cuont=1"], 'there is no parameter "cuont". Did you mean count?'],
  [["text=a", "count=1.5"], "count takes a whole number"],
  [["text=a", "ratio=fast"], "ratio takes a number"],
  [["text=a", "mode=slow"], "mode takes one of fast, 3.10, not"],
  [["text=a", "size=3"], "size takes one of 1, 2, not"],
  [["text=a", "dry=maybe"], "dry takes true or false"],
])("%j: %s", async (words, message) => {
  await expect(prepare(...words)).rejects.toThrow(message);
});

test("a secret is a source, and a message never has the value", async () => {
  for (const source of ["env:API_TOKEN", "file:/run/secrets/a b"])
    expect((await prepare("text=a", `token=${source}`)).params).toHaveProperty("token", source);
  for (const value of ["hunter2", "env:", "env:1X", "file:", "ENV:A"]) {
    const error = await prepare("text=a", `token=${value}`).catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toContain("token: takes env:NAME, file:PATH or prompt:");
    if (value === "hunter2") expect((error as Error).message).not.toContain(value);
  }
});

test("values that no environment can hold are refused by the type of a file and by the type pipeline", async () => {
  const params = Array.from({ length: 10 }, (_, n) => `p${n}: {}`).join(", ");
  const text = `params: { ${params} }\nstages: [{ name: A, run: x }]\n`;
  const parsed = parsePipeline(text, "/x/y.yaml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const Type = pipelineType(parsed.file);
  const refusals = async (values: Record<string, string>) => [
    await prepareSubmission(Type, { params: values }, TARGET).catch(({ message }) => message),
    await prepareSubmission(
      Pipeline,
      { params: { text, path: null, params: values } },
      TARGET,
    ).catch(({ message }) => message),
  ];
  const long = "x".repeat(120 * 1024);
  for (const message of await refusals({ p3: `${long}é` }))
    expect(message).toMatch(/p3: has 122882 bytes, more than the 122880 that reach a command/);
  for (const message of await refusals({ p3: "a\0b" }))
    expect(message).toMatch(/p3 has a null character; leave it out/);
  const all = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`p${n}`, long]));
  for (const message of await refusals(all))
    expect(message).toContain(
      "the parameters have 1228800 bytes, more than the 1048576 that reach a command",
    );
  for (const { params } of await refusals({ p3: long })) expect(params).toBeDefined();
});
