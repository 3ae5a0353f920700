/** Says in the log that a retry runs the text of the submit, although the file has changed since. */
import { readFileSync, statSync } from "node:fs";
import type { Progress } from "liveops";
import type { PipelineFile } from "./definition.js";
import { MAX_BYTES } from "./limits.js";

export function noteChange(p: Progress<unknown>, { path, text }: PipelineFile, attempt: number): void {
  if (attempt === 1 || path === null) return;
  const now = textOf(path);
  if (now === text) return;
  const what = now === null ? "cannot be read now" : "has changed since the submit";
  p.log(
    `${path} ${what}; this attempt runs the text of the submit. The present text runs with: liveops retry ${process.env.LIVEOPS_OPERATION_ID} --current`,
  );
}

function textOf(path: string): string | null {
  try {
    const stat = statSync(path);
    // A pipe would never end.
    return stat.isFile() && stat.size <= MAX_BYTES ? readFileSync(path, "utf8") : null;
  } catch {
    return null;
  }
}
