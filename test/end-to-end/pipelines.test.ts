/**
 * Pipeline files with the real bins: checked, run, submitted by path and by name, edited, and
 * retried as submitted.
 */
import { readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useWorld } from "./world.js";

const world = useWorld();

/** Fails until the file `go` is in the working directory. */
const nightly = (says: string, more = "") => `name: nightly
description: says something twice
params:
  target: { type: string, required: true, description: where to }
  level: { type: integer, default: 6 }
  token: { type: string, secret: true }
stages:
  - name: First
    run: |
      echo "${says} $target $level"
  - name: Second
    run: test -f go && echo "went"
${more}`;

/** The lines that the commands printed. */
async function printed(id: string): Promise<string[]> {
  const { lines } = await world.client.log(id, { stream: "stdout" });
  return lines.map(({ text }) => text);
}

/** A value that would do harm where it became part of a script, or were split into words. */
const HOSTILE = "a b'; touch hurt; echo \"$(touch hurt)`touch hurt` $HOME \\";

test("check names each problem with its position, also of stdin and a directory", async () => {
  world.write("work/good.yaml", nightly("one"));
  world.write("work/dir/bad.yaml", "stages:\n  - name: A\n    run: [echo, $nme]\n    timout: 3\n");
  world.write("work/dir/compose.yaml", "services: {}\n");
  world.write("work/dir/other.yml", nightly("two"));
  const good = await world.liveops(["check", "good.yaml"]);
  expect(good).toMatchObject({
    code: 0,
    stdout: "good.yaml: valid, stages First, Second\n",
    stderr: "",
  });
  symlinkSync("loop.yaml", join(world.work, "loop.yaml"));
  const both = await world.liveops(["check", "dir", "none.yaml", "loop.yaml"]);
  expect(both).toMatchObject({ code: 2, stdout: "dir/other.yml: valid, stages First, Second\n" });
  expect(both.stderr).toContain("dir/bad.yaml:3:17: stages[0].run[1]: $nme is no parameter");
  expect(both.stderr).toMatch(
    /^dir\/bad\.yaml:4:5: "timout" is not a key .* did you mean timeout\?$/m,
  );
  expect(both.stderr).toContain("none.yaml:1:1: there is no such file");
  expect(both.stderr).toMatch(/^loop\.yaml:1:1: ELOOP: /m);
  const warned = `params: { target: {} }\nstages: [{ name: A, when: '[ "$targt" = prod ]', run: x }]\n`;
  world.write("work/warned.yaml", warned);
  const json = await world.liveops(["check", "-", "warned.yaml", "--json"], {
    input: "stages: x\n",
  });
  expect(json).toMatchObject({ code: 2, stderr: "" });
  expect(JSON.parse(json.stdout)).toMatchObject({
    ok: false,
    files: [
      { file: "-", ok: false, problems: [{ line: 1, column: 9, key: "stages", nearest: [] }] },
      { ok: true, problems: [], warnings: [{ line: 2, column: 31, nearest: ["target"] }] },
    ],
  });
});

test("run takes a file, or stdin, and passes any value unchanged", async () => {
  world.write("work/go", "");
  world.write(
    "work/quote.yaml",
    `${nightly("says")}  - { name: Third, run: [echo, $target, "<$level>"] }\n`,
  );
  const ran = await world.liveops(["run", "quote.yaml", `target=${HOSTILE}`, "level=7"]);
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  expect(ran.stdout).toContain(`says ${HOSTILE} 7\n`);
  expect(ran.stdout).toContain(`\n${HOSTILE} <7>\n`);
  const piped = await world.liveops(["run", "-", "target=x"], { input: nightly("piped") });
  expect(piped, piped.stderr).toMatchObject({ code: 0 });
  expect(piped.stdout).toContain("piped x 6\n");
  const wrong = await world.liveops(["run", "quote.yaml", "levl=3", "target=x"]);
  expect(wrong).toMatchObject({ code: 2, stdout: "" });
  expect(wrong.stderr).toContain("Did you mean level?");
  const help = await world.liveops(["run", "quote.yaml", "--help"]);
  expect(help.stdout).toContain("says something twice");
  expect(help.stdout).toMatch(/target\s+text\s+required\s+where to/);
  rmSync(join(world.work, "go"));
});

test("a file that does not load is reported with the position, and other YAML is left alone", async () => {
  world.write("config/liveops/ops/broken.yaml", "stages:\n  - name: A\n    runn: x\n");
  world.write("config/liveops/ops/compose.yaml", "services: {}\n");
  world.write("config/liveops/ops/pipeline.yaml", nightly("x").replace("name: nightly\n", ""));
  const ops = await world.liveops(["ops"]);
  expect(ops.stderr).toMatch(
    /broken\.yaml does not load: broken\.yaml:2:5: a stage needs the key run: .*\(and 1 more: liveops check .*broken\.yaml\)/,
  );
  expect(ops.stderr).toContain("compose.yaml has no operation type: it has no key stages");
  expect(ops.stderr).toContain("pipeline is the name of the shipped type that runs any file");
  const submit = await world.liveops(["submit", "broken"]);
  expect(submit).toMatchObject({ code: 4, stdout: "" });
  expect(submit.stderr).toContain("broken.yaml:2:5: a stage needs the key run");
  world.write("config/liveops/ops/broken.yaml", "stages:\n  - name: A\n    run: echo mended\n");
  const id = await world.submit("broken");
  await world.inState(id, "succeeded");
  expect(await printed(id)).toEqual(["mended"]);
});

test("new writes a pipeline that check accepts, with the path of the schema", async () => {
  const made = await world.liveops(["new", "deploy.yaml"]);
  expect(made).toMatchObject({ code: 0, stdout: "deploy.yaml\npipeline.schema.json\n" });
  expect(made.stderr).toContain("try it: liveops run deploy.yaml target=/tmp/deploy");
  expect(await world.liveops(["check", "deploy.yaml"])).toMatchObject({ code: 0, stderr: "" });
  const [, schema] = /\$schema=(.*)/.exec(readFileSync(join(world.work, "deploy.yaml"), "utf8"))!;
  const published = readFileSync(join(world.work, schema!), "utf8");
  expect((await world.liveops(["schema", "pipeline"])).stdout).toBe(published);
  const again = await world.liveops(["new", "deploy.yaml"]);
  expect(again).toMatchObject({ code: 2, stdout: "" });
  expect(again.stderr).toContain("already exists");
});

test("a file that was typed without or with another ending is named, and a failure names its retry", async () => {
  world.write("work/near.yaml", "stages: [{ name: A, run: exit 3 }]\n");
  for (const command of ["run", "submit"]) {
    const bare = await world.liveops([command, "near"]);
    expect(bare).toMatchObject({ code: 4, stdout: "" });
    expect(bare.stderr).toContain(`for the file near.yaml: liveops ${command} near.yaml`);
  }
  const other = await world.liveops(["submit", "near.yml"]);
  expect(other).toMatchObject({ code: 2, stdout: "" });
  expect(other.stderr).toContain("there is no such file; did you mean near.yaml?");
  const followed = await world.liveops(["submit", "near.yaml", "--follow"]);
  expect(followed.stderr).toMatch(
    /exited with 3 .*\nto run it again: liveops retry [a-z][0-9a-z]{11}\n$/,
  );
  const run = await world.liveops(["run", "near.yaml"]);
  expect(run.stderr).not.toContain("liveops retry");
}, 60_000);
