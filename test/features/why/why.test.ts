/**
 * `why` with a real daemon and a real git checkout: what failed, what changed, what waits; and that
 * it is kept.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test, vi } from "vitest";
import { firstNewLine } from "../../../daemon/features/why/new-line.js";
import { localFiles } from "../../../daemon/run-files/runs.js";
import type { Operation } from "../../../protocol/operation.js";
import { MOST_WHY, type Why, whySchema } from "../../../protocol/why.js";
import { useDaemon } from "../../harness/daemon.js";
import { commitAll, git, gitAt } from "../../harness/git.js";

const OPS = {
  "inner.yaml": "stages: [{ name: pack, run: exit 1, outputs: [file] }]",
  "outer.yaml": "stages: [{ name: Build, op: inner.yaml }]",
  "work.mjs": `
    import { existsSync, mkdirSync, rmdirSync } from "node:fs";
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
    }
    /** Fails in a directory that has the file \`no\`. */
    export class Check extends LiveOperation {
      async run() { if (existsSync("no")) throw new Error("no"); }
    }
    /** Its directory is gone while it runs, and at its end where the file is there. */
    export class Moves extends LiveOperation {
      static params = z.object({ file: z.string() });
      async run() {
        const dir = process.cwd();
        rmdirSync(dir);
        if (existsSync(this.params.file)) throw new Error("gone");
        mkdirSync(dir);
      }
    }
    export class Talks extends LiveOperation {
      static params = z.object({ file: z.string() });
      async run(p) {
        for (let n = 0; n < 6000; n++) p.log("line " + n);
        if (!existsSync(this.params.file)) return;
        p.log("boom");
        throw new Error("boom");
      }
    }`,
};

const shell = (command: string) => ({ params: { script: command } });
const kinds = ({ changes }: Why) => changes.map(({ kind }) => kind);
const named = ({ changes }: Why, kind: string) => changes.filter((change) => change.kind === kind);

/**
 * A git for the daemon: it refuses the repository `refused` for its owner, and waits in `late` for
 * a gate.
 */
const bin = mkdtempSync(join(tmpdir(), "liveops-git-"));
const gitGate = join(bin, "gate");
const realGit = execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
writeFileSync(
  join(bin, "git"),
  `#!/bin/sh
case "$*" in
  *"/refused "*) echo "fatal: detected dubious ownership in repository at '/refused'" >&2; exit 128 ;;
  *"/late "*) while [ ! -e '${gitGate}' ]; do sleep 0.02; done ;;
esac
exec '${realGit}' "$@"
`,
  { mode: 0o755 },
);
afterAll(() => rmSync(bin, { recursive: true }));

const daemon = useDaemon({ ops: OPS, concurrency: 1, env: { PATH: `${bin}:${process.env.PATH}` } });

function makeDirectory(name: string): string {
  const dir = join(daemon.world.dir, name);
  mkdirSync(dir);
  return dir;
}

async function ran(op: string, body: object): Promise<Operation> {
  return daemon.untilFinished((await daemon.submit(op, body)).id);
}

// Each test compares with the last success of its own type, parameters or directory: the first
// finds none. Those of `pipeline` fail first.

test("a first run, a directory and a type that are gone, and no git", async () => {
  const first = await ran("shell", shell("echo only; exit 3"));
  expect(await daemon.client.why(first.id)).toMatchObject({
    since: null,
    changes: [],
    summary: "Stage Run failed: exit code 3",
    notes: ["It has not succeeded before, so that nothing can be compared."],
  });

  const cwd = makeDirectory("gone");
  const file = join(daemon.world.dir, "fail-gone");
  const body = { cwd, params: { file } };
  await ran("moves", body);
  writeFileSync(file, "");
  const bad = await ran("moves", body);
  expect(await daemon.client.why(bad.id)).toMatchObject({
    state: "failed",
    notes: [],
    since: expect.anything(),
  });

  await ran("work", {});
  const ops = join(daemon.world.opsDir, "work.mjs");
  writeFileSync(ops, OPS["work.mjs"].replace("// FAIL HERE", "throw 1;"));
  onTestFinished(() => writeFileSync(ops, OPS["work.mjs"]));
  const work = await ran("work", {});
  expect(await daemon.client.why(work.id)).toMatchObject({ machine: expect.anything() });
  rmSync(ops);
  rmSync(join(daemon.world.stateDir, "runs", work.id, "why.json"));
  const again = await daemon.client.why(work.id);
  expect(again).toMatchObject({ state: "failed", machine: null });
  await expect(daemon.client.why("zzzzzz")).rejects.toMatchObject({
    code: "LIVEOPS_NO_SUCH_OPERATION",
  });
});

test("a repository that git refuses, for its owner", async () => {
  const repo = makeDirectory("refused");
  await ran("check", { cwd: repo });
  writeFileSync(join(repo, "no"), "");
  const bad = await ran("check", { cwd: repo });
  expect(await daemon.client.why(bad.id)).toMatchObject({
    notes: [
      `Another user owns the repository of ${repo}, and git refuses it: what changed is not known.`,
    ],
  });
});

test("what git tells late is pending, then whole and kept", async () => {
  const repo = makeDirectory("late");
  writeFileSync(join(repo, "notes"), "one\n");
  commitAll(repo);
  await ran("check", { cwd: repo });
  git(repo, "commit", "-q", "--allow-empty", "-m", "second");
  writeFileSync(join(repo, "no"), "");
  const { id } = await ran("check", { cwd: repo });
  expect(await daemon.client.why(id, { partial: true })).toMatchObject({
    pending: true,
    changes: [],
    notes: ["More is being found out."],
    machine: expect.anything(),
  });
  writeFileSync(gitGate, "");
  const whole = await daemon.client.why(id);
  expect(whole.pending).toBeUndefined();
  expect(named(whole, "commit")).toMatchObject([{ now: "Ada: second" }]);
  expect(whole.machine).not.toBeNull();
  expect(await daemon.client.why(id, { partial: true })).toEqual(whole);
});

test("a failure in a checkout: the script with its diff, the commit with its author, the line that is new", async () => {
  const repo = makeDirectory("repo");
  const script = join(repo, "deploy.sh");
  const write = (...lines: string[]) =>
    writeFileSync(script, ["#!/bin/sh", ...lines, ""].join("\n"));
  write('echo "begins at $(date)"', "echo target ok");
  chmodSync(script, 0o755);
  commitAll(repo);
  const body = {
    cwd: repo,
    env: { PATH: process.env.PATH!, OLD: "1", SAME: "1" },
    ...shell("./deploy.sh"),
  };
  const good = await ran("shell", body);
  expect(good.state).toBe("succeeded");
  write('echo "begins at $(date)"', "echo no route to 10.0.0.7", "exit 7");
  // In the second of the success: times of git have no fractions.
  gitAt(good.startedAt!, repo, "commit", "-qam", "deploy: check the route");
  const commit = git(repo, "rev-parse", "--short", "HEAD");

  const bad = await ran("shell", {
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
  expect(named(why, "commit")).toMatchObject([
    { name: commit, now: "Ada: deploy: check the route" },
  ]);
  expect(named(why, "script")).toEqual([
    {
      kind: "script",
      name: "deploy.sh",
      diff: [
        ' echo "begins at $(date)"',
        "-echo target ok",
        "+echo no route to 10.0.0.7",
        "+exit 7",
      ],
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
  expect(why.next.map(({ command }) => command)).toContain(
    `liveops why ${bad.id} --against ${good.id}`,
  );
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
  const [one, two] = ["one", "two"].map(makeDirectory);
  await ran("work", { cwd: one });
  const ops = join(daemon.world.opsDir, "work.mjs");
  writeFileSync(ops, OPS["work.mjs"].replace("// FAIL HERE", 'throw new Error("no room");'));
  onTestFinished(() => writeFileSync(ops, OPS["work.mjs"]));
  const bad = await ran("work", { cwd: two, params: { target: "prod" } });
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
  const file = join(daemon.world.dir, "boom");
  const good = await ran("talks", { params: { file } });
  writeFileSync(file, "");
  const bad = await ran("talks", { params: { file } });
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
    const { id } = await ran("pipeline", { params: { text: steps(lint) } });
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

test("what failed inside of an operation inside of it can be taken as done, with its outputs", async () => {
  const { id } = await ran("outer", {});
  const { next } = await daemon.client.why(id);
  expect(next[1]!.command).toBe(`liveops retry ${id} --done Build/pack --output file=...`);
});

test("a failure after all stages is retried without them", async () => {
  const text = "stages: [{ name: Build, run: 'true' }]\nthen: { op: nowhere }";
  const why = await daemon.client.why((await ran("pipeline", { params: { text } })).id);
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
  await ran("pipeline", { params: { text } });
  const { id } = await ran("pipeline", { params: { text, params: { v: "other", same: "one" } } });
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
  const why = await daemon.client.why((await ran("pipeline", { params: { text } })).id);
  expect(why.since).toMatchObject({ id });
  expect(named(why, "log")).toEqual([]);
  expect(why.failure).toMatchObject({
    stage: "Build",
    command: null,
    exit: "exit code 3",
    place: { line: 5 },
  });
});
