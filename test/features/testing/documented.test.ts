/**
 * The test that docs/writing-an-operation.md shows runs with both test runners, against the built
 * package.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const [, page = ""] = readFileSync(join(root, "docs/writing-an-operation.md"), "utf8").split(
  /^## (?:Testing an operation|The client)$/m,
);
const files = [...page.matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```$/gms)].map(([, name, text]) => [
  name!,
  text!,
]);

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "liveops-documented-"));
  mkdirSync(join(dir, "node_modules"));
  symlinkSync(root, join(dir, "node_modules/liveops"));
  for (const name of ["vitest", "tsx", ".bin"])
    symlinkSync(join(root, "node_modules", name), join(dir, "node_modules", name));
  writeFileSync(join(dir, "package.json"), '{"type": "module"}');
  for (const [name, text] of [...files, ["node-test.ts", NODE_TEST]])
    writeFileSync(join(dir, name!), text!);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/**
 * Runs the command of the page in the directory, without npx: it starts npm, and finds what the
 * path has.
 */
function run(command: string): Promise<string> {
  const bin = join(root, "node_modules/.bin");
  const { VITEST: _, NODE_OPTIONS: __, ...rest } = process.env;
  const env = { ...rest, PATH: `${bin}:${process.env.PATH}`, TMPDIR: dir, NO_COLOR: "1" };
  return new Promise((resolve) => {
    execFile(
      "sh",
      ["-c", command.replace(/^npx /, "")],
      { cwd: dir, env },
      (error, stdout, stderr) => resolve(`${stdout}${stderr}exit ${error?.code ?? 0}`),
    );
  });
}

const NODE_TEST = `import { test } from "node:test";
import { runOperation } from "liveops/testing";
import { ImportUsers } from "./import-users.js";
test("fails", async (t) => t.assert.equal((await runOperation(ImportUsers, { file: "", output: "" })).state, "failed"));
`;

it("the page has an operation and its test", () => {
  expect(files.map(([name]) => name)).toEqual(["import-users.ts", "import-users.test.ts"]);
});

it.each([
  ["npx vitest run", /Tests +2 passed/],
  ["node --import tsx --test FILE", /pass 1\n/],
])("%s", async (command, passed) => {
  expect(page).toContain(command);
  const output = await run(command.replace("FILE", "node-test.ts"));
  expect(output).toMatch(passed);
  expect(output).toMatch(/exit 0$/);
});
