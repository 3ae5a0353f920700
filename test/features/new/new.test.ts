/** `liveops new`: the written files, that their tests pass, and that no file is overwritten. */
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
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

test("--json prints the type and the written files as one value", async () => {
  const json = async (name: string) =>
    JSON.parse((await cli.run(["new", name, "--json"], { cwd: dir })).stdout);
  expect(await json("ImportUsers")).toEqual({
    kind: "operation",
    op: "import-users",
    file: "import-users.ts",
    test: null,
    tsconfig: "tsconfig.json",
    files: ["import-users.ts", "tsconfig.json"],
  });
  expect(await json("Other")).toMatchObject({ op: "other", file: "other.ts", tsconfig: null });
  expect(await json("deploy.yaml")).toMatchObject({ kind: "pipeline", op: "deploy", tsconfig: null });
});

test("overwrites nothing", async () => {
  writeFileSync(join(dir, "import-users.ts"), "mine");
  writeFileSync(join(dir, "tsconfig.json"), "{}");
  expect(await cli.here(["new", "import-users", "--dir", dir])).toMatchObject({ code: 2, stdout: "" });
  expect(await cli.here(["new", "Other", "--dir", dir])).toMatchObject({
    code: 0,
    stdout: `${join(dir, "other.ts")}\n`,
  });
  expect(readFileSync(join(dir, "import-users.ts"), "utf8")).toBe("mine");
  expect(readFileSync(join(dir, "tsconfig.json"), "utf8")).toBe("{}");
});

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Runs the tests of a directory as a user does. */
function nodeTest(files: string[]): Promise<string> {
  const { VITEST: _, NODE_OPTIONS: __, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, ["--test", ...files], { cwd: dir, env }, (error, stdout, stderr) =>
      resolve(`${stdout}${stderr}exit ${error?.code ?? 0}`),
    );
  });
}

test("each kind comes with a test that passes, where liveops is installed", async () => {
  mkdirSync(join(dir, "node_modules"));
  symlinkSync(root, join(dir, "node_modules/liveops"));
  const made = async (kind: string, name: string) => {
    const ended = await cli.here(["new", kind, name, "--dir", "ops"], { cwd: dir });
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stderr).toContain(`test it: node --test ops/`);
    return ended.stdout.trim().split("\n");
  };
  const operation = await made("operation", "ImportUsers");
  expect(operation).toEqual(["ops/import-users.ts", "ops/import-users.test.ts", "ops/tsconfig.json"]);
  const pipeline = await made("pipeline", "deploy");
  expect(pipeline).toEqual(["ops/deploy.yaml", "ops/deploy.test.ts"]);
  const [schema] = /(?<=\$schema=).*/.exec(readFileSync(join(dir, "ops/deploy.yaml"), "utf8"))!;
  expect(schema).toBe("../node_modules/liveops/docs/pipeline.schema.json");
  expect(existsSync(join(dir, "ops", schema))).toBe(true);
  const chain = await made("chain", "Nightly");
  expect(chain).toEqual(["ops/nightly.ts", "ops/nightly.test.ts"]);
  const tests = readdirSync(join(dir, "ops")).filter((name) => name.endsWith(".test.ts"));
  const output = await nodeTest(tests.map((name) => join("ops", name)));
  expect(output).toMatch(/pass 8\n/);
  expect(output).toMatch(/exit 0$/);
}, 60_000);

test("says how to get liveops for a test where it is not installed", async () => {
  const { stderr } = await cli.here(["new", "operation", "One", "--dir", "far/away"], { cwd: dir });
  expect(stderr).toContain(
    "test it: npm install --prefix far/away --save-dev liveops, then node --test far/away/one.test.ts",
  );
});

test("writes .mts in a project whose .ts files are CommonJS", async () => {
  writeFileSync(join(dir, "package.json"), '{"type": "commonjs"}');
  const { stdout } = await cli.here(["new", "operation", "One", "--dir", "ops"], { cwd: dir });
  expect(stdout).toBe("ops/one.mts\nops/one.test.mts\nops/tsconfig.json\n");
  expect((await cli.run(["new", "pipeline", "deploy"], { cwd: dir })).stdout).toBe(
    "deploy.yaml\ndeploy.test.mts\npipeline.schema.json\ntsconfig.json\n",
  );
});

test("names every file that exists, and writes none", async () => {
  writeFileSync(join(dir, "nightly.ts"), "mine");
  writeFileSync(join(dir, "nightly.test.ts"), "mine");
  const ended = await cli.here(["new", "chain", "Nightly"], { cwd: dir });
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(ended.stderr).toContain(
    "nightly.ts and nightly.test.ts already exist; choose another name or --dir",
  );
  rmSync(join(dir, "nightly.ts"));
  expect((await cli.here(["new", "chain", "Nightly"], { cwd: dir })).stderr).toContain(
    "nightly.test.ts already exists",
  );
  expect(readdirSync(dir)).toEqual(["nightly.test.ts"]);
});

test.each([
  [["operation"], "the operation needs a name", "liveops new operation ImportUsers"],
  [
    ["pipline", "deploy"],
    '"pipline" is not one of operation, pipeline, chain',
    "liveops new pipeline deploy",
  ],
  [["chain", "1x"], '"1x" is not a valid operation name', "liveops new ImportUsers"],
  [["pipeline", "De ploy"], "is not a valid name of a pipeline file", "liveops new deploy.yaml"],
])("refuses new %j", async (words, says, hint) => {
  const ended = await cli.here(["new", ...words], { cwd: dir });
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
