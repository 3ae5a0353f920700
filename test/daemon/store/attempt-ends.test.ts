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

test.each([
  ["succeeded: all lines that the record counts", outcome("succeeded"), 5],
  ["its worker was lost in a power cut, which may have taken the last lines", LOST, undefined],
])("%s", async (_what, finish, lines) => {
  const open = await OpenStore.open(directory());
  const id = await open.submit();
  await open.start(id);
  const { attempt, seq } = open.store.find(id)!.record;
  await open.lifecycle.conclude(id, attempt, seq + 7, () => ({ finish }));
  const entry = open.store.find(id)!;
  const ends = new AttemptEnds();
  ends.addFinished({ ...entry, record: { ...entry.record, logLines: 5 } });
  expect(ends.lines.get(id)).toBe(lines);
  await open.close();
});
