/**
 * The package as a user installs it: packed, then installed into an empty project without the
 * network. The packages it depends on are taken from this checkout.
 */
import { execFileSync, spawn } from "node:child_process";
import { globSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { install } from "../harness/installed-package.js";
import { Running } from "./bins.js";
import { useWorld } from "./world.js";

const ROOT = new URL("../..", import.meta.url).pathname;
const MODULES = join(ROOT, "node_modules");

const HELLO = `import { LiveOperation, type Progress, z } from "liveops";

export class Hello extends LiveOperation<typeof Hello> {
  static stages = ["Greet"] as const;
  static params = z.object({ name: z.string() });

  async run(p: Progress<Hello>) {
    const length: number = await p.stage("Greet", () => this.params.name.length);
    p.result({ length });
  }
}
`;

const world = useWorld({ daemon: false });
const project = () => world.work;

/** Runs a program in the project. */
function inProject(program: string, words: string[]) {
  return new Running(spawn(program, words, { cwd: project(), env: world.env })).ended;
}

const installed = (bin: string, words: string[]) =>
  inProject(process.execPath, [join(project(), "node_modules", ".bin", bin), ...words]);

let tarball: string;

beforeAll(() => {
  const npm = (words: string[], cwd: string) =>
    execFileSync("npm", [...words, "--no-audit", "--no-fund", "--ignore-scripts"], {
      cwd,
      env: { ...process.env, ...world.env, npm_config_cache: join(world.dir, "npm") },
      stdio: ["ignore", "pipe", "ignore"],
      encoding: "utf8",
    });
  npm(["pack", "--pack-destination", world.dir], ROOT);
  tarball = join(world.dir, readdirSync(world.dir).find((name) => name.endsWith(".tgz"))!);
  writeFileSync(
    join(project(), "package.json"),
    '{"name":"project","private":true,"type":"module"}',
  );
  writeFileSync(join(project(), "hello.ts"), HELLO);
  const platform = ["@esbuild", "@lydell"].flatMap((scope) =>
    readdirSync(join(MODULES, scope)).map((name) => join(scope, name)),
  );
  const dependencies = ["zod", "tsx", "esbuild", ...platform].map((name) => join(MODULES, name));
  npm(["install", "--offline", "--install-links", tarball, ...dependencies], project());
}, 120_000);

test("the install holds fewer than 40 packages and 30 MB", () => {
  const modules = join(project(), "node_modules");
  const packages = globSync(["*/package.json", "@*/*/package.json"], { cwd: modules })
    .map(dirname)
    .sort();
  const own = packages.filter((name) => !/^@(esbuild|lydell\/node-pty-)/.test(name));
  expect(own).toEqual(["@lydell/node-pty", "esbuild", "liveops", "tsx", "zod"]);
  expect(packages.length).toBeLessThan(40);
  // In an install from a registry this file is a hard link to the program of the platform; here it
  // is a copy.
  const linked = join(modules, "esbuild/bin/esbuild");
  const bytes = readdirSync(modules, { recursive: true, withFileTypes: true })
    .map((entry) => ({ entry, file: join(entry.parentPath, entry.name) }))
    .filter(({ entry, file }) => entry.isFile() && file !== linked)
    .reduce((sum, { file }) => sum + statSync(file).size, 0);
  expect(bytes).toBeLessThan(30_000_000);
});

test("an operation in TypeScript imports a CommonJS package", async () => {
  world.write("work/node_modules/legacy/package.json", '{"name": "legacy", "version": "1.0.0"}');
  world.write("work/node_modules/legacy/index.js", "exports.answer = 42;");
  world.write(
    "work/old/asks.ts",
    `import { LiveOperation, z } from "liveops";
     import { answer } from "legacy";
     export class Asks extends LiveOperation<typeof Asks> {
       static stages = [] as const;
       static params = z.object({});
       async run(p) { p.result({ answer }); }
     }`,
  );
  const run = await installed("liveops", ["run", "--ops", "old", "asks"]);
  expect(run, run.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining("answer=42") });
});

test("runs an operation in TypeScript, with and without the daemon", async () => {
  const run = await installed("liveops", ["run", "--ops", project(), "hello", "name=Ann"]);
  expect(run, run.stderr).toMatchObject({ code: 0, stdout: "=== [1/1] Greet ===\nlength=3\n" });

  const start = await installed("liveopsd", ["start", "--ops", project(), "--ops", "ops"]);
  expect(start, start.stderr).toMatchObject({ code: 0 });
  const submit = await installed("liveops", ["submit", "hello", "name=Ann", "--wait", "--json"]);
  expect(submit, submit.stderr).toMatchObject({ code: 0 });
  expect(JSON.parse(submit.stdout)).toMatchObject({ state: "succeeded", result: { length: 3 } });
});

test("the client of docs/writing-an-operation.md compiles and runs, and a test with liveops/testing too", async () => {
  const [, page = ""] = readFileSync(join(ROOT, "docs/writing-an-operation.md"), "utf8").split(
    "## The client\n",
  );
  const files = [...page.matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```$/gms)];
  expect(files.map(([, name]) => name)).toEqual(["ops/count-words.ts", "count.ts"]);
  for (const [, name, text] of files) world.write(`work/${name}`, text!);
  world.write("work/text.txt", "one two\nthree\n");
  world.write(
    "work/count-words.test.mjs",
    `import assert from "node:assert/strict";
     import { test } from "node:test";
     import { LiveOperation } from "liveops";
     import { runOperation } from "liveops/testing";
     import { CountWords } from "./ops/count-words.ts";
     test("counts", async () => {
       assert.ok(CountWords.prototype instanceof LiveOperation);
       assert.deepEqual((await runOperation(CountWords, { file: "text.txt" })).result, { words: 3 });
     });`,
  );
  // test/types/ has the older compiler.
  const options = [
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--skipLibCheck",
    "false",
    "--typeRoots",
    join(MODULES, "@types"),
    "--types",
    "node",
  ];
  const tsc = join(MODULES, "typescript/bin/tsc");
  const compiled = await inProject(process.execPath, [tsc, ...options, "count.ts", "hello.ts"]);
  expect(compiled, compiled.stdout).toMatchObject({ code: 0 });
  const counted = await inProject(process.execPath, ["--import", "tsx", "count.ts"]);
  expect(counted, counted.stderr).toMatchObject({
    code: 0,
    stdout: '3 words\nsucceeded {"words":3}\n',
    stderr: "",
  });
  const required = await inProject(process.execPath, [
    "--input-type=commonjs",
    "-e",
    'const { connect } = require("liveops/client"); connect().list().then(({ total }) => console.log(total > 0))',
  ]);
  expect(required, required.stderr).toMatchObject({
    code: 0,
    stdout: "true\n",
  });
  const tested = await inProject(process.execPath, [
    "--import",
    "tsx",
    "--test",
    "count-words.test.mjs",
  ]);
  expect(tested, tested.stdout).toMatchObject({ code: 0 });
}, 120_000);

test("the types are the shipped ones and those of the project; the examples load from their directory", async () => {
  const { ops } = await world.client.types();
  const shipped = ops.filter(
    ({ file }) => dirname(file) === join(project(), "node_modules/liveops/dist/ops"),
  );
  expect(shipped.map(({ op }) => op)).toEqual(["backup", "pipeline", "shell", "verify-backup"]);
  expect(ops.map(({ op }) => op).filter((op) => !shipped.some((each) => each.op === op))).toEqual([
    "count-words",
    "hello",
  ]);
  expect(await installed("liveopsd", ["stop"])).toMatchObject({ code: 0 });
  expect(await inProject(process.execPath, ["--import", "tsx", "count.ts"])).toMatchObject({
    code: 3,
    stdout: "",
    stderr: expect.stringContaining("liveops start"),
  });
  const examples = join(project(), "node_modules/liveops/ops/examples");
  const checked = await installed("liveops", ["check", examples]);
  expect(checked, checked.stderr).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("dump-database.yaml: valid"),
  });
  const run = await installed("liveops", ["run", "--ops", examples, "step-a"]);
  expect(run, run.stderr).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("Step A done"),
  });
});

test("liveops-tui loads", async () => {
  const help = await installed("liveops-tui", ["--help"]);
  expect(help, help.stderr).toMatchObject({ code: 0, stderr: "" });
  expect(help.stdout).toContain("liveops-tui");
});

test.each(["a local", "a global"])(
  "what new writes with %s install has no path of it",
  { tags: ["tar"], timeout: 120_000 },
  async (where) => {
    const project = join(world.dir, where);
    const modules = join(project, "node_modules");
    world.write(`${where}/package.json`, '{"name": "ordinary", "type": "commonjs"}');
    if (where === "a local") symlinkSync(join(world.work, "node_modules"), modules);
    const liveops =
      where === "a local"
        ? join(modules, ".bin/liveops")
        : install(tarball, join(world.dir, "prefix"))("liveops");
    const run = (program: string, ...words: string[]) =>
      new Running(spawn(program, words, { cwd: project, env: world.env })).ended;
    const created = [];
    for (const name of ["ImportUsers", "deploy.yaml"])
      created.push(await run(process.execPath, liveops, "new", name));
    for (const file of created.flatMap(({ stdout }) => stdout.trim().split("\n")))
      expect(readFileSync(join(project, file), "utf8"), file).not.toMatch(/\.\.\/|prefix/);
  },
);

test("the version of the bins is that of the package", async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    version: string;
  };
  expect((await installed("liveops", ["--version"])).stdout).toBe(`${version}\n`);
});
