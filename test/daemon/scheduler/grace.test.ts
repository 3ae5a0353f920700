/**
 * The grace period after a stop request: that of the type, or the one that the worker declared for
 * its file.
 */
import { appendFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { eventsFile } from "../../../daemon/run-files/attempt-files.js";
import { encodeRecord } from "../../../protocol/record-line.js";
import { OpenStore, POLICY } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
const WORKER = {
  workerId: "worker000000",
  directory: "0:0",
  pid: 1,
  startTime: "1",
  bootId: "another boot",
};

let open: OpenStore;
beforeEach(async () => {
  open = await OpenStore.open(directory());
});
afterEach(async () => {
  vi.useRealTimers();
  await open.close();
});

test.each(["before", "after"])(
  "a grace period that is declared %s the stop request counts",
  async (when) => {
    const id = await open.submit();
    const entry = (await open.lifecycle.start(id, WORKER, { ...POLICY, gracePeriod: 3620 }))!;
    const attempt = open.attempt(entry);
    const kill = vi.spyOn(attempt, "kill").mockReturnValue();
    const declare = () => {
      const numbered = { seq: 3, at: new Date().toISOString(), attempt: 1 };
      appendFileSync(
        eventsFile(attempt.dir),
        encodeRecord({ type: "grace:declared", ...numbered, gracePeriod: 10 }),
      );
      attempt.read();
    };
    vi.useFakeTimers();
    if (when === "before") declare();
    attempt.stop("cancel");
    if (when === "after") declare();
    vi.advanceTimersByTime(9_999);
    expect(kill).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(kill).toHaveBeenCalledOnce();
    attempt.close();
  },
);
