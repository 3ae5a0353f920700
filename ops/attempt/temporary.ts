/** Private directories of an operation among the temporary files. An attempt removes its own at its end. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Makes a directory with mode 0700. @param id - of the operation */
export function makeTemporary(id: string): string {
  return mkdtempSync(join(tmpdir(), prefixOf(id)));
}

/** Removes what a killed worker left. @param parent - the directory of temporary files that the operation had */
export function removeTemporary(id: string, parent: string = tmpdir()): void {
  try {
    for (const name of readdirSync(parent))
      if (name.startsWith(prefixOf(id))) rmSync(join(parent, name), { recursive: true, force: true });
  } catch {
    // Another user owns it, or the directory cannot be listed. A new directory has another name.
  }
}

function prefixOf(id: string): string {
  return `liveops-${id}-`;
}
