/** `liveops new`: the written files, and that no file is overwritten. An end-to-end test runs the result. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { kebabCase, titleCase } from "../../../protocol/type-names.js";
import { newNames } from "../../../tui/cli/new-template.js";
import { useCli } from "./cli.js";

const cli = useCli();
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "liveops-new-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("writes an operation and a tsconfig.json, and prints where", async () => {
  const ended = await cli.run(["new", "ImportUsers"], { cwd: dir });
  expect(ended).toMatchObject({ code: 0, stdout: "import-users.ts\ntsconfig.json\n" });
  expect(ended.stderr).toContain("liveops run --ops . import-users");
  expect(readFileSync(join(dir, "import-users.ts"), "utf8")).toContain(
    "export class ImportUsers extends LiveOperation<",
  );
  const { compilerOptions } = JSON.parse(readFileSync(join(dir, "tsconfig.json"), "utf8"));
  expect(compilerOptions.paths.liveops[0]).toMatch(/types\/ops\/sdk\/index\.d\.ts$/);
});

test("--json prints the type and the written files as one value", async () => {
  const json = async (name: string) =>
    JSON.parse((await cli.run(["new", name, "--json"], { cwd: dir })).stdout);
  expect(await json("ImportUsers")).toEqual({
    op: "import-users",
    file: "import-users.ts",
    tsconfig: "tsconfig.json",
  });
  expect(await json("Other")).toEqual({ op: "other", file: "other.ts", tsconfig: null });
});

test("overwrites nothing", async () => {
  writeFileSync(join(dir, "import-users.ts"), "mine");
  writeFileSync(join(dir, "tsconfig.json"), "{}");
  expect(await cli.run(["new", "import-users", "--dir", dir])).toMatchObject({ code: 2, stdout: "" });
  expect(await cli.run(["new", "Other", "--dir", dir])).toMatchObject({
    code: 0,
    stdout: `${join(dir, "other.ts")}\n`,
  });
  expect(readFileSync(join(dir, "import-users.ts"), "utf8")).toBe("mine");
  expect(readFileSync(join(dir, "tsconfig.json"), "utf8")).toBe("{}");
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
