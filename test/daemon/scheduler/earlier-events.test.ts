/** Where a worker finds the events of earlier attempts while a checkpoint moves them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { eventsFile } from "../../../daemon/run-files/attempt-files.js";
import { WorkerEvents } from "../../../daemon/run-files/worker-events.js";
import { earlierEvents } from "../../../daemon/scheduler/start.js";
import { attemptDir, layoutOf } from "../../../daemon/store/layout.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

test("in the file of their worker; in their own, once a checkpoint has copied them there", () => {
  const layout = layoutOf(directory());
  mkdirSync(layout.workers, { recursive: true });
  const workerEvents = new WorkerEvents(layout.workers);
  const place = workerEvents.begin("aaa111bbb222", 1, "worker000000", 70);
  const find = () => earlierEvents("aaa111bbb222", 2, { layout, workerEvents });
  expect(find()).toEqual([place]);
  const dir = attemptDir(layout, "aaa111bbb222", 1);
  mkdirSync(dir, { recursive: true });
  writeFileSync(eventsFile(dir), "");
  expect(find()).toEqual([{ id: "aaa111bbb222", attempt: 1, file: eventsFile(dir), from: 0 }]);
  workerEvents.drop(place);
  expect(find()).toEqual([{ id: "aaa111bbb222", attempt: 1, file: eventsFile(dir), from: 0 }]);
});
