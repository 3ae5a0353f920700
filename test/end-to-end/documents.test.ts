/**
 * The code blocks of README and docs/ work: pipelines are checked, TypeScript is compiled, commands
 * are run, and the output that a page shows is compared. `test/harness/doc-blocks.ts` explains the
 * marks of a block.
 */
import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { commandTree } from "../../tui/cli/commands.js";
import { pipelineSource } from "../../tui/features/new/pipeline.js";
import { examplesOf } from "../../tui/kit/options.js";
import { blocks, blocksOf, fileOf, isRun, pages, ROOT, textOf } from "../harness/doc-blocks.js";
import { DocumentWorld } from "./document-world.js";
import { useWorld } from "./world.js";

const world = useWorld({ daemon: false });
const yaml = blocks.filter(({ language }) => language === "yaml");

/**
 * A block of stages alone, or of `finally`, is a pipeline with the rest added; null: a block of
 * another tool.
 */
function asPipeline(text: string): string | null {
  if (/^stages:/m.test(text)) return text;
  if (/^ *- name: .*\n *run: /.test(text))
    return `params: { target: { default: x } }\nstages:\n${text}`;
  if (/^finally:/m.test(text)) return `stages: [{ name: A, run: x }]\n${text}`;
  return null;
}

test("each block in YAML is YAML, and check accepts each pipeline", async () => {
  for (const { page, line, text } of yaml)
    expect(parseDocument(text).errors, `${page}:${line}`).toEqual([]);
  const pipelines = yaml.flatMap((block) => {
    const text = asPipeline(block.text);
    return text === null ? [] : [{ text, page: block.page, file: fileOf(block) }];
  });
  expect(pipelines.length).toBeGreaterThan(12);
  // A directory for each page, whose pipelines name each other.
  for (const [n, { text, page, file = `pipeline-${n}.yaml` }] of pipelines.entries())
    world.write(`work/${page}/${file}`, text);
  world.write("config/liveops/config.json", JSON.stringify({ queues: { gpu: {} } }));
  const checked = await world.liveops(["check", ...new Set(pipelines.map(({ page }) => page))]);
  expect(checked, checked.stderr).toMatchObject({ code: 0, stderr: "" });
  expect(checked.stdout.match(/: valid, stages /g)).toHaveLength(pipelines.length);
});

test("the first pipeline is what liveops new writes, and the stage of the page can be pasted into it", () => {
  const source = pipelineSource("deploy", "deploy.yaml", "schema");
  const [shown] = blocksOf("docs/first-pipeline.md").filter(({ language }) => language === "yaml");
  expect(parseDocument(shown!.text).toJS()).toEqual(parseDocument(source).toJS());
  const [pasted] = /^ *- name: Publish\n.*\n/m.exec(textOf("docs/first-pipeline.md"))!;
  const end = source.search(/^(?:#.*\n)*finally:/m);
  const text = `${source.slice(0, end)}${pasted}${source.slice(end)}`;
  expect(parseDocument(text).toJS().stages.at(-1).name).toBe("Publish");
});

test("each block in TypeScript compiles", async () => {
  const dir = join(world.dir, "types");
  const files = blocks
    .filter(({ language, marks }) => language === "ts" && !marks.includes("sketch"))
    .map((block, n) => {
      // A test and the operation beside it stay in one directory.
      const file = join(dir, block.page.replaceAll("/", "-"), fileOf(block) ?? `block-${n}.ts`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, block.text);
      return file;
    });
  expect(files.length).toBeGreaterThan(10);
  mkdirSync(join(dir, "node_modules"));
  symlinkSync(ROOT, join(dir, "node_modules/liveops"));
  symlinkSync(join(ROOT, "node_modules/vitest"), join(dir, "node_modules/vitest"));
  symlinkSync(join(ROOT, "node_modules/@types"), join(dir, "node_modules/@types"));
  writeFileSync(join(dir, "package.json"), '{ "type": "module" }');
  const compilerOptions = {
    module: "nodenext",
    target: "es2022",
    lib: ["es2023", "esnext.disposable"],
    strict: true,
    noEmit: true,
    types: ["node"],
    skipLibCheck: true,
  };
  writeFileSync(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, "-p", dir]).catch(
    (error) => error,
  );
  expect(stdout).toBe("");
});

/** The examples in the help of all commands. */
const examples = (await commandTree()).commands
  .flatMap((command) => [command, ...command.commands])
  .flatMap(examplesOf);

/** The words of an example after `liveops`; it writes into the directory of the test. */
function wordsOf(line: string): string[] {
  const words = line.replace(/ +[#|].*/, "").matchAll(/'([^']*)'|\S+/g);
  return [...words]
    .slice(1)
    .map(([word, quoted]) => (quoted ?? word).replace(/(?:\/tmp|~)\//, `${world.dir}/`));
}

test("the examples of liveops new run one after the other", async () => {
  const lines = examples.filter((line) => line.startsWith("liveops new "));
  expect(lines.length).toBe(2);
  for (const line of lines)
    expect(await world.liveops(wordsOf(line)), line).toMatchObject({ code: 0 });
});

test("the examples of the help run with the file that liveops new writes", async () => {
  world.write("work/deploy.yaml", pipelineSource("deploy", "deploy.yaml", "schema"));
  const stages = "[{ name: Build, run: 'true' }, { name: Ship, run: exit 3 }]";
  world.write("work/fails.yaml", `stages: ${stages}\n`);
  const example = (start: string) =>
    wordsOf(examples.find((each) => each.startsWith(`liveops ${start}`))!);
  await world.startDaemon();
  expect(await world.liveops(example("submit backup --params"))).toMatchObject({ code: 0 });
  const failed = await world.liveops(["submit", "fails.yaml", "--label", "k3f", "--wait"]);
  expect(failed.code).toBe(1);
  expect(await world.liveops(example("retry k3f --from Build"))).toMatchObject({
    code: 0,
    stderr: "",
  });
  expect(await world.liveops(example("schedule add @daily deploy.yaml"))).toMatchObject({
    code: 0,
  });
  await world.quiet();
});

/** Pages whose commands another test runs. */
const ELSEWHERE: Record<string, string> = {
  "docs/installing.md": "test/end-to-end/packed-install.test.ts",
  "docs/durability.md": "test/daemon/store/jq.test.ts",
};

/** Tags of the programs that blocks use beside those of liveops. */
const PROGRAMS = ["curl", "git", "jq", "tar"] as const;

/**
 * Pages whose commands do not need a daemon of their own, in an order in which none is in the way
 * of the next.
 */
const TOGETHER = [
  "from-a-shell-script",
  "shipped-operations",
  "failures",
  "operating",
  "configuration",
].map((name) => `docs/${name}.md`);

const alone = pages.filter(
  (page) => !(page in ELSEWHERE) && !TOGETHER.includes(page) && blocksOf(page).some(isRun),
);

for (const group of [TOGETHER, ...alone.map((page) => [page])]) {
  const texts = group
    .flatMap(blocksOf)
    .filter(isRun)
    .map(({ text }) => text);
  const tags = PROGRAMS.filter((program) =>
    texts.some((text) => new RegExp(`\\b${program}\\b`).test(text)),
  );
  test(`the commands of ${group.join(", ")} do what it shows`, {
    tags,
    timeout: 120_000,
  }, async () => {
    await using place = new DocumentWorld();
    for (const own of group.map(blocksOf))
      for (const [n, block] of own.entries()) await place.take(block, own[n + 1]);
  });
}
