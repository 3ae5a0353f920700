/** The timeout of a running attempt. */
import os from "node:os";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useBuiltin } from "../../harness/builtin.js";
import { OpenStore, POLICY, WORKER } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
/** Seconds since boot. */
let uptime = 1000;
useBuiltin(os, { uptime: () => uptime });

let open: OpenStore;
beforeEach(async () => {
  open = await OpenStore.open(directory());
});
afterEach(async () => {
  vi.useRealTimers();
  await open.close();
});

test("the timeout stands still while the operation is paused, also under the next daemon", async () => {
  const id = await open.submit();
  const entry = (await open.lifecycle.start(id, WORKER, { ...POLICY, timeout: 3 }))!;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const pass = (seconds: number) => {
    uptime += seconds;
    vi.advanceTimersByTime(seconds * 1000);
  };
  const onTimeout = vi.fn();
  const attempt = open.attempt(entry);
  attempt.start(onTimeout);
  pass(2);
  await open.lifecycle.pause(id, true);
  attempt.applyPause();
  pass(100);
  attempt.close();
  const adopted = open.attempt(entry);
  adopted.start(onTimeout);
  pass(100);
  await open.lifecycle.pause(id, false);
  adopted.applyPause();
  pass(0.9);
  expect(onTimeout).not.toHaveBeenCalled();
  pass(0.2);
  expect(onTimeout).toHaveBeenCalledOnce();
  adopted.close();
});
