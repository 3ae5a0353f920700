/**
 * The least disk work of an operation of three stages: its own directories and event file with durable names, and eight
 * durable events.
 */
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answer } from "./answer.mjs";

const EVENTS = 8;
const event = `${JSON.stringify({ seq: 1, at: new Date().toISOString(), attempt: 1, type: "stage:entered", stage: "Load", index: 0 })}\n`;
/** The file is created with the first event, so that the other events only write bytes. */
const room = "\t".repeat(4096);

await answer(({ jobs }) => {
  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
  const start = performance.now();
  for (let job = 0; job < jobs; job++) {
    const [outer, inner] = [join(dir, `${job}`), join(dir, `${job}`, "1")];
    mkdirSync(outer);
    mkdirSync(inner);
    const file = openSync(join(inner, "events.ndjson"), "w");
    for (const each of [inner, outer, dir]) sync(each);
    writeSync(file, room);
    for (let n = 0; n < EVENTS; n++) {
      writeSync(file, event, n * event.length);
      fdatasyncSync(file);
    }
    closeSync(file);
  }
  const took = performance.now() - start;
  rmSync(dir, { recursive: true });
  return { perSecond: (jobs / took) * 1000 };
});

function sync(dir) {
  const directory = openSync(dir, "r");
  fsyncSync(directory);
  closeSync(directory);
}
