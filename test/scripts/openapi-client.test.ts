/** At night: types that openapi-typescript makes from `openapi.json` fit the calls of a client. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { document } from "../harness/published.js";
import { useDirectories } from "../harness/temporary.js";
import { COMPILERS, errorsIn, generatedTypes, isNightly } from "../types/compile.js";

const directory = useDirectories();

const PROGRAM = `
import type { components, operations, paths } from "./liveops.js";

type Schemas = components["schemas"];
type Json<R> = R extends { content: { "application/json": infer T } } ? T : never;

const submit: paths["/v1/operations"]["post"]["requestBody"]["content"]["application/json"] = {
  op: "shell",
  params: { args: ["echo", "hello"] },
  label: "greet",
};
const query: NonNullable<operations["list"]["parameters"]["query"]> = { state: ["failed"], limit: 5 };
const recorded: Json<operations["submit"]["responses"][201]> = null as never;
const repeated: Json<operations["submit"]["responses"][200]> = recorded;
const page: Json<operations["list"]["responses"][200]> = null as never;
const text: operations["log"]["responses"][200]["content"]["text/plain"] = "one\\n";
const problem: operations["show"]["responses"][404]["content"]["application/problem+json"] = null as never;
const code: "LIVEOPS_METHOD_NOT_ALLOWED" extends Schemas["Problem"]["code"] ? true : false = true;

function follow(line: operations["watch"]["responses"][200]["content"]["application/x-ndjson"]): string {
  switch (line.type) {
    case "snapshot":
      return line.operations.map(({ id, state }) => id + state).join();
    case "changed":
      return line.id + (line.patch.state ?? "");
    case "log":
      return line.lines.map(({ n, text }) => n + text).join();
    case "chained":
      return line.operation.chain.previous ?? "";
    case "end":
      return line.state;
    default:
      return line.type;
  }
}

function tell(line: Schemas["EventLine"]): string {
  switch (line.type) {
    case "operation:submitted":
      return line.operation.op;
    case "stage:left":
      return line.stage + line.seconds.toFixed();
    case "attempt:finished":
      return line.error?.code ?? line.state;
    case "log:line":
      return line.text;
    default:
      return line.type;
  }
}

export const all = [submit, query, repeated, page.operations[0]?.id, text, problem.detail, code, follow, tell];
`;

const WRONG = `
import type { components, operations } from "./liveops.js";
export const state: components["schemas"]["Operation"]["state"] = "done";
export const query: NonNullable<operations["list"]["parameters"]["query"]> = { limit: "five" };
`;

test.runIf(isNightly).each(COMPILERS)("a program of them compiles under %s", async (compiler) => {
  const dir = directory();
  const published = join(dir, "openapi.json");
  writeFileSync(published, JSON.stringify(document));
  writeFileSync(join(dir, "liveops.d.ts"), await generatedTypes(published));
  const [program, wrong] = [join(dir, "program.ts"), join(dir, "wrong.ts")];
  writeFileSync(program, PROGRAM);
  writeFileSync(wrong, WRONG);
  const errors = await errorsIn(compiler, dir, [program, wrong], join(dir, "liveops.d.ts"), {
    types: [],
    skipLibCheck: false,
  });
  expect(errors.map(({ file, line }) => `${file}:${line}`)).toEqual(["wrong.ts:3", "wrong.ts:4"]);
});
