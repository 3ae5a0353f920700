/** The file of the notices that wait: what a next daemon finds, also after damage and on a full disk. */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Outbox } from "../../../daemon/features/notices/outbox.js";
import type { Notice } from "../../../protocol/notices.js";
import { useDirectories } from "../../harness/temporary.js";

const makeDirectory = useDirectories();

const notice = (id: string): Notice => ({
  id,
  event: "failed",
  at: "2026-06-10T08:00:00.000Z",
  title: id,
  where: "",
  reason: ["x".repeat(100)],
  next: [],
  operation: null,
  schedule: null,
});

function open(file = join(makeDirectory(), "notices.ndjson")) {
  const problems: string[] = [];
  const errors: unknown[] = [];
  const outbox = new Outbox(file, {
    onProblem: (problem) => problems.push(problem),
    onUnwritable: (error) => errors.push(error),
  });
  const after = outbox.open();
  const ids = (channel: string) => outbox.waiting(channel).map(({ id }) => id);
  return { file, outbox, after, ids, problems, errors };
}

test("a next daemon finds what was not delivered, without a stop before", () => {
  const { file, outbox, after } = open();
  expect(after).toBeNull();
  outbox.begin(7);
  outbox.add("phone", notice("a"), 8);
  outbox.add("phone", notice("b"), 9);
  outbox.add("mail", notice("b"), 9);
  outbox.remove("phone", [notice("a")]);
  // A crash cuts a line off.
  appendFileSync(file, '{"channel":"phone","notice":{"id":"c"');
  const next = open(file);
  expect([next.after, next.ids("phone"), next.ids("mail"), next.outbox.channels]).toEqual([
    9,
    ["b"],
    ["b"],
    ["phone", "mail"],
  ]);
  next.outbox.add("phone", notice("d"), 10);
  expect(open(file).ids("phone")).toEqual(["b", "d"]);
});

test("operations without a notice count too, and cost a line in a thousand", () => {
  const { file, outbox } = open();
  outbox.begin(0);
  const before = statSync(file).size;
  for (let n = 1; n < 1000; n++) outbox.pass(n);
  expect(statSync(file).size).toBe(before);
  outbox.pass(1000);
  expect(open(file).after).toBe(1000);
});

test("the oldest notices go where there is no room, and the file stays small", () => {
  const { file, outbox, ids } = open();
  const lost = Array.from({ length: 1005 }, (_, n) => outbox.add("phone", notice(`n${n}`), n));
  expect(lost.reduce((sum, n) => sum + n)).toBe(5);
  expect([ids("phone").length, ids("phone")[0]]).toEqual([1000, "n5"]);
  for (let n = 0; n < 10_000; n++) {
    outbox.add("mail", notice(`m${n}`), null);
    outbox.remove("mail", [notice(`m${n}`)]);
  }
  expect(readFileSync(file, "utf8").split("\n").length).toBeLessThan(4100);
  expect(open(file).ids("phone")).toEqual(ids("phone"));
});

test("a file that cannot be read is put aside", () => {
  const file = join(makeDirectory(), "notices.ndjson");
  mkdirSync(file);
  const { outbox, problems, ids } = open(file);
  expect(problems).toEqual([expect.stringMatching(/^the notices that wait cannot be read .*kept in/)]);
  outbox.add("phone", notice("a"), 1);
  expect(ids("phone")).toEqual(["a"]);
});

test("where the file cannot be written, notices wait in memory", () => {
  const dir = join(makeDirectory(), "gone");
  const { outbox, ids, errors } = open(join(dir, "notices.ndjson"));
  outbox.add("phone", notice("a"), 1);
  expect(errors.length).toBeGreaterThan(0);
  expect(ids("phone")).toEqual(["a"]);
  mkdirSync(dir);
  outbox.add("phone", notice("b"), 2);
  expect(open(join(dir, "notices.ndjson")).ids("phone")).toEqual(["a", "b"]);
});

test("without channels there is no file", () => {
  const { file, outbox } = open();
  outbox.add("phone", notice("a"), 1);
  outbox.clear();
  expect([existsSync(file), readdirSync(join(file, "..")), outbox.channels]).toEqual([false, [], []]);
});
