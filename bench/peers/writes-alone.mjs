/** Times sequential durable writes into preallocated space of one file. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answer } from "./answer.mjs";

await answer(({ writes }) => {
  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
  const line = `${"x".repeat(120)}\n`;
  const file = openSync(join(dir, "events.ndjson"), "w");
  writeSync(file, "\t".repeat(writes * line.length));
  fdatasyncSync(file);
  const start = performance.now();
  for (let n = 0; n < writes; n++) {
    writeSync(file, line, n * line.length);
    fdatasyncSync(file);
  }
  const took = performance.now() - start;
  closeSync(file);
  rmSync(dir, { recursive: true });
  return { perSecond: (writes / took) * 1000 };
});
