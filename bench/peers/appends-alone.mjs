/** What the disk takes for an append that is durable: so many, one after the other, to one file. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answer } from "./answer.mjs";

await answer(({ appends }) => {
  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
  const file = openSync(join(dir, "events.ndjson"), "a");
  const start = performance.now();
  for (let n = 0; n < appends; n++) {
    writeSync(file, `${"x".repeat(120)}\n`);
    fdatasyncSync(file);
  }
  const took = performance.now() - start;
  closeSync(file);
  rmSync(dir, { recursive: true });
  return { perSecond: (appends / took) * 1000 };
});
