/**
 * A user's own TypeScript in a bare directory: found, edited, broken, hidden, written by `liveops
 * new`.
 */
import { mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { newId } from "../../protocol/id.js";
import { until } from "./until.js";
import { useWorld, World } from "./world.js";

const HELLO = (says: string) => `
import { LiveOperation, type Progress, z } from "liveops";
import { greeting } from "./_greeting.ts";

export class Hello extends LiveOperation<typeof Hello> {
  static stages = ["Greet"] as const;
  static params = z.object({ name: z.string().default("world") });
  async run(p: Progress<Hello>) {
    await p.stage("Greet", () => p.log(greeting(this.params.name)));
    p.result({ says: ${JSON.stringify(says)} });
  }
}
`;
const GREETING = `export const greeting = (name: string): string => \`hello \${name}\`;\n`;

function bareDirectory(world: World, dir: string, says = dir): void {
  world.write(`${dir}/hello.ts`, HELLO(says));
  world.write(`${dir}/_greeting.ts`, GREETING);
}

function ownWorld(): World {
  const world = new World().make();
  onTestFinished(() => world.close());
  return world;
}

async function hello(world: World, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await world.liveops(["submit", "hello", ...words, "--follow"]);
  expect(code, stderr).toBe(0);
  expect(stderr).not.toContain("queued again");
  // Then the worker of this run is the first that may take the next one.
  await until("the worker is idle", async () => (await world.client.daemon()).workers.busy === 0);
  return stdout;
}

describe("where operations are found", () => {
  test("--ops DIR, relative to where the daemon was started, is looked into once it is there; liveops new writes into it", async () => {
    const world = ownWorld();
    const started = await world.liveopsd(["start", "--ops", "mine"]);
    expect(started.code).toBe(0);
    expect(started.stderr).toContain("--ops mine: there is no such directory or file yet");
    bareDirectory(world, "work/mine");
    expect(await hello(world, "name=you")).toBe("=== [1/1] Greet ===\nhello you\nsays=work/mine\n");

    // What liveops new writes runs both ways, and never goes over a file.
    const made = await world.liveops(["new", "ImportUsers"], { cwd: join(world.work, "mine") });
    expect(made).toMatchObject({ code: 0, stdout: "import-users.ts\ntsconfig.json\n" });
    const written = (name: string) => readFileSync(join(world.work, "mine", name), "utf8");
    const [source, tsconfig] = [written("import-users.ts"), written("tsconfig.json")];
    const here = await world.liveops(["run", "--ops", "mine", "import-users", "count=3"]);
    expect(here.code, here.stderr).toBe(0);
    const there = await world.liveops(["submit", "import-users", "count=3", "--follow"]);
    expect(there.code, there.stderr).toBe(0);
    expect(there.stdout).toBe(here.stdout);
    expect(there.stdout).toMatch(/=== \[3\/3\] Save ===\nthe sum is 6\ncount=3\nsum=6\n$/);
    const { compilerOptions } = JSON.parse(tsconfig);
    expect(Object.keys(compilerOptions)).not.toContain("paths");
    expect(Object.keys(compilerOptions)).not.toContain("typeRoots");
    // No path of this machine.
    expect(source + tsconfig).not.toContain(world.dir);
    expect(tsconfig).not.toMatch(/"\.*\//);
    const again = await world.liveops(["new", "import-users"], { cwd: join(world.work, "mine") });
    expect(again).toMatchObject({ code: 2, stdout: "" });
    expect(written("import-users.ts")).toBe(source);
  });

  test("the same name twice: --ops before $LIVEOPS_OPS before the config directory, and ops says so", async () => {
    const world = ownWorld();
    for (const dir of ["flag", "env", "config/liveops/ops"]) bareDirectory(world, dir);
    world.write("flag/shell.ts", HELLO("not the shipped one").replaceAll("Hello", "Shell"));
    await world.startDaemon(["--ops", "../flag"], { env: { LIVEOPS_OPS: join(world.dir, "env") } });
    expect(await hello(world)).toContain("says=flag");
    const { code, stdout, stderr } = await world.liveops(["ops"]);
    expect(code).toBe(0);
    expect(stdout.match(/^hello {2}/gm)).toHaveLength(1);
    for (const dir of ["env", "config/liveops/ops"])
      expect(stderr).toContain(`hello in ${join(world.dir, dir, "hello.ts")} is not used`);
    expect(stderr).toMatch(/shell in .*\/ops\/shell\.js is not used/);
  });
});

const world = useWorld({ words: ["--concurrency", "1"] });

describe("editing", () => {
  test("an edited file is what the next operation runs, and so is an edited sibling; a new file is found", async () => {
    bareDirectory(world, "config/liveops/ops", "first");
    expect(await hello(world)).toBe("=== [1/1] Greet ===\nhello world\nsays=first\n");
    world.write("config/liveops/ops/hello.ts", HELLO("second"));
    expect(await hello(world)).toContain("says=second");
    world.write("config/liveops/ops/_greeting.ts", GREETING.replace("hello", "good evening"));
    expect(await hello(world)).toContain("good evening world");
    world.write(
      "config/liveops/ops/hello.ts",
      HELLO("third")
        .replace('["Greet"]', '["Greet", "Leave"]')
        .replace("name:", "whom: z.string(), name:"),
    );
    const refused = await world.liveops(["submit", "hello"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("whom is required");
    expect(await hello(world, "whom=x")).toContain("=== [1/2] Greet ===");
  });

  test("one without parameters is submitted as its file is now, however it is asked for", async () => {
    const source = (title: string, stages: string, more = "") => `
import { LiveOperation, z } from "liveops";
export class Bare extends LiveOperation {
  static title = "${title}";
  static stages = ${stages};
  ${more}
  async run() {}
}
`;
    const submitted = async (body: object) => {
      const { title, params, stages } = await world.client.submit({ op: "bare", ...body }, newId());
      return { title, params, stages };
    };
    const all = () => Promise.all([{}, { params: {} }, { set: [] }].map(submitted));
    world.write("config/liveops/ops/bare.ts", source("One", '["A"]'));
    const one = { title: "One", params: {}, stages: ["A"] };
    expect(await all()).toEqual([one, one, one]);
    // A type without a schema takes what it is given.
    expect(await submitted({ params: { x: 1 } })).toEqual({ ...one, params: { x: 1 } });
    world.write("config/liveops/ops/bare.ts", source("Two", '() => ["B", "C"]'));
    const two = { title: "Two", params: {}, stages: ["B", "C"] };
    expect(await all()).toEqual([two, two, two]);
    const needs = "static params = z.object({ x: z.number() });";
    world.write("config/liveops/ops/bare.ts", source("Three", '["D"]', needs));
    await expect(submitted({})).rejects.toMatchObject({ code: "LIVEOPS_PARAMS_INVALID" });
  });

  test("a file that becomes broken says why, and is used again when it is mended", async () => {
    bareDirectory(world, "config/liveops/ops", "before");
    expect(await hello(world)).toContain("says=before");
    world.write("config/liveops/ops/hello.ts", `${HELLO("broken")}\n}}} syntax`);
    const refused = await world.liveops(["submit", "hello", "--wait"]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("hello");
    expect((await world.liveops(["ops"])).stderr).toContain("hello.ts does not load");
    world.write("config/liveops/ops/hello.ts", HELLO("mended"));
    expect(await hello(world)).toContain("says=mended");
  });
});

test("liveops new in a project that has liveops needs no path at all", async () => {
  const world = ownWorld();
  mkdirSync(join(world.work, "node_modules/@types/node"), { recursive: true });
  mkdirSync(join(world.work, "node_modules/liveops"), { recursive: true });
  const ops = join(world.work, "ops");
  mkdirSync(ops);
  expect((await world.liveops(["new", "ImportUsers"], { cwd: ops })).code).toBe(0);
  const { compilerOptions } = JSON.parse(readFileSync(join(ops, "tsconfig.json"), "utf8"));
  expect(compilerOptions).toMatchObject({ types: ["node"] });
  expect(Object.keys(compilerOptions)).not.toContain("paths");
  expect(Object.keys(compilerOptions)).not.toContain("typeRoots");
});

test("liveops new says where a name hides a shipped type", async () => {
  const made = await world.liveops(["new", "Shell"]);
  expect(made).toMatchObject({ code: 0, stdout: "shell.ts\ntsconfig.json\n" });
  expect(made.stderr).toContain(
    "shell is also a shipped operation type; your type replaces it wherever this directory is used",
  );
  expect((await world.liveops(["new", "Shells"])).stderr).not.toContain("shipped");
  const shipped = (await world.client.types()).ops.filter(
    ({ file }) => !file.startsWith(world.dir),
  );
  expect(shipped.map(({ op }) => op)).toContain("shell");
  for (const op of shipped.map((it) => it.op).filter((it) => it !== "shell"))
    expect((await world.liveops(["new", op])).stderr, op).toContain(
      `${op} is also a shipped operation type`,
    );
});

test("an operation runs where it was submitted; a directory that is gone by then is LIVEOPS_CWD_GONE", async () => {
  const there = join(world.dir, "some where");
  mkdirSync(there);
  const ended = await world.liveops(["submit", "shell", "--wait", "--", "pwd"], { cwd: there });
  expect(await world.lines(ended.stdout.trim())).toContain(there);
  world.takeOperations("gate");
  const first = await world.submit("gate", `file=${join(world.dir, "gate")}`);
  const gone = join(world.dir, "gone");
  mkdirSync(gone);
  const id = (await world.liveops(["submit", "shell", "--", "pwd"], { cwd: gone })).stdout.trim();
  rmdirSync(gone);
  world.write("gate", "");
  await world.finished(first);
  expect(await world.finished(id)).toMatchObject({
    state: "failed",
    error: { code: "LIVEOPS_CWD_GONE" },
  });
});
