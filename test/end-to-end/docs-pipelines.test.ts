/** Each pipeline that the documents show is one that `liveops check` accepts, and all other YAML in them is YAML. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { pipelineSource } from "../../tui/cli/new/pipeline.js";
import { useWorld } from "./world.js";

const ROOT = new URL("../..", import.meta.url).pathname;
const world = useWorld({ daemon: false });

interface Block {
  /** Such as `docs-pipelines.md-12`: page and line of the block. */
  name: string;
  text: string;
}

const blocks: Block[] = ["README.md", ...globSync("docs/*.md", { cwd: ROOT })].sort().flatMap((page) => {
  const text = readFileSync(join(ROOT, page), "utf8");
  return [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((match) => ({
    name: `${page.replaceAll("/", "-")}-${text.slice(0, match.index).split("\n").length}`,
    text: match[1]!,
  }));
});

/** A block of stages alone, or of `finally`, is a pipeline with the rest added; null: a block of another tool. */
function asPipeline(text: string): string | null {
  if (/^stages:/m.test(text)) return text;
  if (/^ *- name: .*\n *run: /.test(text)) return `params: { target: { default: x } }\nstages:\n${text}`;
  if (/^finally:/m.test(text)) return `stages: [{ name: A, run: x }]\n${text}`;
  return null;
}

test.each(blocks)("$name is YAML", ({ text }) => {
  expect(parseDocument(text).errors).toEqual([]);
});

test("check accepts each pipeline of the documents", async () => {
  const pipelines = blocks.flatMap(({ name, text }) => {
    const pipeline = asPipeline(text);
    return pipeline === null ? [] : [{ name, pipeline }];
  });
  expect(pipelines.map(({ name }) => name.replace(/-\d+$/, ""))).toEqual(
    expect.arrayContaining([
      "README.md",
      "docs-first-pipeline.md",
      "docs-from-a-shell-script.md",
      "docs-from-other-tools.md",
      "docs-pipelines.md",
    ]),
  );
  for (const { name, pipeline } of pipelines) world.write(`work/docs/${name}.yaml`, pipeline);
  const checked = await world.liveops(["check", "docs"]);
  expect(checked, checked.stderr).toMatchObject({ code: 0, stderr: "" });
  expect(checked.stdout.match(/: valid, stages /g)).toHaveLength(pipelines.length);
});

test("the first pipeline is what liveops new writes", () => {
  const [shown] = blocks.filter(({ name }) => name.startsWith("docs-first-pipeline.md"));
  const written = parseDocument(pipelineSource("deploy", "deploy.yaml", "schema")).toJS();
  expect(parseDocument(shown!.text).toJS()).toEqual(written);
});

test("the stage of the first pipeline can be pasted into what liveops new writes", () => {
  const source = pipelineSource("deploy", "deploy.yaml", "schema");
  const [pasted] = /^ *- name: Publish\n.*\n/m.exec(
    readFileSync(join(ROOT, "docs/first-pipeline.md"), "utf8"),
  )!;
  const end = source.search(/^(?:#.*\n)*finally:/m);
  const text = `${source.slice(0, end)}${pasted}${source.slice(end)}`;
  expect(parseDocument(text).toJS().stages.at(-1).name).toBe("Publish");
});
