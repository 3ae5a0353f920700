/** Which log lines must be there: those that a worker synced before its outcome. */
import { expect, test } from "vitest";
import { AttemptEnds } from "../../../daemon/store/attempt-ends.js";
import type { Outcome } from "../../../protocol/event.js";
import { OpenStore, outcome } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

const LOST: Outcome = {
  state: "failed",
  result: null,
  error: { code: "LIVEOPS_WORKER_LOST", message: "the machine was restarted", stack: null },
  next: null,
};

async function linesAfter(...ends: Outcome[]): Promise<number | undefined> {
  const open = await OpenStore.open(directory());
  const id = await open.submit();
  for (const [index, finish] of ends.entries()) {
    if (index > 0) await open.lifecycle.retry(id);
    await open.start(id);
    const { attempt, seq } = open.store.find(id)!.record;
    await open.lifecycle.conclude(id, attempt, seq + 7, () => ({ finish }));
  }
  const entry = open.store.find(id)!;
  await open.close();
  const attemptEnds = new AttemptEnds();
  attemptEnds.addFinished({ ...entry, record: { ...entry.record, logLines: 5 } });
  return attemptEnds.lines.get(id);
}

test("all lines that the record counts, where each attempt had an outcome of its worker", async () => {
  expect(await linesAfter(outcome("succeeded"))).toBe(5);
  expect(await linesAfter(outcome("failed"), outcome("succeeded"))).toBe(5);
});

test("none, where a worker was lost: a power cut may have taken its last lines, and the next attempt prints none", async () => {
  expect(await linesAfter(LOST)).toBeUndefined();
  expect(await linesAfter(LOST, outcome("succeeded"))).toBeUndefined();
});
