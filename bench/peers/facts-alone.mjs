/** The least that an operation of three stages costs the disk: a directory, and eight facts, each durable. */
import { closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answer } from "./answer.mjs";

const FACTS = 8;
const fact = `${JSON.stringify({ seq: 1, at: new Date().toISOString(), attempt: 1, type: "stage:entered", stage: "Load", index: 0 })}\n`;
/** Made with the first fact, so that the others write bytes alone. */
const room = "\t".repeat(4096);

await answer(({ jobs }) => {
  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
  const start = performance.now();
  for (let job = 0; job < jobs; job++) {
    mkdirSync(join(dir, `${job}`));
    const file = openSync(join(dir, `${job}`, "events.ndjson"), "w");
    writeSync(file, room);
    for (let n = 0; n < FACTS; n++) {
      writeSync(file, fact, n * fact.length);
      fdatasyncSync(file);
    }
    closeSync(file);
  }
  const took = performance.now() - start;
  rmSync(dir, { recursive: true });
  return { perSecond: (jobs / took) * 1000 };
});
