/** `liveops export` through the built bins. */
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { OperationEvent } from "../../../../protocol/event.js";
import type { LogLine, Operation } from "../../../../protocol/operation.js";
import { reduceEvent } from "../../../../protocol/reduce.js";
import { until } from "../../../end-to-end/until.js";
import { useWorld } from "../../../end-to-end/world.js";

const world = useWorld({ operations: ["sneaks", "gate"] });

interface Exported {
  format: string;
  version: number;
  operations: {
    record: Operation;
    why: { id: string };
    events: OperationEvent[];
    log: LogLine[];
  }[];
}

let failed: string;

beforeAll(async () => {
  failed = await world.submit("sneaks", "--env", "SECRET=1", "text=a", "--label", "monday");
  await world.finished(failed);
  await world.client.retry(failed);
  await world.record(failed, ({ attempt, state }) => attempt === 2 && state === "failed");
});

const read = (file: string): Exported => JSON.parse(readFileSync(file, "utf8"));
const at = (name: string) => join(world.work, name);

async function exported(name: string, id: string): Promise<string> {
  const ended = await world.liveops(["export", id, "-o", name]);
  expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: "" });
  return at(name);
}

test("the file is the record, why, all events and all lines, as the daemon has them, and private", async () => {
  const file = await exported("run.json", failed);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const { operations, ...head } = read(file);
  expect(head).toMatchObject({ format: "liveops-export", version: 1 });
  const [run] = operations;
  expect(operations).toHaveLength(1);
  expect(run!.record).toEqual(await world.client.show(failed));
  expect(run!.why.id).toBe(failed);
  expect(run!.record.env).toContain("SECRET");
  expect(readFileSync(file, "utf8")).not.toContain("SECRET=1");
  const { lines } = await world.client.log(failed, { limit: 10_000 });
  expect(run!.log).toEqual(lines);
  expect(new Set(run!.log.map(({ attempt }) => attempt))).toEqual(new Set([1, 2]));
  // The events give the record. Only what is measured outside of them is missing.
  const reduced = run!.events.reduce<Operation | null>(
    (so, event) => reduceEvent(so, event),
    null,
  )!;
  const { env, logLines, usage, queuePosition, ...record } = run!.record;
  expect(reduced).toMatchObject({
    ...record,
    seq: expect.any(Number),
    updatedAt: expect.any(String),
  });
});

test("goes to stdout without -o, with nothing that a terminal acts on", async () => {
  const { code, stdout, stderr } = await world.liveops(["export", failed]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout).operations[0].record.id).toBe(failed);
  expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
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

test("is complete or the old one: a failed export leaves no trace", async () => {
  const file = world.write("work/kept.json", "old");
  expect((await world.liveops(["export", "zzz", "-o", file])).code).toBe(4);
  mkdirSync(at("dir"), { recursive: true });
  const dir = await world.liveops(["export", failed, "-o", "dir"]);
  expect(dir).toMatchObject({ code: 2, stderr: expect.stringContaining("-o dir/run.json") });
  const missing = await world.liveops(["export", failed, "-o", "no/such/run.json"]);
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("cannot be written") });
  expect((await world.liveops(["export", failed, "-o", "/dev/null"])).stderr).toContain(
    "not a regular file",
  );
  expect(readFileSync(file, "utf8")).toBe("old");
  symlinkSync(file, at("link.json"));
  await exported("link.json", failed);
  expect(read(file).operations[0]!.record.id).toBe(failed);
  expect(readdirSync(world.work).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("is not written by an export that is interrupted", async () => {
  // Long enough to be seen at work.
  const id = await world.submit("shell", "script=seq 300000");
  await world.finished(id);
  const file = world.write("work/target.json", "old");
  const running = world.start("liveops", ["export", id, "-o", "target.json"]);
  const isTemporary = (name: string) => name.startsWith(".target.json.");
  await until("the temporary file is there", () => readdirSync(world.work).some(isTemporary));
  running.signal("SIGTERM");
  expect(await running.ended).toMatchObject({
    code: 130,
    stderr: expect.stringContaining("was not written"),
  });
  expect(readFileSync(file, "utf8")).toBe("old");
  expect(readdirSync(world.work).filter(isTemporary)).toEqual([]);
});
