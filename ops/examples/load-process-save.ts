/**
 * Three stages for a text file: load its lines, count its words, save the counts as JSON.
 *
 * Without parameters, it counts its own source: `liveops run --ops ops/examples load-process-save`.
 */
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { LiveOperation, type Progress, z } from "liveops";

export class LoadProcessSave extends LiveOperation<typeof LoadProcessSave> {
  static op = "load-process-save";
  static title = "Load, process, save";
  static stages = ["Load", "Process", "Save"] as const;
  static params = z.object({
    file: z.string().optional().describe("text file to read; default: the source of this example"),
    output: z
      .string()
      .optional()
      .describe("file for the counts; default: a new file in the temporary directory"),
    delayMs: z.number().min(0).max(10_000).default(0).describe("delay per line in milliseconds"),
  });

  async run(p: Progress<LoadProcessSave>): Promise<void> {
    const { output, delayMs } = this.params;
    const file = resolve(this.params.file ?? fileURLToPath(import.meta.url));

    const lines = await p.stage("Load", async () => {
      const text = await readFile(file, "utf8");
      p.log(`loaded ${file}`);
      return text.split(/\r?\n/);
    });

    const counts = await p.stage("Process", async () => {
      const counts = new Map<string, number>();
      for (const line of p.track(lines, { label: "Lines", unit: "line" })) {
        for (const [word] of line.toLowerCase().matchAll(/[\p{L}\p{N}]+/gu)) {
          counts.set(word, (counts.get(word) ?? 0) + 1);
        }
        if (delayMs > 0) await delay(delayMs, undefined, { signal: p.signal });
      }
      return [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
    });

    const saved = await p.stage("Save", async () => {
      const path = resolve(output ?? join(tmpdir(), `liveops-words-${this.id}.json`));
      await writeFile(path, `${JSON.stringify(Object.fromEntries(counts), null, 2)}\n`);
      return path;
    });

    p.status(`${counts.length} different words`, "success");
    p.result({
      lines: lines.length,
      words: counts.length,
      mostFrequent: counts[0]?.[0] ?? null,
      saved,
    });
  }
}
