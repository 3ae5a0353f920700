/** What a crash leaves among the run files. */
import { existsSync, mkdirSync } from "node:fs";
import { expect, test } from "vitest";
import { recoverEvents } from "../../../daemon/recovery/orphans.js";
import { WorkerEvents } from "../../../daemon/run-files/worker-events.js";
import { attemptDir, runDir } from "../../../daemon/store/layout.js";
import { newId } from "../../../protocol/id.js";
import { OpenStore } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

test("run files go whose operation a record says was removed, and others stay", async () => {
  const before = await OpenStore.open(directory());
  const { dir, layout } = before;
  const removed = await before.finished("succeeded");
  await before.lifecycle.remove(removed);
  const unknown = newId();
  for (const id of [removed, unknown]) mkdirSync(attemptDir(layout, id, 1), { recursive: true });
  // The daemon was killed: its journal has the removal.
  const after = await OpenStore.open(dir);
  await recoverEvents(after.store, layout, new WorkerEvents(layout.workers));
  expect(existsSync(runDir(layout, removed))).toBe(false);
  expect(existsSync(runDir(layout, unknown))).toBe(true);
  await after.close();
});
