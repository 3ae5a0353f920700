/** `liveops run`: text mode in this process, no daemon anywhere. */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { processesOf } from "./processes.js";
import { onTerminal } from "./terminal.js";
import { until } from "./until.js";
import { useWorld } from "./world.js";

const world = useWorld({ daemon: false, examples: true, operations: ["gate", "spin", "dies"] });

afterEach(() => {
  // Nothing is kept, nothing listens.
  expect(readdirSync(join(world.dir, "state"))).toEqual([]);
  expect(readdirSync(join(world.dir, "run"))).toEqual([]);
});

test("the seed's headers, byte for byte, the chain on the same stream, results as key=value", async () => {
  for (const name of ["one", "two", "three"]) world.write(`work/dir/${name}`, name);
  const { code, stdout, stderr } = await world.liveops(["run", "step-a", "directory=dir"]);
  expect(code, stderr).toBe(0);
  const from = /from=(\w+)/.exec(stdout)?.[1];
  expect(stdout).toBe(
    [
      "=== [1/1] List ===",
      "Step A done",
      "=== [1/2] Measure ===",
      "=== [2/2] Report ===",
      "3 files hold 11 bytes",
      `from=${from}`,
      "files=3",
      "bytes=11",
      "",
    ].join("\n"),
  );
  expect(stderr).toContain("chained to step-b (");
  await until("no guard is left", () => processesOf(world.dir).length === 0);
});

describe("exit codes", () => {
  test.each([
    [["run", "dies", "how=exit"], 1, "the operation ended its process with exit code 3"],
    [["run", "dies", "how=kill"], 1, "the operation's process was killed by SIGKILL"],
    [["run", "dies", "how=timer"], 1, "thrown in a timer"],
    [["run", "dies", "how=rejection"], 1, "rejected and forgotten"],
    [["run", "late"], 1, "LIVEOPS_TIMEOUT"],
    [["run", "backup", "source=nowhere", "target=out"], 1, "nowhere"],
  ])("%j is %i", async (words, code, says) => {
    const ended = await world.liveops(words);
    expect(ended.code, ended.stderr).toBe(code);
    expect(ended.stderr).toContain(says);
  });
});

test("so does one that comes while files are still being loaded, whatever they do", async () => {
  const loading = join(world.dir, "loading");
  const file = world.write(
    "work/slow/busy.mjs",
    `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(loading)}, ""); for (;;) {}`,
  );
  const running = world.start("liveops", ["run", "--ops", dirname(file), "busy"]);
  await until("it is being loaded", () => existsSync(loading));
  running.signal("SIGINT");
  expect(await running.ended).toMatchObject({
    code: 6,
    stdout: "",
    stderr: "liveops: cancelled\n",
  });
});

test("a loop that never yields is cancelled by the first ctrl-C", async () => {
  const running = world.start("liveops", ["run", "spin-check", "--json"]);
  await running.says("stdout", "stage:entered");
  running.signal("SIGINT");
  const ended = await running.ended;
  expect(ended.code, ended.stderr).toBe(6);
  expect(ended.stdout).toContain('"stage":"Spin","index":0,"state":"cancelled"');
});

test("a loop that asks for nothing is killed by the second", async () => {
  const mark = join(world.dir, "busy-mark");
  const running = world.start("liveops", ["run", "deaf", `mark=${mark}`, "busy=true"]);
  await running.says("stdout", "ignoring\n");
  await until("its child runs", () => processesOf(`# ${mark}`).length > 0);
  running.signal("SIGINT");
  running.signal("SIGTERM");
  const ended = await running.ended;
  expect(ended.code).toBe(130);
  expect(ended.stderr).toContain("killed");
  expect(processesOf(`# ${mark}`)).toEqual([]);
});

test("a loop that asks for nothing is killed when its grace period is over, with all it started", async () => {
  const mark = join(world.dir, "patience-mark");
  const running = world.start("liveops", ["run", "deaf", `mark=${mark}`, "busy=true"]);
  await running.says("stdout", "ignoring\n");
  await until("its child runs", () => processesOf(`# ${mark}`).length > 0);
  running.signal("SIGTERM");
  const ended = await running.ended;
  expect(ended.code).toBe(6);
  expect(ended.stderr).toContain(
    "killed: the operation did not stop within its grace period of 0.3 s",
  );
  expect(processesOf(`# ${mark}`)).toEqual([]);
});

test.each(["spin-check", "listens"])("%s does not outlive a killed command", async (op) => {
  const running = world.start("liveops", ["run", op, "--json"]);
  await running.says("stdout", "stage:entered");
  running.signal("SIGKILL");
  // The output is at its end when the operation's own process is gone too, having cancelled.
  expect((await running.ended).stdout).toContain('"state":"cancelled"');
});

test("a loop that asks for nothing does not outlive a killed command either, nor does what it started", async () => {
  const mark = join(world.dir, "orphan-mark");
  const running = world.start("liveops", ["run", "deaf", `mark=${mark}`, "busy=true"]);
  await running.says("stdout", "ignoring\n");
  const left = () => [...processesOf(`# ${mark}`), ...processesOf(`mark=${mark}`)];
  await until("its child runs", () => processesOf(`# ${mark}`).length > 0);
  running.signal("SIGKILL");
  await until("nothing of it is left", () => left().length === 0);
  const temporary = () =>
    readdirSync(join(world.dir, "tmp")).filter((name) => name.startsWith("liveops-run-"));
  await until("nor its temporary directory", () => temporary().length === 0);
});

test("one whose output nobody reads any more is cancelled, and is no success", async () => {
  const running = world.start("liveops", ["run", "gate", `file=${join(world.dir, "never")}`]);
  await running.says("stdout", "line 2");
  running.child.stdout?.destroy();
  expect((await running.ended).code).toBe(6);
});

test("a loop that never yields notices that nobody reads its output any more", async () => {
  const running = world.start("liveops", [
    "run",
    "spin-track",
    `until=${join(world.dir, "never")}`,
  ]);
  await running.says("stdout", "turn 0");
  running.child.stdout?.destroy();
  expect(await running.ended).toMatchObject({
    code: 6,
    stderr: expect.stringContaining("cancel requested; stopping"),
  });
});

test("an operation that writes to the pipe between the two processes says nothing by it", async () => {
  const file = world.write(
    "work/own/meddles.mjs",
    `import { writeSync } from "node:fs";
     import { LiveOperation } from "liveops";
     export class Meddles extends LiveOperation {
       static gracePeriod = 3600;
       async run(p) {
         writeSync(3, 'null\\n"unread"\\n{"gracePeriod":"soon"}\\n{"unread":1}\\nno JSON\\n');
         p.log("meddled");
         await new Promise((_, stop) => {
           p.signal.addEventListener("abort", () => stop(p.signal.reason));
           setInterval(() => {}, 1000);
         });
       }
     }`,
  );
  const running = world.start("liveops", ["run", "--ops", dirname(file), "meddles"]);
  await running.says("stdout", "meddled");
  running.signal("SIGINT");
  expect((await running.ended).code).toBe(6);
});

test("what files print while loaded and asked is no data, and nothing a terminal obeys; zod speaks other languages", async () => {
  const file = world.write(
    "work/talks/talks.mjs",
    `import { LiveOperation, z } from "liveops";
     console.log("loading \\x1b[31m");
     process.stdout.write("unended");
     export class TalksAtLoad extends LiveOperation {
       static params = z.object({ n: z.number().refine(() => { console.log("refining"); return true; }) });
       static stages = () => { console.error("staging"); return ["Say"]; };
       async run(p) {
         await p.stage("Say", () => console.log("said"));
         z.config(z.locales.de());
         p.result({ message: z.string().safeParse(3).error.issues[0].message, languages: Object.keys(z.locales).length });
         z.config(z.locales.en());
       }
     }`,
  );
  const { code, stdout, stderr } = await world.liveops([
    "run",
    "--ops",
    dirname(file),
    "talks-at-load",
    "n=1",
    "--json",
  ]);
  expect(code, stderr).toBe(0);
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ type: "operation:submitted" });
  expect(lines.flatMap(({ stage, text }) => (text === "said" ? [stage] : []))).toEqual(["Say"]);
  const { result } = lines.findLast((line) => line.result !== undefined);
  expect(result).toEqual({
    message: expect.stringMatching(/^Ungültige Eingabe: /),
    languages: expect.any(Number),
  });
  expect(result.languages).toBeGreaterThan(10);
  expect(stderr).toBe("loading \\x1b[31m\nunended\nrefining\nstaging\n");
});

test("on a terminal: a bar that is drawn over, gone at the end; ctrl-C by the keyboard", async () => {
  const gate = join(world.dir, "terminal-gate");
  await using bar = onTerminal(world, "liveops", ["run", "load-process-save", "delayMs=5"]);
  await bar.screen.until(/%.*Lines/);
  expect(await bar.exited).toBe(0);
  expect(bar.screen.text()).toContain("=== [3/3] Save ===");
  expect(bar.screen.text()).not.toMatch(/%.*Lines/);

  await using typed = onTerminal(world, "liveops", ["run", "gate", `file=${gate}`]);
  await typed.screen.until("line 5");
  typed.press("\x03");
  expect(await typed.exited).toBe(6);
});
