/**
 * Private directories of an operation among the temporary files. An attempt removes its own at its
 * end.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Makes a directory with mode 0700. @param id - of the operation */
export function makeTemporary(id: string): string {
  return mkdtempSync(join(tmpdir(), prefixOf(id)));
}

/** Names the directory in an error of the system. @throws Error */
export function inTemporary<T>(write: () => T): T {
  try {
    return write();
  } catch (thrown) {
    const why = (thrown as Error).message;
    const error = new Error(
      `the temporary directory ${tmpdir()} cannot be written: ${why}; free space there, or set TMPDIR to another directory`,
    );
    // The stack shows only liveops.
    delete error.stack;
    throw error;
  }
}

/**
 * Removes what a killed worker left. @param parent - the directory of temporary files that the
 * operation had
 */
export function removeTemporary(id: string, parent: string = tmpdir()): void {
  try {
    for (const name of readdirSync(parent))
      if (name.startsWith(prefixOf(id)))
        rmSync(join(parent, name), { recursive: true, force: true });
  } catch {
    // Another user owns it, or the directory cannot be listed. A new directory has another name.
  }
}

function prefixOf(id: string): string {
  return `liveops-${id}-`;
}
