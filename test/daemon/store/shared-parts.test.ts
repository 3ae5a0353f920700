/** Law: sharing parts does not change an entry; equal short parts become one value. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Entry, Submitted } from "../../../daemon/store/decision.js";
import { eventsOf } from "../../../daemon/store/entry-events.js";
import { SharedParts } from "../../../daemon/store/shared-parts.js";
import { submittedRecord } from "../../../protocol/reduce.js";

const at = "2026-01-01T00:00:00.000Z";

function entry(
  id: string,
  op: string,
  params: Record<string, unknown>,
  env: Record<string, string>,
): Entry {
  const chain = { id, index: 0, previous: null, next: null };
  const operation = {
    id,
    op,
    title: `T ${op}`,
    label: null,
    cwd: "/",
    params,
    stages: ["A"],
    chain,
  };
  const { params: _, ...kept } = operation;
  const event = { type: "operation:submitted", seq: 1, at, attempt: 0, operation: kept } as const;
  // As from a checkpoint: every part a value of its own.
  return JSON.parse(
    JSON.stringify({
      record: submittedRecord(operation, at, 1),
      order: 1,
      version: 1,
      queuedAt: 1,
      finishedBy: 0,
      env,
      key: null,
      events: [event],
      nextAttempt: 1,
      tries: 0,
      run: null,
      bytes: 2,
    } satisfies Entry),
  );
}

test("an entry stays what it was, whatever came before it", () => {
  const params = fc.dictionary(fc.string({ maxLength: 3 }), fc.jsonValue(), { maxKeys: 3 });
  const env = fc.dictionary(fc.constantFrom("A", "B"), fc.string({ maxLength: 3 }));
  const made = fc.tuple(fc.constantFrom("a", "b"), params, env);
  fc.assert(
    fc.property(fc.array(made, { maxLength: 20 }), (all) => {
      const shared = new SharedParts();
      for (const [n, [op, given, variables]] of all.entries()) {
        const before = entry(`id${n}`, op, given, variables);
        expect(shared.share(structuredClone(before))).toEqual(before);
      }
    }),
  );
});

test("equal parts are one value; long ones are not held on to", () => {
  const shared = new SharedParts();
  const pair = (params: Record<string, unknown>) =>
    ["id1", "id2"].map((id) => shared.share(entry(id, "a", params, { A: "1" })));
  const [first, second] = pair({ x: 1 });
  for (const part of ["params", "stages"] as const)
    expect(second!.record[part]).toBe(first!.record[part]);
  expect(second!.env).toBe(first!.env);
  const [third, fourth] = pair({ x: "y".repeat(10_000) });
  expect(fourth!.record.params).toEqual(third!.record.params);
  expect(fourth!.record.params).not.toBe(third!.record.params);
});

test("what was submitted stays what it was, and has its parts in common with what is there", () => {
  const shared = new SharedParts();
  const first = shared.share(entry("id1", "a", { x: 1 }, { A: "1" }));
  const second = entry("id2", "a", { x: 1 }, { A: "1" });
  const submitted = {
    event: eventsOf(second)[0] as Submitted["event"],
    env: second.env,
    key: null,
  };
  const after = shared.shareSubmitted(structuredClone(submitted));
  expect(after).toEqual(submitted);
  expect(after.event.operation.params).toBe(first.record.params);
});
