/** `liveops logs` with its filters, on the log of a real operation. */
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { useWorld } from "./world.js";

const world = useWorld();
let id: string;

const TALKS = `import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation } from "liveops";

export class Talks extends LiveOperation {
  static stages = ["Load", "Save"];
  async run(p) {
    await p.stage("Load", () => {
      for (let i = 1; i <= 12_000; i++) p.log(i % 4000 === 0 ? \`row \${i} has an Error\` : \`row \${i}\`);
    });
    await p.untracked("Quiet time", () => {});
    await p.untracked("Warm up", () => p.log("warm (really)"));
    console.error("\\x1b[31merror\\x1b[0m: on stderr");
    await p.stage("Save", async () => {
      p.log("save 1");
      p.log("save 2");
      if (this.params.file) while (!existsSync(this.params.file)) await delay(5, undefined, { signal: p.signal });
      p.log("save 3");
      p.log("saved");
      p.log("save 4");
    });
  }
}
`;

const STEPS = `import { LiveOperation } from "liveops";

export class Checks extends LiveOperation {
  static stages = ["Check", "Ship"];
  async run(p) {
    await p.stage("Check", () => p.parallel({
      lint: (s) => { s.log("412 files"); console.log("clean"); },
      unit: (s) => s.exec("sh", ["-c", "echo $LIVEOPS_STEP runs; echo oops >&2"]),
      quiet: () => {},
    }, { atOnce: 1 }));
    await p.stage("Ship", () => p.log("shipped"));
  }
}
`;

beforeAll(async () => {
  world.write("config/liveops/ops/talks.js", TALKS);
  id = await world.submit("talks");
  await world.finished(id);
});

async function logs(...words: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await world.liveops(["logs", ...words]);
  expect({ code, stderr }, words.join(" ")).toEqual({ code: 0, stderr: "" });
  return stdout === "" ? [] : stdout.trimEnd().split("\n");
}

test("an untracked stage without a line is a stage, and is offered for a mistyped name", async () => {
  expect(await logs(id, "--stage", "Quiet time")).toEqual([]);
  const ended = await world.liveops(["logs", id, "--stage", "Quiet tmie"]);
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(ended.stderr).toContain("did you mean Quiet time? Its stages: Load, Save, Quiet time, Warm up");
});

test("a mistyped stage is wrong usage, with near names; also with -f", async () => {
  for (const words of [[], ["-f"]]) {
    const ended = await world.liveops(["logs", id, "--stage", "Sav", ...words]);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain('--stage: "Sav" is not a stage of talks; did you mean Save?');
  }
});

test("--step chooses, and a mistyped step is wrong usage, with near names", async () => {
  world.write("config/liveops/ops/checks.js", STEPS);
  const checks = await world.submit("checks");
  await world.finished(checks);
  expect(await logs(checks, "--step", "lint")).toEqual(["[lint] 412 files", "[lint] clean"]);
  expect((await logs(checks, "--step", "unit")).sort()).toEqual(["[unit] oops", "[unit] unit runs"]);
  expect(await logs(checks, "--step", "lint", "--grep", "clean", "-n", "5")).toEqual(["[lint] clean"]);
  expect(await logs(checks, "--step", "quiet", "-f")).toEqual([]);
  const typo = await world.liveops(["logs", checks, "--step", "unti"]);
  expect(typo).toMatchObject({ code: 2, stdout: "" });
  expect(typo.stderr).toContain(
    '--step: "unti" is not a step of checks; did you mean unit? its steps: lint, unit, quiet',
  );
  const other = await world.liveops(["logs", checks, "--stage", "Ship", "--step", "unit"]);
  expect(other.stderr).toContain('"unit" is not a step of the stage "Ship"; it had no steps');
});

test("-f goes on with the new lines that fit, each once", async () => {
  const file = join(world.dir, "talks-gate");
  const live = await world.submit("talks", `file=${file}`);
  await world.record(live, ({ logLines }) => logLines === 12_004);
  const following = world.start("liveops", ["logs", live, "-f", "--grep", "^save \\d", "-n", "1"]);
  await following.says("stdout", "save 2\n");
  world.write("talks-gate", "");
  expect(await following.ended).toEqual({
    code: 0,
    signal: null,
    stdout: "save 2\nsave 3\nsave 4\n",
    stderr: "",
  });
});
