/** The clock of an attempt: its timers stand still while the process is stopped by a pause. */
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { pauseFile } from "../../../daemon/run-files/attempt-files.js";
import { PausableClock } from "../../../daemon/worker/pausable-clock.js";
import { temporary } from "../../ops/temporary.js";

/** Stops this thread, as SIGSTOP stops a worker. */
const stand = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

function scheduled(clock: PausableClock, ms: number): Promise<number> {
  const from = performance.now();
  return new Promise((resolve) =>
    clock.schedule(ms, () => resolve(performance.now() - from), true),
  );
}

test("a timer waits for the time that a pause took, also before the signal has arrived", async () => {
  const dir = temporary();
  const clock = new PausableClock(dir);
  const fired = scheduled(clock, 200);
  const cleared = clock.schedule(200, () => expect.unreachable());
  stand(500);
  writeFileSync(pauseFile(dir), JSON.stringify({ seconds: 0.5 }));
  setTimeout(cleared, 50);
  expect(await fired).toBeGreaterThan(690);
});

test("a process that is stopped by somebody else is late, and its timers are due", async () => {
  const clock = new PausableClock(temporary());
  const fired = scheduled(clock, 100);
  stand(300);
  expect(await fired).toBeLessThan(390);
});
