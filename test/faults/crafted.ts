/**
 * Changes a dead daemon's files, with correct checksums, to the state that another boot or process
 * would find.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Decision, WorkerIdentity } from "../../daemon/store/decision.js";
import { encodeNumberedRecord, parseNumberedRecord } from "../../protocol/record-line.js";

/** Rewrites whom the journal takes for the worker of each operation that was started. */
export function rewriteWorkers(stateDir: string, change: Partial<WorkerIdentity>): void {
  let found = 0;
  for (const file of journalFiles(stateDir)) {
    const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
    const rewritten = lines.map((line) => {
      const decoded = parseNumberedRecord(line);
      const decision = decoded?.value as Decision | undefined;
      if (!decoded || decision?.kind !== "started") return `${line}\n`;
      found++;
      return encodeNumberedRecord(decoded.n, {
        ...decision,
        worker: { ...decision.worker, ...change },
      });
    });
    writeFileSync(file, rewritten.join(""));
  }
  if (found === 0) throw new Error("the journal starts nothing");
}

export function journalFiles(stateDir: string): string[] {
  const dir = join(stateDir, "journal");
  return readdirSync(dir)
    .filter((name) => name.endsWith(".ndjson"))
    .sort()
    .map((name) => join(dir, name));
}
