import { expect, test } from "vitest";
import type { Log } from "../../../daemon/log/log.js";
import { StaleWorkerCleaner } from "../../../daemon/recovery/stale-workers.js";
import { WorkerEvents } from "../../../daemon/run-files/worker-events.js";
import { layoutOf } from "../../../daemon/store/layout.js";

test("a directory of workers that cannot be read now is told, and looked at again", () => {
  const said: string[] = [];
  const cleaner = new StaleWorkerCleaner({
    // ENOTDIR stands for any error of the system.
    layout: layoutOf("/dev/null"),
    scheduler: { needs: () => false },
    containment: { killUnknown: async () => {} },
    workerEvents: new WorkerEvents("/dev/null"),
    // Only `warn` is called.
    log: { warn: (_: object, message: string) => said.push(message) } as unknown as Log,
  });
  expect(cleaner.look()).toBe(true);
  expect(said).toEqual([expect.stringContaining("could not be removed")]);
});
