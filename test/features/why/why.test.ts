/** `why` with a real daemon and a real git checkout: what failed, what changed, what waits; and that it is kept. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { firstNewLine } from "../../../daemon/features/why/new-line.js";
import { localFiles } from "../../../daemon/run-files/runs.js";
import type { Operation } from "../../../protocol/operation.js";
import { MOST_WHY, type Why, whySchema } from "../../../protocol/why.js";
import { TestDaemon, useDaemon } from "../../harness/daemon.js";
import { commitAll, git, gitAt } from "../../harness/git.js";
import { temporaryDirectory } from "../../harness/temporary.js";

const OPS = {
  "work.mjs": `
    import { existsSync } from "node:fs";
    import { setTimeout as delay } from "node:timers/promises";
    import { LiveOperation, z } from "liveops";
    export class Work extends LiveOperation {
      static stages = ["Load", "Save"];
      static params = z.object({ target: z.string().default("staging"), gate: z.string().optional() });
      async run(p) {
        await p.stage("Load", () => p.log("loaded 12 rows in 3 ms"));
        await p.stage("Save", async () => {
          while (this.params.gate && !existsSync(this.params.gate)) await delay(10, undefined, { signal: p.signal });
          p.log("saved");
          // FAIL HERE
        });
      }
    }`,
};

const shell = (command: string) => ({ params: { script: command } });
const kinds = ({ changes }: Why) => changes.map(({ kind }) => kind);
const named = ({ changes }: Why, kind: string) => changes.filter((change) => change.kind === kind);

async function ran(daemon: TestDaemon, op: string, body: object): Promise<Operation> {
  return daemon.untilFinished((await daemon.submit(op, body)).id);
}

test("what git tells late is pending, then whole and kept", async () => {
  using dir = temporaryDirectory();
  const [repo, bin, gate] = ["repo", "bin", "gate"].map((name) => join(dir.path, name)) as [
    string,
    string,
    string,
  ];
  for (const made of [repo, bin]) mkdirSync(made);
  writeFileSync(join(repo, "notes"), "one\n");
  commitAll(repo);
  // The git of the daemon waits for the gate.
  const real = execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
  const lines = ["#!/bin/sh", `while [ ! -e '${gate}' ]; do sleep 0.02; done`, `exec '${real}' "$@"`];
  writeFileSync(join(bin, "git"), `${lines.join("\n")}\n`, { mode: 0o755 });
  await using daemon = await TestDaemon.start({ env: { PATH: `${bin}:${process.env.PATH}` } });
  const body = { cwd: repo, ...shell("test ! -e no") };
  await ran(daemon, "shell", body);
  git(repo, "commit", "-q", "--allow-empty", "-m", "second");
  writeFileSync(join(repo, "no"), "");
  const { id } = await ran(daemon, "shell", body);
  expect(await daemon.client.why(id, { partial: true })).toMatchObject({
    pending: true,
    changes: [],
    notes: ["More is being found out."],
    machine: expect.anything(),
  });
  writeFileSync(gate, "");
  const whole = await daemon.client.why(id);
  expect(whole.pending).toBeUndefined();
  expect(named(whole, "commit")).toMatchObject([{ now: "Ada: second" }]);
  expect(whole.machine).not.toBeNull();
  expect(await daemon.client.why(id, { partial: true })).toEqual(whole);
});

describe("bad input", () => {
  test("a first run, a directory and a type that are gone, and no git", async () => {
    await using daemon = await TestDaemon.start({ ops: OPS });
    const first = await ran(daemon, "shell", shell("echo only; exit 3"));
    expect(await daemon.client.why(first.id)).toMatchObject({
      since: null,
      changes: [],
      summary: "Stage Run failed: exit code 3",
      notes: ["It has not succeeded before, so that nothing can be compared."],
    });

    const cwd = join(daemon.world.dir, "gone");
    mkdirSync(cwd);
    const flag = join(daemon.world.dir, "flag");
    await ran(daemon, "shell", {
      cwd,
      ...shell(`rmdir ${cwd}; if [ -e ${flag} ]; then exit 1; fi; mkdir ${cwd}`),
    });
    writeFileSync(flag, "");
    const bad = await ran(daemon, "shell", {
      cwd,
      ...shell(`rmdir ${cwd}; if [ -e ${flag} ]; then exit 1; fi; mkdir ${cwd}`),
    });
    expect(await daemon.client.why(bad.id)).toMatchObject({
      state: "failed",
      notes: [],
      since: expect.anything(),
    });

    await ran(daemon, "work", {});
    writeFileSync(join(daemon.world.opsDir, "work.mjs"), OPS["work.mjs"].replace("// FAIL HERE", "throw 1;"));
    const work = await ran(daemon, "work", {});
    expect(await daemon.client.why(work.id)).toMatchObject({ machine: expect.anything() });
    rmSync(join(daemon.world.opsDir, "work.mjs"));
    rmSync(join(daemon.world.stateDir, "runs", work.id, "why.json"));
    const again = await daemon.client.why(work.id);
    expect(again).toMatchObject({ state: "failed", machine: null });
    await expect(daemon.client.why("zzzzzz")).rejects.toMatchObject({ code: "LIVEOPS_NO_SUCH_OPERATION" });
  });

  test("a repository that git refuses, for its owner", async () => {
    using dir = temporaryDirectory();
    const [repo, bin] = [join(dir.path, "repo"), join(dir.path, "bin")] as const;
    for (const made of [repo, bin]) mkdirSync(made);
    // A program in the place of git, which refuses as git does.
    writeFileSync(
      join(bin, "git"),
      `#!/bin/sh\necho "fatal: detected dubious ownership in repository at '${repo}'" >&2\nexit 128\n`,
      { mode: 0o755 },
    );
    await using refusing = await TestDaemon.start({ env: { PATH: `${bin}:${process.env.PATH}` } });
    await ran(refusing, "shell", { cwd: repo, ...shell("test ! -e no") });
    writeFileSync(join(repo, "no"), "");
    const bad = await ran(refusing, "shell", { cwd: repo, ...shell("test ! -e no") });
    expect(await refusing.client.why(bad.id)).toMatchObject({
      notes: [`Another user owns the repository of ${repo}, and git refuses it: what changed is not known.`],
    });
  });
});

// Each test compares with the last success of its own type, parameters or directory. Those of `pipeline` fail first.
describe("with one daemon", () => {
  const daemon = useDaemon({ ops: OPS, concurrency: 1 });

  test("a failure in a checkout: the script with its diff, the commit with its author, the line that is new", async () => {
    const repo = join(daemon.world.dir, "repo");
    mkdirSync(repo);
    const script = join(repo, "deploy.sh");
    const write = (...lines: string[]) => writeFileSync(script, ["#!/bin/sh", ...lines, ""].join("\n"));
    write('echo "begins at $(date)"', "echo target ok");
    chmodSync(script, 0o755);
    commitAll(repo);
    const body = {
      cwd: repo,
      env: { PATH: process.env.PATH!, OLD: "1", SAME: "1" },
      ...shell("./deploy.sh"),
    };
    const good = await ran(daemon, "shell", body);
    expect(good.state).toBe("succeeded");
    write('echo "begins at $(date)"', "echo no route to 10.0.0.7", "exit 7");
    // In the second of the success: times of git have no fractions.
    gitAt(good.startedAt!, repo, "commit", "-qam", "deploy: check the route");
    const commit = git(repo, "rev-parse", "--short", "HEAD");

    const bad = await ran(daemon, "shell", {
      ...body,
      env: { PATH: process.env.PATH!, SAME: "1", NEW: "2" },
    });
    const why = await daemon.client.why(bad.id);
    const file = join(daemon.world.stateDir, "runs", bad.id, "why.json");
    expect(whySchema.parse(why)).toEqual(why);
    expect(why.failure).toMatchObject({
      stage: "Run",
      step: null,
      command: "./deploy.sh",
      exit: "exit code 7",
      lines: [expect.stringContaining("begins at"), "no route to 10.0.0.7"],
    });
    expect(why.since).toMatchObject({ id: good.id });
    expect(named(why, "commit")).toMatchObject([{ name: commit, now: "Ada: deploy: check the route" }]);
    expect(named(why, "script")).toEqual([
      {
        kind: "script",
        name: "deploy.sh",
        diff: [' echo "begins at $(date)"', "-echo target ok", "+echo no route to 10.0.0.7", "+exit 7"],
      },
    ]);
    expect(named(why, "variable")).toEqual([
      { kind: "variable", name: "NEW", now: "set" },
      { kind: "variable", name: "OLD", before: "set" },
    ]);
    expect(named(why, "log")).toMatchObject([
      { now: "no route to 10.0.0.7", before: "not in the last success" },
    ]);
    expect(why.machine).toMatchObject({ cores: expect.any(Number), outOfMemory: null });
    expect(why.machine!.disks[0]!.freeBytes).toBeGreaterThan(0);
    expect(why.machine!.processes.length).toBeGreaterThan(0);
    expect(why.next.map(({ command }) => command)).toContain(`liveops why ${bad.id} --against ${good.id}`);
    expect(JSON.stringify(why)).not.toContain('"2"');

    // The same next week: after other commits, by another daemon, and without the checkout.
    git(repo, "commit", "-q", "--allow-empty", "-m", "later");
    rmSync(repo, { recursive: true });
    await daemon.stop();
    await daemon.startAgain();
    expect(await daemon.client.why(bad.id)).toEqual(why);
    expect(readFileSync(file).length).toBeLessThanOrEqual(MOST_WHY);
    await daemon.client.remove(bad.id);
    expect(existsSync(file)).toBe(false);
  });

  test("what a queued and a running operation wait for, and what a success left out", async () => {
    const { client } = daemon;
    const gate = join(daemon.world.dir, "gate");
    const running = await daemon.submit("work", { params: { gate } });
    await vi.waitFor(async () => expect((await client.show(running.id)).currentStage).toBe(1), {
      timeout: 60_000,
    });
    expect(await client.why(running.id)).toMatchObject({
      state: "running",
      summary: "It runs as usual.",
      waits: [],
    });
    await client.pause(running.id);
    expect((await client.why(running.id)).waits).toEqual([
      { what: "it is paused", until: `liveops resume ${running.id}`, at: null },
    ]);
    await client.resume(running.id);

    const next = await daemon.submit("work", {});
    expect((await client.why(next.id)).waits).toMatchObject([
      { what: "it is number 1 in the queue default" },
    ]);
    const after = await daemon.submit("work", { after: [running.id] });
    expect((await client.why(after.id)).waits).toMatchObject([
      { what: "it waits for another operation", until: `the end of ${running.id} (work, running)` },
    ]);
    const notBefore = new Date(Date.now() + 3_600_000).toISOString();
    const later = await daemon.submit("work", { notBefore });
    expect((await client.why(later.id)).waits).toEqual([
      { what: "its start time has not come", until: "the time", at: notBefore },
    ]);
    await client.pauseQueue({ queue: "default" });
    expect((await client.why(next.id)).waits).toEqual([
      { what: "the queue default is paused", until: "liveops resume --queue default", at: null },
    ]);
    expect((await client.why(after.id)).waits).toHaveLength(2);
    await client.resumeQueue({ queue: "default" });
    await client.cancel(later.id);
    expect(await client.why(later.id)).toMatchObject({
      state: "cancelled",
      summary: "Somebody cancelled it.",
    });
    writeFileSync(gate, "");
    await daemon.untilFinished(after.id);
    expect(await client.why(after.id)).toMatchObject({
      state: "succeeded",
      summary: "It succeeded.",
      left: [],
    });
  });

  test("the text of a type in code, its parameters and its directory, without git", async () => {
    const [one, two] = ["one", "two"].map((name) => join(daemon.world.dir, name));
    for (const dir of [one!, two!]) mkdirSync(dir);
    await ran(daemon, "work", { cwd: one });
    const ops = join(daemon.world.opsDir, "work.mjs");
    writeFileSync(ops, OPS["work.mjs"].replace("// FAIL HERE", 'throw new Error("no room");'));
    onTestFinished(() => writeFileSync(ops, OPS["work.mjs"]));
    const bad = await ran(daemon, "work", { cwd: two, params: { target: "prod" } });
    expect(bad.error?.message).toBe("no room");
    const why = await daemon.client.why(bad.id);
    expect(kinds(why)).toEqual(["script", "parameter", "directory"]);
    expect(named(why, "script")[0]!.diff).toContain('+          throw new Error("no room");');
    expect(named(why, "parameter")).toEqual([
      { kind: "parameter", name: "target", before: "default staging", now: "prod" },
    ]);
    expect(named(why, "directory")).toMatchObject([{ before: one, now: two }]);
    expect(why.failure).toMatchObject({
      stage: "Save",
      exit: null,
      place: { file: ops, line: expect.any(Number) },
    });
    expect(why.failure!.source!.lines.join("\n")).toContain('throw new Error("no room");');
  });

  test("a long log: its beginning and its end are compared, and the failure has its last lines", async () => {
    const flag = join(daemon.world.dir, "flag");
    const script = `seq 30000; if [ -e ${flag} ]; then echo boom; exit 1; fi`;
    const good = await ran(daemon, "shell", shell(script));
    writeFileSync(flag, "");
    const bad = await ran(daemon, "shell", shell(script));
    expect(await daemon.client.why(bad.id)).toMatchObject({
      failure: { lines: expect.arrayContaining(["boom"]) },
    });
    const logOf = ({ id, logLines }: Operation) => ({
      files: localFiles(join(daemon.world.stateDir, "runs", id)),
      attempt: 1,
      lines: logLines,
    });
    expect(await firstNewLine(logOf(bad), [logOf(good)])).toMatchObject({
      line: { text: "boom", n: bad.logLines },
      runs: 1,
      isPartial: true,
    });
  });

  test("a retry of the first stage goes on where some of its steps are done", async () => {
    const steps = (lint: string) => `
stages:
  - name: Check
    on_failure: finish
    parallel:
      - { name: lint, run: "${lint}" }
      - { name: unit, run: exit 3 }`;
    const next = async (lint: string) => {
      const { id } = await ran(daemon, "pipeline", { params: { text: steps(lint) } });
      const why = await daemon.client.why(id);
      return [
        why.summary,
        ...why.next.slice(0, 2).map(({ command, does }) => `${command.split(id)[1]} ${does}`),
      ];
    };
    expect(await next("true")).toEqual([
      "Step unit of stage Check failed: exit code 3",
      " goes on from Check",
      " --done Check/unit goes on: you have done it by hand",
    ]);
    expect(await next("exit 4")).toEqual([
      expect.stringContaining("Stage Check failed: 2 of 2 steps failed: "),
      " runs it once more",
      " --done Check goes on: you have done it by hand",
    ]);
  });

  test("a failure after all stages is retried without them", async () => {
    const text = "stages: [{ name: Build, run: 'true' }]\nthen: { op: nowhere }";
    const why = await daemon.client.why((await ran(daemon, "pipeline", { params: { text } })).id);
    expect(why.next[0]!.does).toBe("repeats no stage that is done");
  });

  test("a parameter that had its default, and the causes of several steps that failed, many lines before their ends", async () => {
    const text = `
params: { v: { default: good }, same: { default: one } }
stages:
  - name: Install
    on_failure: finish
    each: { one: [a, b] }
    run: |
      [ $v = good ] && exit
      echo "ERROR: no such host $one"
      seq 12
      exit 3`;
    await ran(daemon, "pipeline", { params: { text } });
    const { id } = await ran(daemon, "pipeline", { params: { text, params: { v: "other", same: "one" } } });
    const why = await daemon.client.why(id);
    expect(named(why, "parameter")).toEqual([
      { kind: "parameter", name: "v", before: "default good", now: "other" },
    ]);
    expect(why.failure?.lines).toEqual(["ERROR: no such host a", "ERROR: no such host b"]);
  });

  test("a success that was approved is compared with all its attempts, and the name of a stage is no command", async () => {
    const flag = join(daemon.world.dir, "approved");
    const text = `
stages:
  - name: Build
    run: |
      echo built
      if [ -e ${flag} ]; then exit 3; fi
  - { name: Ask, approve: Go? }
  - { name: Deploy, run: echo deployed }`;
    const { id } = await daemon.submit("pipeline", { params: { text } });
    await vi.waitFor(
      async () =>
        expect(await daemon.client.show(id)).toMatchObject({
          state: "queued",
          approvals: [{ answer: null }],
        }),
      { timeout: 60_000 },
    );
    await daemon.client.approve(id);
    expect((await daemon.untilFinished(id)).state).toBe("succeeded");
    writeFileSync(flag, "");
    const why = await daemon.client.why((await ran(daemon, "pipeline", { params: { text } })).id);
    expect(why.since).toMatchObject({ id });
    expect(named(why, "log")).toEqual([]);
    expect(why.failure).toMatchObject({
      stage: "Build",
      command: null,
      exit: "exit code 3",
      place: { line: 5 },
    });
  });
});
