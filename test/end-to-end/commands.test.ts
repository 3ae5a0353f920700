/** Every command against a real daemon: what is data, what is a message, and each exit code. */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { newId } from "../../protocol/id.js";
import type { Operation } from "../../protocol/operation.js";
import { binFile } from "./bins.js";
import { until } from "./until.js";
import { useWorld, World } from "./world.js";

const PASSING = `import { LiveOperation } from "liveops";
export class Passing extends LiveOperation { async run() {} }
`;

const world = useWorld({ examples: true, operations: ["gate", "dies"] });
afterEach(() => world.quiet());
const never = join(world.dir, "never");

async function aRunningOne(): Promise<string> {
  const id = await world.submit("gate", `file=${never}`);
  await world.record(id, ({ currentStage }) => currentStage === 1);
  return id;
}

function jsonLines<T>(text: string): T[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}

describe("looking", () => {
  test("show, logs and ls: without an id the newest, with one or a prefix of it that one", async () => {
    const id = await world.submit("shell", "args=echo", "args=hello there");
    await world.finished(id);
    for (const words of [["show"], ["show", id], ["show", id.slice(0, 5)]]) {
      const { code, stdout, stderr } = await world.liveops(words);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain(`${id}  shell  ✓ succeeded`);
      expect(stdout).toContain("exitCode=0");
    }
    expect(await world.liveops(["logs"])).toMatchObject({
      code: 0,
      stdout: "$ echo 'hello there'\nhello there\n",
      stderr: "",
    });
    const [, line] = jsonLines((await world.liveops(["logs", id, "--json"])).stdout);
    expect(line).toMatchObject({ n: 2, attempt: 1, stage: "Run", text: "hello there" });
    expect((await world.liveops(["ls"])).stdout).toContain(id);
    const record = JSON.parse((await world.liveops(["show", id, "--json"])).stdout) as Operation;
    expect(record).toMatchObject({ id, op: "shell", state: "succeeded", cwd: world.work, percent: 100 });
    const listed = JSON.parse((await world.liveops(["ls", "--json", "--op", "shell"])).stdout) as Operation[];
    expect(listed.map((operation) => operation.id)).toContain(id);
  });

  test("ls --state, --op and --limit choose; a wrong state is exit 2 and names the right ones", async () => {
    await world.liveops(["submit", "shell", "--wait", "--", "false"]);
    await world.liveops(["submit", "shell", "--wait", "--", "false"]);
    const list = async (...words: string[]) =>
      JSON.parse((await world.liveops(["ls", "--json", ...words])).stdout) as Operation[];
    const failed = await list("--state", "failed");
    expect(new Set(failed.map(({ state }) => state))).toEqual(new Set(["failed"]));
    expect(failed.length).toBeGreaterThan(1);
    expect(await list("--state", "failed", "--limit", "1")).toHaveLength(1);
    expect(await list("--op", "prune-backups")).toEqual([]);
    const wrong = await world.liveops(["ls", "--state", "broken"]);
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    expect(wrong.stderr).toContain("succeeded");
  });

  test("ops lists types, stages and parameters; --json with their schemas", async () => {
    const { code, stdout, stderr } = await world.liveops(["ops"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const word of [
      "backup",
      "verify-backup",
      "prune-backups",
      "shell",
      "Scan, Archive, Checksum",
      "gate",
    ])
      expect(stdout).toContain(word);
    const types = JSON.parse((await world.liveops(["ops", "--json"])).stdout);
    expect(types.errors).toEqual([]);
    const gate = types.ops.find(({ op }: { op: string }) => op === "gate");
    expect(gate).toMatchObject({ stages: ["Open", "Wait", "Close"], params: { required: ["file"] } });
  });

  test("watch --json: events and lines, one a line, in order, each with its operation's id", async () => {
    const id = await world.submit("shell", "args=seq", "args=5");
    const { code, stdout, stderr } = await world.liveops(["watch", id, "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = jsonLines<{ id: string; type: string; seq?: number; text?: string }>(stdout);
    expect(new Set(lines.map((line) => line.id))).toEqual(new Set([id]));
    expect(lines[0]).toMatchObject({ type: "operation:submitted", seq: 1 });
    expect(lines.at(-1)).toEqual({ id, type: "end", state: "succeeded" });
    expect(lines.filter(({ type }) => type === "log:line").map(({ text }) => text)).toEqual([
      "$ seq 5",
      "1",
      "2",
      "3",
      "4",
      "5",
    ]);
    const seqs = lines.flatMap(({ seq }) => seq ?? []);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
  });

  test("logs -n, and -f until it is finished", async () => {
    const id = await world.submit("gate", `file=${join(world.dir, "logs-gate")}`);
    const follow = world.start("liveops", ["logs", id, "-f"]);
    await follow.says("stdout", "line 20\n");
    world.write("logs-gate", "");
    const { code, stdout } = await follow.ended;
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n")).toEqual(await world.lines(id));
    const last = await world.liveops(["logs", id, "-n", "2"]);
    expect(last.stdout.trimEnd().split("\n")).toEqual((await world.lines(id)).slice(-2));
  });
});

describe("exit codes", () => {
  test("1: it failed, and stderr says why and where to read more", async () => {
    const ended = await world.liveops(["submit", "fail-at-item", "--wait"]);
    const id = ended.stdout.trim();
    expect(ended).toMatchObject({ code: 1, stdout: `${id}\n` });
    expect(ended.stderr).toContain(`item 13 of 20 failed; see: liveops show ${id}`);
    expect((await world.liveops(["wait", id])).code).toBe(1);
    expect((await world.liveops(["watch", id])).code).toBe(1);
    const followed = await world.liveops(["submit", "fail-at-item", "--follow"]);
    expect(followed.code).toBe(1);
    expect(followed.stderr).toContain("failed: item 13 of 20 failed");
    expect(followed.stdout).not.toContain("failed:");
  });

  test.each([
    [["submit"], "missing"],
    [["submit", "backup"], "source is required"],
    [["submit", "backup", "sorce=."], "Did you mean source?"],
    [["submit", "backup", "source=.", "target=a", "target=b"], "target"],
    [["submit", "backup", "source=.", "target=t", "keep=many"], "keep"],
    [["submit", "backup", "--params", "{"], "JSON"],
    [["submit", "backup", "--", "x"], "args"],
    [["wait", "abc", "--timeout", "soon"], "30s"],
    [
      ["submit", "shell", "--label", "x".repeat(201), "--", "true"],
      "--label has 201 characters; the limit is 200",
    ],
    [
      ["run", "shell", "--label", "x".repeat(201), "--", "true"],
      "--label has 201 characters; the limit is 200",
    ],
    [["frobnicate"], "unknown command"],
    [["ls", "--nonsense"], "--nonsense"],
  ])("2: %j", async (words, says) => {
    const ended = await world.liveops(words);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain(says);
  });

  test("4: near names of a mistyped type, no such id", async () => {
    const type = await world.liveops(["submit", "bakup", "source=."]);
    expect(type).toMatchObject({ code: 4, stdout: "" });
    expect(type.stderr).toContain(
      'No such operation type: there is no operation type "bakup"; did you mean backup?',
    );
    const none = await world.liveops(["show", "zzzzzz"]);
    expect(none).toMatchObject({ code: 4, stdout: "" });
    expect(none.stderr).toContain("liveops ls");
    for (const words of [
      ["ls", "--op", "shel"],
      ["ls", "--op", "shel", "--json"],
      ["ls", "--op", "shel", "--watch"],
    ]) {
      const listing = await world.liveops(words);
      expect(listing).toMatchObject({ code: 4, stdout: "" });
      expect(listing.stderr).toContain('there is no operation type "shel"; did you mean shell?');
    }
    for (const words of [
      ["logs", "zzzz"],
      ["watch", "zzzz"],
      ["wait", "zzzz"],
      ["cancel", "zzzz"],
      ["retry", "zzzz"],
      ["rm", "zzzz"],
    ])
      expect(await world.liveops(words), words.join(" ")).toMatchObject({ code: 4, stdout: "" });
  });

  test("4: an ambiguous prefix, with the ids it fits", async () => {
    const crowd = new World().make();
    onTestFinished(() => crowd.close());
    crowd.takeOperations("gate");
    await crowd.startDaemon(["--concurrency", "1"]);
    const byPrefix = new Map<string, string[]>();
    let pair: string[] | undefined;
    // Ids are random: with some hundred of them two begin alike.
    while (!pair) {
      const body = { op: "gate", params: { file: never } };
      const batch = await Promise.all(Array.from({ length: 50 }, () => crowd.client.submit(body, newId())));
      for (const { id } of batch) {
        const alike = [...(byPrefix.get(id.slice(0, 3)) ?? []), id];
        byPrefix.set(id.slice(0, 3), alike);
        if (alike.length > 1) pair = alike;
      }
    }
    const ambiguous = await crowd.liveops(["show", pair[0]!.slice(0, 3)]);
    expect(ambiguous).toMatchObject({ code: 4, stdout: "" });
    for (const id of pair) expect(ambiguous.stderr).toContain(id);
  });

  test("5: what its state does not allow", async () => {
    const id = await aRunningOne();
    for (const words of [
      ["rm", id],
      ["retry", id],
    ]) {
      const refused = await world.liveops(words);
      expect(refused, words.join(" ")).toMatchObject({ code: 5, stdout: "" });
      expect(refused.stderr).toContain("running");
    }
    expect(await world.liveops(["cancel", id, "--wait"])).toMatchObject({ code: 0 });
  });

  test("6: it was cancelled, for all who wait for it", async () => {
    const submitting = world.start("liveops", ["submit", "gate", `file=${never}`, "--wait"]);
    await submitting.says("stdout", "\n");
    const id = submitting.stdout.trim();
    const [watching, waiting] = [world.start("liveops", ["watch", id]), world.start("liveops", ["wait", id])];
    await watching.says("stdout", "line 1\n");
    const cancel = await world.liveops(["cancel", id]);
    expect(cancel).toMatchObject({ code: 0, stderr: "" });
    for (const running of [submitting, watching, waiting]) expect((await running.ended).code).toBe(6);
    expect(waiting.stdout).toBe(`${id} cancelled\n`);
    expect(await world.client.show(id)).toMatchObject({
      state: "cancelled",
      stageStates: { Wait: "cancelled" },
    });
  });

  test("124: wait --timeout ran out; it goes on", async () => {
    const id = await aRunningOne();
    const waited = await world.liveops(["wait", id, "--timeout", "1s"]);
    expect(waited).toMatchObject({ code: 124, stdout: "" });
    expect(waited.stderr).toContain(id);
    expect((await world.client.show(id)).state).toBe("running");
    await world.liveops(["cancel", id, "--wait"]);
  });

  test("130: ctrl-C on watch, wait and submit --follow leaves it running, and says so", async () => {
    const following = world.start("liveops", ["submit", "gate", `file=${never}`, "--follow"]);
    await following.says("stdout", "line 1\n");
    const id = /^submitted (\w+)/.exec(following.stderr)![1]!;
    const watching = world.start("liveops", ["watch", id]);
    await watching.says("stdout", "line 1\n");
    for (const running of [following, watching]) {
      running.signal("SIGINT");
      const ended = await running.ended;
      expect(ended.code).toBe(130);
      expect(ended.stderr).toContain(`${id} continues`);
    }
    expect((await world.client.show(id)).state).toBe("running");
    await world.liveops(["cancel", id, "--wait"]);
  });
});

test("wait for several: any failed is 1; --any ends with the first", async () => {
  const good = await world.submit("shell", "args=true");
  const bad = await world.submit("shell", "args=false");
  const all = await world.liveops(["wait", good, bad]);
  expect(all.code).toBe(1);
  expect(all.stdout.trimEnd().split("\n").sort()).toEqual([`${bad} failed`, `${good} succeeded`].sort());
  const slow = await aRunningOne();
  const any = await world.liveops(["wait", slow, good, "--any"]);
  expect(any).toMatchObject({ code: 0, stdout: `${good} succeeded\n` });
  await world.liveops(["cancel", slow, "--wait"]);
});

test("wait without an id takes the newest; --all all that are live", async () => {
  const slow = await aRunningOne();
  const newest = await world.submit("shell", "args=false");
  expect(await world.liveops(["wait"])).toMatchObject({ code: 1, stdout: `${newest} failed\n` });
  const other = await aRunningOne();
  const all = world.start("liveops", ["wait", "--all"]);
  const any = world.start("liveops", ["wait", "--all", "--any", "--json"]);
  await until("both wait", async () => (await world.client.daemon()).watchers === 2);
  await world.liveops(["cancel", slow]);
  const [line = ""] = (await any.ended).stdout.split("\n");
  expect(JSON.parse(line)).toMatchObject({ id: slow, state: "cancelled" });
  await world.liveops(["cancel", other]);
  const ended = await all.ended;
  expect(ended).toMatchObject({ code: 6, stdout: `${slow} cancelled\n${other} cancelled\n` });
  expect((await world.liveops(["wait", "--all"])).stderr).toContain("no live operations");
});

test("a mistyped stage of a retry is wrong usage, with near names", async () => {
  const id = await world.submit("resumes", `bomb=${world.write("bomb", "")}`, "fails=true");
  await world.inState(id, "failed");
  const wrong = await world.liveops(["retry", id, "--from", "secnd"]);
  expect(wrong).toMatchObject({ code: 2, stdout: "" });
  expect(wrong.stderr).toContain(
    '"secnd" is not a stage of resumes; did you mean Second? Its stages: First, Second, Third',
  );
});

test("a type that is gone is listed by its operations", async () => {
  world.write("config/liveops/ops/passing.js", PASSING);
  const id = await world.submit("passing");
  await world.finished(id);
  rmSync(join(world.ops, "passing.js"));
  expect((await world.liveops(["ls", "--op", "passing"])).stdout).toContain(id);
  const none = await world.liveops(["ls", "--op", "passing", "--state", "failed", "--json"]);
  expect(none).toEqual({ code: 0, signal: null, stdout: "[]\n", stderr: "" });
});

test("--json of each command is one value, or one a line", async () => {
  const id = await aRunningOne();
  const failed = (await world.liveops(["submit", "fail-at-item", "--wait"])).stdout.trim();
  for (const words of [
    ["submit", "shell", "args=true"],
    ["ls"],
    ["show", id],
    ["logs", failed],
    ["watch", failed],
    ["retry", failed],
    ["wait", failed],
    ["wait", failed, id, "--any"],
    ["cancel", id, "--wait"],
    ["rm", failed],
    ["ops"],
    ["new", "Some", "--dir", "json-new"],
  ]) {
    const { stdout, stderr, code } = await world.liveops([...words, "--json"]);
    expect(stdout, `${words.join(" ")}: ${stderr}`).not.toBe("");
    for (const line of jsonLines(stdout)) expect(line, words.join(" ")).toBeTypeOf("object");
    expect([0, 1], words.join(" ")).toContain(code);
  }
});

test.each(["ls", "ls --json", "ops", "logs", "--help"])(
  "liveops %s | head: a reader that leaves early is no fault",
  (words) => {
    const command = `"${process.execPath}" "${binFile("liveops")}" ${words} | head -n 1`;
    const piped = spawnSync("sh", ["-c", command], { env: world.env, cwd: world.work, encoding: "utf8" });
    expect(piped).toMatchObject({ status: 0, stderr: "" });
  },
);

test("retry runs a failed one again, as its next attempt; rm removes, --finished all of them", async () => {
  const id = (await world.liveops(["submit", "fail-at-item", "--wait"])).stdout.trim();
  expect(await world.liveops(["retry", id])).toMatchObject({ code: 0, stdout: `${id}\n`, stderr: "" });
  expect(await world.record(id, ({ attempt, state }) => attempt === 2 && state === "failed")).toBeTruthy();
  expect(await world.liveops(["rm", id])).toMatchObject({ code: 0, stdout: `${id}\n` });
  expect((await world.liveops(["show", id])).code).toBe(4);
  const kept = await aRunningOne();
  const removed = await world.liveops(["rm", "--finished"]);
  expect(removed.code).toBe(0);
  expect(removed.stdout.trimEnd().split("\n").length).toBeGreaterThan(3);
  const { operations } = await world.client.list({});
  expect(operations.map((operation) => operation.id)).toEqual([kept]);
  await world.liveops(["cancel", kept, "--wait"]);
});

test("params from --params, @file, stdin and words on top; a label; an empty stdin is no trouble", async () => {
  const file = world.write("params.json", '{"file": "from-file", "next": "x"}');
  const shown = async (words: string[], input?: string) => {
    const ended = await world.liveops(
      ["submit", "gate", "--json", ...words],
      input === undefined ? {} : { input },
    );
    expect(ended, ended.stderr).toMatchObject({ code: 0, stderr: "" });
    const { id, params, label } = JSON.parse(ended.stdout) as Operation;
    await world.client.cancel(id);
    await world.finished(id);
    return { params, label };
  };
  expect(await shown(["--params", '{"file":"a"}'])).toEqual({ params: { file: "a" }, label: null });
  expect(await shown(["--params", `@${file}`, "file=b"])).toEqual({
    params: { file: "b", next: "x" },
    label: null,
  });
  expect(await shown(["--params", "-", "--label", "nightly"], '{"file":"c"}')).toEqual({
    params: { file: "c" },
    label: "nightly",
  });
});

test("each bin has --help and --version", async () => {
  for (const bin of ["liveops", "liveopsd", "liveops-tui"]) {
    const help = await world.start(bin, ["--help"]).ended;
    expect(help, bin).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining(`$ ${bin}`) });
    expect((await world.start(bin, ["--version"]).ended).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  }
});
