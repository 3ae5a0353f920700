/** `liveops new`: the written files, and that no file is overwritten. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { kebabCase, titleCase } from "../../../protocol/type-names.js";
import { newNames } from "../../../tui/features/new/template.js";
import { useDirectories } from "../../harness/temporary.js";
import { useCli } from "../../tui/cli/cli.js";

const directory = useDirectories();
const cli = useCli();
let dir: string;
beforeEach(() => {
  dir = directory();
});

test("writes an operation and a tsconfig.json, and prints where", async () => {
  const ended = await cli.here(["new", "ImportUsers"], { cwd: dir });
  expect(ended).toMatchObject({ code: 0, stdout: "import-users.ts\ntsconfig.json\n" });
  expect(ended.stderr).toContain("liveops run --ops . import-users");
  expect(readFileSync(join(dir, "import-users.ts"), "utf8")).toContain(
    "export class ImportUsers extends LiveOperation<",
  );
  expect(readFileSync(join(dir, "tsconfig.json"), "utf8")).not.toContain("../../tui/");
});

test("overwrites nothing", async () => {
  writeFileSync(join(dir, "import-users.ts"), "mine");
  writeFileSync(join(dir, "tsconfig.json"), "{}");
  expect(await cli.here(["new", "import-users"], { cwd: dir })).toMatchObject({
    code: 2,
    stdout: "",
  });
  expect(await cli.here(["new", "Other"], { cwd: dir })).toMatchObject({
    code: 0,
    stdout: "other.ts\n",
  });
  expect(readFileSync(join(dir, "import-users.ts"), "utf8")).toBe("mine");
  expect(readFileSync(join(dir, "tsconfig.json"), "utf8")).toBe("{}");
});

test("writes .mts in a project whose .ts files are CommonJS", async () => {
  writeFileSync(join(dir, "package.json"), '{"type": "commonjs"}');
  const { stdout } = await cli.here(["new", "One"], { cwd: dir });
  expect(stdout).toBe("one.mts\ntsconfig.json\n");
});

test("writes a pipeline and its schema; in a project that has liveops, the schema of that", async () => {
  expect((await cli.run(["new", "deploy.yaml"], { cwd: dir })).stdout).toBe(
    "deploy.yaml\npipeline.schema.json\n",
  );
  mkdirSync(join(dir, "node_modules/liveops"), { recursive: true });
  mkdirSync(join(dir, "ops"));
  const cwd = join(dir, "ops");
  expect((await cli.here(["new", "deploy.yaml"], { cwd })).stdout).toBe("deploy.yaml\n");
  const [schema] = /(?<=\$schema=).*/.exec(readFileSync(join(cwd, "deploy.yaml"), "utf8"))!;
  expect(schema).toBe("../node_modules/liveops/docs/pipeline.schema.json");
});

test.each([
  ["1x", '"1x" is not a valid operation name', "liveops new ImportUsers"],
  ["De ploy.yaml", "is not a valid name of a pipeline file", "liveops new deploy.yaml"],
])("refuses new %j", async (name, says, hint) => {
  const ended = await cli.here(["new", name], { cwd: dir });
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(ended.stderr).toContain(says);
  expect(ended.stderr).toContain(hint);
  expect(readdirSync(dir)).toEqual([]);
});

test.each(["ImportUsers", "import-users", "importUsers", "LoadCSVFile", "A", "step2"])(
  "%s gets the names that LiveOperation derives from its class",
  (typed) => {
    const names = newNames(typed);
    expect(names.op).toBe(kebabCase(names.className));
    expect(names.title).toBe(titleCase(names.className));
    expect(names.file).toBe(`${names.op}.ts`);
  },
);
