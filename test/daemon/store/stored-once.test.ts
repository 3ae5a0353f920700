/**
 * A journal line and an entry hold an operation's result and error once; replay restores the
 * record.
 */
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventsOf } from "../../../daemon/store/entry-events.js";
import type { EventBody, OperationEvent } from "../../../protocol/event.js";
import type { Operation } from "../../../protocol/operation.js";
import { reduceEvent } from "../../../protocol/reduce.js";
import { AT } from "../../harness/records.js";
import { OpenStore, outcome } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

/** Runs an attempt: its worker says some events, which only its run files have. */
function says(open: OpenStore, id: string): Operation {
  const entry = open.store.ledger.get(id)!;
  const { attempt } = entry.record;
  let { record } = entry;
  const said: EventBody[] = [
    { type: "stages:declared", title: "Edited", stages: ["Load", "__proto__"] },
    { type: "stage:entered", stage: "Load", index: 0 },
    { type: "stage:left", stage: "Load", index: 0, state: "done", resumed: false, seconds: 2 },
    { type: "stage:entered", stage: "__proto__", index: 1 },
    { type: "progress:changed", percent: 40, progress: null },
    { type: "status:changed", status: { text: "busy", level: "info" } },
    { type: "attempt:finished", seconds: 3, ...outcome("failed") },
  ];
  for (const body of said)
    record = reduceEvent(record, {
      seq: record.seq + 1,
      at: AT,
      attempt,
      ...body,
    } as OperationEvent);
  entry.record = { ...record, logLines: record.logLines + 7 };
  return entry.record;
}

function textOf(open: OpenStore, dir: "journal" | "history"): string {
  const names = readdirSync(open.layout[dir]).filter((name) => name.endsWith(".ndjson"));
  return names.map((name) => readFileSync(join(open.layout[dir], name), "utf8")).join("");
}

const count = (text: string, part: string) => text.split(part).length - 1;

test("a replay of the journal makes the record and the events that the daemon had, of one copy of each value", async () => {
  const open = await OpenStore.open(directory());
  const failed = await open.submit();
  await open.start(failed);
  let { attempt, seq } = says(open, failed);
  const error = { code: "LIVEOPS_EXCEPTION", message: "the first failure", stack: null };
  await open.lifecycle.conclude(failed, attempt, seq, () => ({
    finish: { ...outcome("failed"), error },
  }));
  expect(count(textOf(open, "journal"), error.message)).toBe(1);
  await open.lifecycle.retry(failed);
  await open.start(failed);
  ({ attempt, seq } = says(open, failed));
  const result = "the result";
  const finish = { ...outcome("succeeded"), result };
  await open.lifecycle.conclude(failed, attempt, seq, () => ({ finish }));
  expect(count(textOf(open, "journal"), result)).toBe(1);
  const cancelled = await open.submit();
  await open.lifecycle.cancel(cancelled);

  const told = (store: OpenStore["store"]) =>
    [failed, cancelled].map((id) => ({
      record: store.find(id)!.record,
      events: eventsOf(store.find(id)!),
    }));
  const expected = told(open.store);
  expect(expected[0]!.record).toMatchObject({
    state: "succeeded",
    result: "the result",
    title: "Edited",
    stageStates: { Load: "done" },
    percent: 100,
    seconds: 3,
    logLines: 14,
  });
  expect(Object.keys(expected[0]!.record.stageStates)).toEqual(["Load", "__proto__"]);
  expect(expected[1]!.record).toMatchObject({ state: "cancelled", cancelRequested: true });
  const ends = expected[0]!.events.filter(({ type }) => type === "operation:finished");
  expect(ends).toMatchObject([
    { state: "failed", result: null, error },
    { state: "succeeded", result: "the result", error: null },
  ]);

  const crashed = directory();
  cpSync(open.dir, crashed, { recursive: true });
  const replayed = await OpenStore.open(crashed);
  expect(told(replayed.store)).toEqual(expected);
  await replayed.close();
  expect(count(textOf(replayed, "history"), "the result")).toBe(1);
  expect(count(textOf(replayed, "history"), error.message)).toBe(1);
  const sealed = await OpenStore.open(crashed);
  expect(told(sealed.store)).toEqual(expected);
  await sealed.close();
  await open.close();
});
