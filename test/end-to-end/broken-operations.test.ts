/**
 * Files of operations that do not load, whatever they do instead: each is told, and hides no other.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useWorld } from "./world.js";

const world = useWorld({ daemon: false });

const HELLO = `import { LiveOperation, type Progress } from "liveops";
export class Hello extends LiveOperation {
  static stages = ["Greet"];
  async run(p: Progress) {
    await p.stage("Greet", () => p.log("hello"));
  }
}
`;

/** Holds the thread and takes no CPU time. */
const NEVER_YIELDS = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);";

/** A file that never yields is waited for, by design, for 10 seconds. */
const SLOW = 60_000;

test("liveops run: a file that never yields holds up its own types only", {
  timeout: SLOW,
}, async () => {
  const ops = join(world.dir, "held");
  world.write("held/a-loops.ts", `${NEVER_YIELDS} export {};`);
  world.write("held/b-waits.ts", "await new Promise(() => {}); export {};");
  world.write("held/hello.ts", HELLO);
  // Its name is in no text: found only after the files before it.
  world.write(
    "held/made.ts",
    HELLO.replace("static stages", 'static op = ["ma", "de"].join("");\n  static stages'),
  );
  const started = performance.now();
  expect(await world.liveops(["run", "--ops", ops, "hello"])).toMatchObject({
    code: 0,
    stderr: "",
  });
  expect(performance.now() - started).toBeLessThan(9000);
  const made = world.liveops(["run", "--ops", ops, "made", "--params", "-"], { input: '{"n": 1}' });
  const loops = await world.liveops(["run", "--ops", ops, "a-loops"]);
  expect(loops.code).toBe(4);
  expect(loops.stderr).toContain(
    `there is no operation type "a-loops": ${join(ops, "a-loops.ts")} does not load: its top level did not finish within 10 s`,
  );
  expect(await made).toMatchObject({ code: 0, stdout: "=== [1/1] Greet ===\nhello\n", stderr: "" });
});

test("a file without a type is named with the reason, helpers and tests are not", async () => {
  const dir = "forgotten";
  world.write(`${dir}/forgot.ts`, HELLO.replace("export class Hello", "class Forgot"));
  world.write(`${dir}/plain.ts`, "export class Plain { async run() {} }");
  world.write(
    `${dir}/abstract.ts`,
    'import { LiveOperation } from "liveops";\nexport abstract class Base extends LiveOperation {}',
  );
  world.write(`${dir}/common.cjs`, "module.exports = {};");
  world.write(`${dir}/helper.ts`, "export const double = (n: number) => 2 * n;");
  world.write(`${dir}/throws.ts`, 'throw new Error("thrown on load");');
  for (const silent of ["_helper.ts", "_old.cjs", "a.test.ts", "a.d.ts", "vitest.config.ts"])
    world.write(`${dir}/${silent}`, "export {};");
  const reasons = {
    forgot: "class Forgot is not exported; write: export class Forgot",
    plain:
      "class Plain does not extend LiveOperation; write: class Plain extends LiveOperation<typeof Plain>",
    abstract: "class Base has no run method; write: async run(p) { … }",
    common: "a .cjs file is not loaded; rename it to .mjs, and use import and export",
    helper:
      "it exports no class that extends LiveOperation; put a helper module into a subdirectory, or begin its name with _",
  };
  const path = (name: string) =>
    join(world.dir, dir, name === "common" ? "common.cjs" : `${name}.ts`);
  const told = (text: string) => text.split("\n").filter((line) => line.includes(`/${dir}/`));
  const expected = Object.entries(reasons).map(
    ([name, reason]) => `liveops: ${path(name)} has no operation type: ${reason}`,
  );

  const run = await world.liveops(["run", "--ops", join(world.dir, dir), "nowhere"]);
  expect(run.code).toBe(4);
  expect(told(run.stderr).toSorted()).toEqual(
    [...expected, `liveops: ${path("throws")} does not load: thrown on load (line 1:7)`].toSorted(),
  );

  // The next test uses the single file.
  world.write("single/one.ts", HELLO.replaceAll("Hello", "One"));
  await world.startDaemon([
    "--ops",
    join(world.dir, dir),
    "--ops",
    join(world.dir, "single/one.ts"),
  ]);
  const { code, stderr } = await world.liveops(["ops"]);
  expect(code).toBe(0);
  expect(
    told(stderr)
      .filter((line) => line.includes("has no operation type"))
      .toSorted(),
  ).toEqual(expected.toSorted());
  // The error of the very file, by its name and by the name of its class.
  for (const [op, text] of [
    ["throws", `${path("throws")} does not load: thrown on load (line 1:7)`],
    ["forgot", `${path("forgot")} has no operation type: ${reasons.forgot}`],
    ["base", `${path("abstract")} has no operation type: ${reasons.abstract}`],
    ["common", `${path("common")} has no operation type: ${reasons.common}`],
  ]) {
    const says = `liveops: No such operation type: there is no operation type "${op}": ${text}\n`;
    expect(await world.liveops(["submit", op!])).toMatchObject({
      code: 4,
      stdout: "",
      stderr: says,
    });
    if (op === "forgot")
      expect(await world.liveops(["run", "--ops", join(world.dir, dir), op])).toMatchObject({
        code: 4,
        stderr: says,
      });
  }
});

test("--ops, LIVEOPS_OPS and the config file take a single file too", async () => {
  const file = world.write("single/one.ts", HELLO.replaceAll("Hello", "One"));
  world.write("single/two.ts", HELLO.replaceAll("Hello", "Two"));
  const hello = { code: 0, stdout: "=== [1/1] Greet ===\nhello\n", stderr: "" };
  expect(await world.liveops(["run", "--ops", file, "one"])).toMatchObject(hello);
  expect((await world.liveops(["run", "--ops", file, "two"])).code).toBe(4);
  expect(await world.liveops(["run", "one"], { env: { LIVEOPS_OPS: file } })).toMatchObject(hello);
  const config = world.write("single/config.json", JSON.stringify({ ops: [file] }));
  expect(await world.liveops(["run", "one"], { env: { LIVEOPS_CONFIG: config } })).toMatchObject(
    hello,
  );
  const text = world.write("single/one.txt", HELLO);
  expect((await world.liveops(["run", "--ops", text, "one"])).stderr).toContain(
    "it is not a directory, and not a .ts .mts .js .mjs .yaml .yml file",
  );

  expect(await world.liveops(["submit", "one", "--follow"])).toMatchObject({
    code: 0,
    stdout: hello.stdout,
  });
  expect((await world.liveops(["submit", "two"])).code).toBe(4);
  // An edit, and a removal.
  world.write("single/one.ts", HELLO.replaceAll("Hello", "One").replace("hello", "edited"));
  expect((await world.liveops(["submit", "one", "--follow"])).stdout).toContain("edited");
  rmSync(file);
  expect((await world.liveops(["submit", "one"])).code).toBe(4);
});

test("liveops ops --ops lists the types of a directory without a daemon", {
  timeout: SLOW,
}, async () => {
  const dir = "listed";
  world.write(`${dir}/hello.ts`, `${HELLO}\nsetInterval(() => {}, 1000); console.log("loading");`);
  world.write(`${dir}/broken.ts`, "export class Backup extends X {");
  const without = { env: { LIVEOPS_SOCKET: join(world.dir, "none.sock"), LIVEOPS_AUTOSTART: "0" } };
  const all = await world.liveops(["ops", "--ops", join(world.dir, dir), "--json"], without);
  expect(all).toMatchObject({ code: 0, stderr: "loading\n" });
  const reply = JSON.parse(all.stdout);
  expect(reply.ops.map(({ op }: { op: string }) => op)).toEqual(
    expect.arrayContaining(["hello", "shell", "verify-backup"]),
  );
  const broken: Array<{ op: string; file: string }> = reply.notLoaded;
  // Tests before this one left other files in the directory of the config.
  const here = broken.filter(({ file }) => file.includes(dir));
  expect(here.map(({ op }) => op)).toEqual(["broken", "backup"]);
  const one = await world.liveops(
    ["ops", "--ops", join(world.dir, dir, "hello.ts"), "hello"],
    without,
  );
  expect(one.code).toBe(0);
  expect(one.stdout).toContain("hello.ts");
  const none = await world.liveops(["ops", "--ops", join(world.dir, dir), "backup"], without);
  expect(none).toMatchObject({ code: 4, stdout: "" });
  expect(none.stderr).toMatch(/there is no operation type "backup": .*broken\.ts does not load: /);
  expect(await world.liveops(["ops", "--ops", "/nowhere"], without)).toMatchObject({
    code: 2,
    stdout: "",
  });
});

test("code that ends the loader over parameters is a fault of its file, not of the parameters", async () => {
  world.write(
    "config/liveops/ops/ends.ts",
    `import { LiveOperation, z } from "liveops";
export class Ends extends LiveOperation<typeof Ends> {
  static stages = [] as const;
  static params = z.object({ now: z.boolean().transform((now) => (now ? process.exit(9) : now)) });
  async run() {}
}
`,
  );
  await world.startDaemon();
  const ended = await world.liveops(["submit", "ends", "now=true"]);
  expect(ended.code).toBe(70);
  expect(ended.stderr).toMatch(
    /An operation file failed: the parameters of ends could not be read: .*exit code 9/,
  );
  // The next one asks another loader.
  expect((await world.liveops(["submit", "ends", "now=false", "--wait"])).code).toBe(0);
});
