import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { listTypeFiles } from "../../../ops/loading/type-files.js";
import { newNames, operationSource, tsconfigSource } from "../../../tui/features/new/template.js";
import { Bundle } from "./bundle.js";

const SCRIPT = `
import { LiveOperation } from "./ops/sdk/live-operation.js";
import { findType, loadCatalogue, loadType } from "./ops/loading/catalogue.js";
import { Masker } from "./ops/secrets/masker.js";
import { runAttempt } from "./ops/attempt/run-attempt.js";
import { enableUserCode, loadedUserFiles } from "./ops/loading/user-code.js";

enableUserCode(new URL("./liveops.js", import.meta.url).href);
const answer = async (what, ...args) => {
  if (what === "catalogue") {
    const { types, errors, shadowed } = await loadCatalogue(args, { limit: 0.3 });
    return {
      ops: [...types].map(([op, { Type, type }]) => ({ op, file: type.file, ours: Type.prototype instanceof LiveOperation })),
      types: [...types.values()].map(({ type }) => type),
      errors,
      shadowed,
    };
  }
  if (what === "find") {
    const [op, dir, shipped] = args;
    const found = await findType(op, [dir], [shipped]);
    return "Type" in found ? { title: found.Type.title } : { ops: [...found.types.keys()], reason: found.reason };
  }
  if (what === "loaded") return loadedUserFiles().map(({ file }) => file);
  const Type = await loadType(args[0], args[1]).catch((error) => error.message);
  if (typeof Type === "string") return { refused: Type };
  const lines = [];
  const sink = { event() {}, line: (stream, stage, text) => lines.push(text), masker: new Masker() };
  const stop = { signal: new AbortController().signal, poll: () => null };
  const order = { id: "a", op: args[1], attempt: 1, params: {}, title: "", label: null, stages: [], cwd: "/", env: {}, chain: { id: "a", index: 0, previous: null, next: null }, seq: 0, logLines: 0 };
  return { outcome: await runAttempt(Type, order, sink, stop, null), lines };
};
process.on("message", async (words) => process.send(await answer(...words)));
`;

let bundle: Bundle;
/** The working directory of the script; its `tsconfig.json` holds for no file of an operation. */
let base: string;
/** Each test has another one: a file is loaded once. */
let root: string;
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "liveops-catalogue-"));
  writeFileSync(join(base, "tsconfig.json"), tsconfigSource(false));
  bundle = await Bundle.start(SCRIPT, base);
});
afterAll(async () => {
  await bundle.stop();
  rmSync(base, { recursive: true, force: true });
});
beforeEach(() => {
  root = mkdtempSync(join(base, "ops-"));
});

function write(files: Record<string, string>, dir = root): void {
  for (const [name, text] of Object.entries(files)) {
    const file = join(dir, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

interface Listed {
  ops: Array<{ op: string; file: string; ours: boolean }>;
  types: Array<Record<string, unknown>>;
  errors: Array<{ file: string; message: string }>;
  shadowed: Array<{ op: string; file: string; by: string }>;
}

const catalogue = (...dirs: string[]) =>
  bundle.ask<Listed>("catalogue", ...dirs.map((dir) => join(root, dir)));

interface Ran {
  refused?: string;
  outcome: {
    state: string;
    result: unknown;
    error: { code: string; message: string; stack: string };
  };
  lines: string[];
}

/** Runs one attempt of the type. */
const run = (file: string, op: string) => bundle.ask<Ran>("run", join(root, file), op);

/** The files below the directory that are loaded now. */
async function loadedFrom(dir: string): Promise<string[]> {
  const files = await bundle.ask<string[]>("loaded");
  return files
    .filter((file) => file.startsWith(`${dir}/`))
    .map((file) => file.slice(dir.length + 1));
}

function aType(name: string, body = 'p.log("ran")'): string {
  return `import { LiveOperation, type Progress } from "liveops";
export class ${name} extends LiveOperation<typeof ${name}> {
  static stages = ["Load"] as const;
  async run(p: Progress<${name}>) { ${body} }
}
`;
}

it("lists top-level .ts .mts .js .mjs, but not declarations, tests and _files", () => {
  write({
    "a.ts": "",
    "b.mts": "",
    "c.js": "",
    "d.mjs": "",
    "e.d.ts": "",
    "e.d.mts": "",
    "f.test.ts": "",
    "_g.ts": "",
    "h.cts": "",
    "i.json": "",
    ".j.ts": "",
    "sub/k.ts": "",
    "l.ts/x": "",
  });
  expect(listTypeFiles(root).map((file) => file.slice(root.length + 1))).toEqual([
    "a.ts",
    "b.mts",
    "c.js",
    "d.mjs",
  ]);
  expect(listTypeFiles(join(root, "none"))).toEqual([]);
});

it.each([
  ["no package.json", {}],
  ["a package.json without a type", { "package.json": "{}" }],
  ["type commonjs", { "package.json": '{"type":"commonjs"}' }],
  ["type module", { "package.json": '{"type":"module"}' }],
])("loads TypeScript and siblings, with one instance of our classes: %s", async (_, files) => {
  write({
    ...files,
    "a.ts": `import { helper } from "./_lib.ts";
import { other } from "./_other.js";
enum Color { Red = "red" }
${aType("StepA", "helper(Color.Red); other(); p.log(helper('x'))")}`,
    "_lib.ts": "export const helper = (text: string): string => '<' + text + '>';",
    "_other.ts": "export function other(this: void): number { return 1; }",
    "b.mts": aType("StepB"),
  });
  const { ops, errors } = await catalogue(".");
  expect(errors).toEqual([]);
  expect(ops.map(({ op, ours }) => [op, ours])).toEqual([
    ["step-a", true],
    ["step-b", true],
  ]);
  expect((await loadedFrom(root)).sort()).toEqual(["_lib.ts", "_other.ts", "a.ts", "b.mts"]);
  expect(await run("a.ts", "step-a")).toMatchObject({
    outcome: { state: "succeeded" },
    lines: ["<x>"],
  });
});

it("loads JavaScript of either kind", async () => {
  const esm =
    'import { LiveOperation } from "liveops"; export default class PlainJs extends LiveOperation { run() {} }';
  write({
    "bare/a.mjs": esm,
    "bare/b.js": esm.replace("PlainJs", "ByItsLooks"),
    "cjs/package.json": '{"type":"commonjs"}',
    "cjs/c.js":
      'const { LiveOperation } = require("liveops"); class Cjs extends LiveOperation { run() {} }; module.exports = { ["C" + "js"]: Cjs };',
  });
  const { ops, errors } = await catalogue("bare", "cjs");
  expect(errors).toEqual([]);
  expect(ops.map(({ op }) => op)).toEqual(["by-its-looks", "cjs", "plain-js"]);
});

it("leaves TypeScript that is written as CommonJS to be CommonJS", async () => {
  write({
    "package.json": '{"type":"commonjs"}',
    "a.ts": `${aType("Old", "p.log(require('node:path').basename(__filename))")}`,
  });
  expect((await catalogue(".")).ops.map(({ op, ours }) => [op, ours])).toEqual([["old", true]]);
  expect(await run("a.ts", "old")).toMatchObject({ outcome: { error: null }, lines: ["a.ts"] });
});

it("awaits at the top level of a bare .ts", async () => {
  write({ "a.ts": `${aType("Awaits")}\nawait Promise.resolve();` });
  const { ops, errors } = await catalogue(".");
  expect(errors).toEqual([]);
  expect(ops.map(({ op }) => op)).toEqual(["awaits"]);
});

it("reports a file that does not load, whatever it does, and hides no other", async () => {
  write({
    "a-throws.ts": 'const x: number = 1;\nthrow new Error("no such host");',
    "b-syntax.ts": "export class {",
    "c-hangs.ts": `${aType("Hangs")}\nawait new Promise(() => {});`,
    "d-exits.ts": "process.exit(3);",
    "e-missing.ts": 'import "./nothing.js";',
    "f-later.mjs": 'Promise.reject(new Error("forgotten"));',
    "g-twice.ts": `import { LiveOperation } from "liveops";
export class Twice extends LiveOperation { static stages = ["A", "A"]; run() {} }
export class Fine extends LiveOperation { run() {} }`,
    "h-null.ts": "throw null;",
    "z.ts": aType("Good"),
  });
  const { ops, errors } = await catalogue(".");
  expect(ops.map(({ op }) => op)).toEqual(["fine", "good"]);
  const messages = Object.fromEntries(
    errors.map(({ file, message }) => [file.slice(root.length + 1), message]),
  );
  expect(messages).toEqual({
    "a-throws.ts": expect.stringMatching(/^no such host \(line 2/),
    "b-syntax.ts": expect.stringMatching(/^Expected identifier.* \(line 1:\d+\)$/),
    "c-hangs.ts": "its top level did not finish within 0.3 s",
    "d-exits.ts": expect.stringContaining("it called process.exit(3) while it was loaded"),
    "e-missing.ts": expect.stringContaining("nothing.js"),
    "f-later.mjs": expect.stringContaining("forgotten"),
    "g-twice.ts": 'class Twice: static stages has "A" twice; each name must be unique',
    "h-null.ts": "it threw null",
  });
});

it.each([
  ['static stages = ["A", 1]', "static stages must be a flat list of names; 1 is not a name"],
  ['static historyKey = "A"', 'static historyKey must be a function, not "A"'],
  ['static historyKey = () => "A"', "static historyKey needs static params"],
  ['static stages = "A"', "static stages must be a list of names"],
  ["static timeout = -1", "static timeout must be a number of seconds above 0, not -1"],
  ['static timeout = "10m"', 'static timeout must be a number of seconds above 0, not "10m"'],
  ["static gracePeriod = NaN", "static gracePeriod must be"],
  ['static op = "Not Kebab"', "static op must be in kebab-case"],
  ["static title = 5", "static title must be text"],
  ["static resumable = 1", "static resumable must be true or false"],
  ["static params = { path: String }", "static params must be a zod 4 schema"],
  [
    'static requires = "gpu"',
    'static requires must be a list of at most 32 different tags, like ["gpu"], each of at most 64 letters, digits and . _ : = / -, not "gpu"',
  ],
  ['static requires = ["gpu", "a,b"]', "static requires must be a list of"],
  ["static requires = [1]", "static requires must be a list of"],
  [`static requires = ["${"x".repeat(65)}"]`, "static requires must be a list of"],
  ['static requires = ["gpu", "gpu"]', "static requires must be a list of"],
  [
    "static requires = Array.from({ length: 33 }, (_, n) => String(n))",
    "static requires must be a list of",
  ],
  ['static hosts = "all"', 'static hosts must be "same" or "any", not "all"'],
  ["static partition = true", 'static partition must be "end" or "finish", not true'],
])("does not load a type with %s", async (statics, message) => {
  write({
    "a.mjs": `import { LiveOperation } from "liveops"; export class Wrong extends LiveOperation { ${statics}; run() {} }`,
  });
  const { ops, errors } = await catalogue(".");
  expect(ops).toEqual([]);
  expect(errors).toEqual([
    { file: join(root, "a.mjs"), message: expect.stringContaining(`class Wrong: ${message}`) },
  ]);
});

it("takes the stronger directory's, says what it hides, and counts a class exported again once", async () => {
  write({
    "strong/a.ts": aType("Backup"),
    "weak/a.ts": `${aType("Backup")}\n${aType("Other").replace(/^import.*$/m, "")}`,
    "weak/b.ts": 'export * from "./a.ts"; export { Other as Again } from "./a.ts";',
  });
  const { ops, shadowed, errors } = await catalogue("strong", "weak");
  expect(errors).toEqual([]);
  expect(ops.map(({ op, file }) => [op, file.slice(root.length + 1)])).toEqual([
    ["backup", "strong/a.ts"],
    ["other", "weak/a.ts"],
  ]);
  expect(shadowed).toEqual([
    { op: "backup", file: join(root, "weak/a.ts"), by: join(root, "strong/a.ts") },
  ]);
});

it("finds one type as the catalogue of all has it, and loads no more than it takes", async () => {
  const titled = (name: string, title: unknown) =>
    aType(name).replace("static stages", `static title = ${JSON.stringify(title)}; static stages`);
  const files = {
    "own/a.ts": titled("Other", "other"),
    "own/b.ts": titled("Unwanted", 5),
    "own/c.ts": titled("Wanted", "own"),
    "own/d.ts": titled("Wanted", "later"),
    "shipped/a.ts": titled("A", "shipped a"),
    "shipped/second.ts": titled("Second", "shipped second"),
    "shipped/third.ts": titled("Hidden", "shipped hidden"),
  };
  const find = async (op: string) => {
    const dir = join(root, op);
    write(files, dir);
    const found = await bundle.ask<object>("find", op, join(dir, "own"), join(dir, "shipped"));
    return { ...found, loaded: await loadedFrom(dir) };
  };
  const own = ["own/a.ts", "own/b.ts", "own/c.ts", "own/d.ts"];
  const all = [...own, "shipped/a.ts", "shipped/second.ts", "shipped/third.ts"];
  expect(await find("wanted")).toEqual({ title: "own", loaded: own.slice(2, 3) });
  expect(await find("second")).toEqual({ title: "shipped second", loaded: ["shipped/second.ts"] });
  expect(await find("hidden")).toEqual({ title: "shipped hidden", loaded: ["shipped/third.ts"] });
  const ops = ["a", "hidden", "other", "second", "wanted"];
  expect(await find("none")).toEqual({ ops, reason: null, loaded: all });
});

it.each([
  ["a syntax error", "own/wanted.ts", "export class {", /wanted\.ts does not load: /],
  ["a class in another file", "own/mine.ts", `${aType("Wanted")}(`, /mine\.ts does not load: /],
  [
    "a static op",
    "own/mine.js",
    'export class X extends Y { static op = "wanted" }',
    /mine\.js does not load: /,
  ],
  [
    "an export from another file",
    "own/mine.ts",
    'export * from "./lib/a.js"; throw 1;',
    /mine\.ts does not load: /,
  ],
  [
    "an invalid static",
    "own/mine.ts",
    aType("Wanted").replace('"Load"', '"A", "A"'),
    /static stages has "A" twice/,
  ],
  [
    "a class that is not exported",
    "own/mine.ts",
    aType("Wanted").replace("export ", ""),
    /is not exported/,
  ],
  ["a pipeline", "own/wanted.yaml", "stages: 5", /wanted\.yaml does not load: /],
])(
  "runs no later file's type where the first file does not load: %s",
  async (_, name, text, reason) => {
    write({
      [name]: text,
      "own/lib/a.ts": aType("Wanted"),
      "own/z.ts": aType("Wanted"),
      "shipped/wanted.ts": aType("Wanted"),
    });
    const dirs = [join(root, "own"), join(root, "shipped")];
    const { reason: found, title } = await bundle.ask<Record<string, string>>(
      "find",
      "wanted",
      ...dirs,
    );
    expect(title).toBeUndefined();
    expect(found).toMatch(reason);
    const { ops, shadowed } = await catalogue("own", "shipped");
    expect(ops).toEqual([]);
    expect(shadowed.map(({ by }) => by)).toEqual([join(root, name), join(root, name)]);
  },
);

it.each([
  ["a link that leads to itself", (file: string) => symlinkSync(file, file), /^ELOOP: /],
  ["a link to nothing", (file: string) => symlinkSync("gone", file), /^ENOENT: /],
])("says of %s that it does not load", async (_, make, reason) => {
  write({ "own/fine.yaml": "stages: [{ name: A, run: x }]" });
  make(join(root, "own/wanted.yaml"));
  const { ops, errors } = await catalogue("own");
  expect(ops).toMatchObject([{ op: "fine" }]);
  expect(errors).toMatchObject([{ message: expect.stringMatching(reason) }]);
});

it("does not wait for the writer of a pipe in the place of a known file", async () => {
  execFileSync("mkfifo", [join(root, "wanted.yaml")]);
  expect(await run("wanted.yaml", "wanted")).toEqual({
    refused: expect.stringMatching(/it is not a regular file$/),
  });
});

it("runs a type whose name a file that does not load only mentions", async () => {
  write({
    "own/mine.ts": 'export const next = { op: "wanted" }; class Wanted {}; throw new Error("no");',
    "own/other.yaml": "name: wanted",
    "shipped/wanted.ts": aType("Wanted"),
  });
  const { ops } = await catalogue("own", "shipped");
  expect(ops).toMatchObject([{ op: "wanted", file: join(root, "shipped/wanted.ts") }]);
});

it("leaves out abstract classes and what is not exported", async () => {
  write({
    "a.ts": `import { LiveOperation, type Progress } from "liveops";
export abstract class Base extends LiveOperation { static resumable = true; static op = "base"; protected help() {} }
export class One extends Base { static title = "The one"; async run(p: Progress) { this.help(); } }
class Hidden extends LiveOperation { run() {} }
export const used = Hidden.name;`,
  });
  const { types } = await catalogue(".");
  expect(types).toEqual([
    {
      op: "one",
      title: "The one",
      stages: [],
      resumable: true,
      failIfOdd: false,
      timeout: null,
      gracePeriod: 10,
      retry: null,
      queue: null,
      requires: [],
      hosts: "same",
      partition: "end",
      file: join(root, "a.ts"),
      params: null,
    },
  ]);
});

it("says what a file has where it has not what is asked for", async () => {
  write({ "a.ts": aType("StepA") });
  expect((await run("a.ts", "step-b")).refused).toBe(
    `${join(root, "a.ts")} has no operation type step-b any more (it has step-a)`,
  );
});

it("keeps the author's TypeScript lines in a stack, and fails an attempt for what nobody catches", async () => {
  write({
    "a.ts": aType("Throws", '\n    throw new Error("boom");'),
    "b.ts": aType(
      "Later",
      'setTimeout(() => { throw new Error("in a timer"); }); await new Promise(() => {});',
    ),
    "c.ts": aType("Forgot", 'void Promise.reject(new Error("forgotten"));'),
    "d.ts": aType("ForgotStage", 'void p.stage("Load", () => { throw new Error("in a stage"); });'),
  });
  const errorOf = async (file: string, op: string) => (await run(file, op)).outcome.error;
  const thrown = await errorOf("a.ts", "throws");
  expect(thrown.code).toBe("LIVEOPS_EXCEPTION");
  expect(thrown.stack.split("\n")).toEqual([
    "Error: boom",
    expect.stringMatching(/a\.ts:5:\d+\)?$/),
  ]);
  for (const [file, op, message] of [
    ["b.ts", "later", "in a timer"],
    ["c.ts", "forgot", "forgotten"],
    ["d.ts", "forgot-stage", "in a stage"],
  ] as const) {
    expect(await errorOf(file, op)).toMatchObject({ code: "LIVEOPS_EXCEPTION", message });
  }
});

it("runs what liveops new writes, beside the tsconfig.json it writes", async () => {
  write({
    "import-users.ts": operationSource(newNames("ImportUsers")),
    "tsconfig.json": tsconfigSource(false),
  });
  const { outcome } = await run("import-users.ts", "import-users");
  expect(outcome).toMatchObject({ state: "succeeded", result: { count: 20, sum: 210 } });
});
