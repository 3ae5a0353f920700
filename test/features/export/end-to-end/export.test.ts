/** `liveops export` and `liveops why --against`, through the built bins: the JSON file, its schema, and the comparison. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod/mini";
import type { OperationEvent } from "../../../../protocol/event.js";
import type { Operation } from "../../../../protocol/operation.js";
import { reduceEvent } from "../../../../protocol/reduce.js";
import { type ExportedRun, exportSchema } from "../../../../tui/features/export/schema.js";
import { until } from "../../../end-to-end/until.js";
import { useWorld } from "../../../end-to-end/world.js";

const world = useWorld({ operations: ["sneaks", "links", "gate"] });

let failed: string;
let good: string;

beforeAll(async () => {
  const submit = (...words: string[]) => world.submit("sneaks", "--env", "SECRET=1", ...words);
  failed = await submit("text=a", "--label", "monday");
  good = await world.submit("sneaks", "text=b", "fail=no", "clock=11:30:00");
  await world.finished(failed);
  await world.finished(good);
  await world.client.retry(failed);
  await world.record(failed, ({ attempt, state }) => attempt === 2 && state === "failed");
});

const read = (file: string): ExportedRun => exportSchema.parse(JSON.parse(readFileSync(file, "utf8")));
const at = (name: string) => join(world.work, name);

async function exported(name: string, ...words: string[]): Promise<string> {
  const ended = await world.liveops(["export", ...words, "-o", name]);
  expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: "" });
  return at(name);
}

describe("the JSON file", () => {
  test("is the record, all events and all lines, as the daemon has them, and private", async () => {
    const file = await exported("run.json", failed);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { operations, ...head } = read(file);
    expect(head).toMatchObject({ format: "liveops-export", version: 1 });
    const [run] = operations;
    expect(operations).toHaveLength(1);
    expect(run!.record).toEqual(await world.client.show(failed));
    expect(run!.record.env).toContain("SECRET");
    expect(readFileSync(file, "utf8")).not.toContain("SECRET=1");
    const { lines } = await world.client.log(failed, { limit: 10_000 });
    expect(run!.log).toEqual(lines);
    expect(new Set(run!.log.map(({ attempt }) => attempt))).toEqual(new Set([1, 2]));
    // The events give the record. Only what is measured outside of them is missing.
    const events = run!.events as OperationEvent[];
    const reduced = events.reduce<Operation | null>((so, event) => reduceEvent(so, event), null)!;
    const { env, logLines, usage, queuePosition, ...record } = run!.record;
    expect(reduced).toMatchObject({ ...record, seq: expect.any(Number), updatedAt: expect.any(String) });
    // The sums are those of jq and sha256sum.
    const sum = (values: readonly string[]) =>
      createHash("sha256")
        .update(values.map((value) => `${value}\n`).join(""))
        .digest("hex");
    const rows = readFileSync(file, "utf8").split("\n");
    const part = (name: string) => {
      const from = rows.indexOf(`"${name}":[`) + 1;
      return rows.slice(from, rows.indexOf("],", from)).map((row) => row.replace(/,$/, ""));
    };
    expect(run!.checksums).toEqual({
      record: sum([rows.find((row) => row.startsWith('{"record":'))!.slice('{"record":'.length, -1)]),
      why: sum([rows.find((row) => row.startsWith('"why":'))!.slice('"why":'.length, -1)]),
      events: sum(part("events")),
      log: sum(part("log")),
    });
  });

  test("goes to stdout without -o, for the newest operation, with nothing that a terminal acts on", async () => {
    const { code, stdout, stderr } = await world.liveops(["export"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(exportSchema.parse(JSON.parse(stdout)).operations[0]!.record.id).toBe(good);
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
  });

  test("has all operations of a chain, in order, with large values", async () => {
    const first = await world.submit("first-link", "bytes=20000");
    await world.finished((await world.finished(first)).chain.next!);
    const { operations } = read(await exported("chain.json", first, "--chain"));
    expect(operations.map(({ record }) => [record.op, record.chain.index])).toEqual([
      ["first-link", 0],
      ["second-link", 1],
    ]);
    expect(operations[0]!.record.result).toMatchObject({ pad: "x".repeat(20_000) });
    const page = await world.liveops(["why", "chain.json", "--against", "chain.json"]);
    expect(page).toMatchObject({ code: 2, stdout: "" });
    expect(page.stderr).toContain(`name one of them: chain.json#${first}`);
    const second = operations[1]!.record.id;
    expect(await world.liveops(["why", second, "--against", `chain.json#${second}`])).toMatchObject({
      code: 0,
    });
  });

  test("of a running operation agrees with its record", async () => {
    const id = await world.submit("gate", `file=${join(world.dir, "closed")}`);
    await world.inState(id, "running");
    const { operations } = read(await exported("running.json", id));
    const { record, events, log } = operations[0]!;
    expect(record.state).toBe("running");
    expect(events.every(({ seq }) => seq <= record.seq)).toBe(true);
    expect(log).toHaveLength(record.logLines);
    await world.quiet();
  });

  test("is complete or the old one: a failed or killed export leaves no trace", async () => {
    const file = world.write("work/kept.json", "old");
    const refused = await world.liveops(["export", "zzz", "-o", file]);
    expect(refused.code).toBe(4);
    mkdirSync(at("dir"), { recursive: true });
    const dir = await world.liveops(["export", "-o", "dir"]);
    expect(dir).toMatchObject({ code: 2, stderr: expect.stringContaining("-o dir/run.json") });
    const missing = await world.liveops(["export", "-o", "no/such/run.json"]);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("cannot be written") });
    expect((await world.liveops(["export", "-o", "/dev/null"])).stderr).toContain("not a regular file");
    symlinkSync(file, at("link.json"));
    await exported("link.json", good);
    expect(read(file).operations[0]!.record.id).toBe(good);
    expect(readdirSync(world.work).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("is not written by an export that is interrupted", async () => {
    const rows = readFileSync(at("run.json"), "utf8").split("\n");
    const line = rows.findLast((row) => row.startsWith('{"n":'))!;
    // Long enough to be seen at work.
    rows.splice(rows.indexOf('"log":[') + 1, 0, Array<string>(150_000).fill(`${line},`).join("\n"));
    world.write("work/long.json", rows.join("\n"));
    const file = world.write("work/target.html", "old");
    const running = world.start("liveops", ["export", "long.json", "--html", "-o", "target.html"]);
    const isTemporary = (name: string) => name.startsWith(".target.html.");
    await until("the temporary file is there", () => readdirSync(world.work).some(isTemporary));
    running.signal("SIGTERM");
    expect(await running.ended).toMatchObject({
      code: 130,
      stderr: expect.stringContaining("was not written"),
    });
    expect(readFileSync(file, "utf8")).toBe("old");
    expect(readdirSync(world.work).filter(isTemporary)).toEqual([]);
  });

  test("has a schema", async () => {
    const { stdout, code } = await world.liveops(["schema", "export"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ properties: { format: { const: "liveops-export" } } });
    // Every key of the file is in the schema.
    const strict = z
      .strictObject(exportSchema.shape)
      .safeParse(JSON.parse(readFileSync(at("run.json"), "utf8")));
    expect(strict.error).toBeUndefined();
  });
});

test.each([
  ["an id", `"id":"`, '"id":"\\u001b', "operations[0].record.id has a wrong value"],
  ["a record", '"label":"monday"', '"label":["monday"]', "operations[0].record.label must be of type string"],
  ["an event", '"type":"attempt:started"', '"type":{}', "operations[0].events[1].type has a wrong value"],
  ["a line", '"text":"', '"text":{},"more":"', "operations[0].log[0].text must be of type string"],
])("a file with a wrong type in %s is refused with the place", async (_, right, wrong, problem) => {
  const text = readFileSync(at("run.json"), "utf8");
  const first = text.indexOf(right, right === '"text":"' ? text.indexOf('"log":[') : 0);
  const changed = text.slice(0, first) + wrong + text.slice(first + right.length);
  world.write("work/types.json", changed);
  const ended = await world.liveops(["export", "types.json", "--html", "-o", "types.html"]);
  expect(ended, ended.stderr).toMatchObject({ code: 2, stdout: "" });
  expect(ended.stderr).toContain(`types.json is not an exported run: ${problem}`);
});

test("a file without the layout, and with a wrong type or a value that is nested too deep, is refused", async () => {
  const text = readFileSync(at("run.json"), "utf8");
  const wrong = JSON.parse(text);
  wrong.operations[0].record.label = ["monday"];
  world.write("work/types.json", JSON.stringify(wrong, null, 2));
  expect((await world.liveops(["export", "types.json", "--html"])).stderr).toContain(
    "types.json is not an exported run: operations[0].record.label must be of type string",
  );
  const deep = text.replace('"params":{', `"params":{"deep":${"[".repeat(30_000)}${"]".repeat(30_000)},`);
  // Without the layout, a file is read as a whole.
  for (const form of [deep, deep.replaceAll("\n", "")]) {
    world.write("work/deep.json", form);
    const ended = await world.liveops(["export", "deep.json", "--html"]);
    expect(ended, ended.stderr).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain("a value is nested more than 1000 levels deep");
  }
});

test("a file of a later version is read as far as it is known, and one without operations says so", async () => {
  const text = readFileSync(at("run.json"), "utf8");
  const later = text.replace('"type":"attempt:accepted"', '"type":"attempt:measured"');
  for (const form of [later, JSON.stringify(JSON.parse(later), null, 2)]) {
    world.write("work/later.json", form);
    const page = await world.liveops(["export", "later.json", "--html", "-o", "later.html"]);
    expect(page, page.stderr).toMatchObject({ code: 0 });
    expect(page.stderr).toContain(`later.json: changed after the export: the events of ${failed}`);
  }
  world.write("work/later.json", text.replace('"version":1', '"version":2'));
  expect((await world.liveops(["why", "later.json"])).stderr).toContain(
    "its version is 2, and this liveops reads version 1\nopen it with the liveops that wrote it",
  );
  world.write("work/later.json", JSON.stringify({ ...JSON.parse(text), operations: [] }));
  expect((await world.liveops(["why", "later.json"])).stderr).toContain(
    "later.json is not an exported run: it has no operation",
  );
});

describe("why --against", () => {
  test("of a run and its file is the same, also where jq formatted the file anew; a change is named", async () => {
    const same = await world.liveops(["why", "run.json", "--against", failed]);
    expect(same, same.stdout).toMatchObject({ code: 0, stderr: "" });
    expect(same.stdout).toContain("The runs are the same");
    const text = readFileSync(at("run.json"), "utf8");
    world.write("work/pretty.json", JSON.stringify(JSON.parse(text), null, 2));
    expect(await world.liveops(["why", "run.json", "--against", "pretty.json"])).toMatchObject({
      code: 0,
      stderr: "",
    });
    world.write("work/changed.json", text.replace("line 7 at", "line 8 at"));
    const changed = await world.liveops(["why", "changed.json", "--against", "run.json"]);
    expect(changed.stderr).toContain(`changed.json: changed after the export: the log of ${failed}`);
    expect(changed.stdout).toContain("> 9 [stage");
    const why = await world.liveops(["why", "changed.json"]);
    expect(why, why.stdout).toMatchObject({ code: 0, stdout: expect.stringContaining(failed) });
    expect(why.stderr).toContain(`changed.json: changed after the export: the log of ${failed}`);
    for (const form of [text, JSON.stringify(JSON.parse(text), null, 2)]) {
      world.write("work/reason.json", form.replace(/("summary": ?")/, "$1No "));
      expect((await world.liveops(["why", "reason.json"])).stderr).toContain(
        `reason.json: changed after the export: the why of ${failed}`,
      );
    }
    world.write("work/cut.json", text.slice(0, -200));
    expect((await world.liveops(["why", "cut.json", "--against", "run.json"])).stderr).toContain(
      "it is damaged, or not all of it is there",
    );
    world.write("work/other.json", '{"format":"other"}');
    const other = await world.liveops(["why", "other.json", "--against", "run.json"]);
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("liveops export <id> -o") });
    expect((await world.liveops(["why", "none.json", "--against", "run.json"])).code).toBe(4);
  });

  test("of a command that ran twice is the same: how long it took is not compared", async () => {
    const twice: string[] = [];
    const results: unknown[] = [];
    for (const seconds of ["0.1", "0.4"]) {
      const id = await world.submit("shell", `script=sleep ${seconds}`);
      results.push((await world.finished(id)).result);
      twice.push(id);
    }
    expect(results[0]).not.toEqual(results[1]);
    const words = ["why", twice[1]!, "--against", twice[0]!];
    const json = await world.liveops([...words, "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ result: [], params: [{ name: "script" }] });
    expect((await world.liveops(words)).stdout).toContain("they differ from the first line on");
  });

  test("says what differs and where the logs part, and compares no times", async () => {
    const words = ["why", good, "--against", failed];
    const json = await world.liveops([...words, "--json"]);
    expect(json.code).toBe(0);
    const difference = JSON.parse(json.stdout);
    expect(difference).toMatchObject({
      same: false,
      left: { id: failed, state: "failed", label: "monday" },
      record: [
        { name: "state", left: "failed", right: "succeeded" },
        { name: "attempts", left: 2, right: 1 },
      ],
      params: [
        { name: "text", left: "a", right: "b" },
        { name: "fail", right: false },
        { name: "clock", right: "11:30:00" },
      ],
      env: { left: ["SECRET"], right: [] },
      log: {
        same: false,
        first: { left: { n: 28 }, right: null },
      },
    });
    const stages = difference.stages.map((stage: { same: boolean; left: { state: string } }) => [
      stage.left.state,
      stage.same,
    ]);
    expect(stages).toEqual([
      ["done", true],
      ["skipped", true],
      ["allowed-failure", true],
      ["failed", false],
    ]);
    const text = await world.liveops(words);
    expect(text.stdout).toContain("compared without times");
    expect(text.stdout).toMatch(/^The runs differ: record, parameters, environment, stages, .*log\.$/m);
  });
});
