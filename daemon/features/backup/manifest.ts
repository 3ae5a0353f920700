/** `backup.json`, the manifest of a backup. Completed last: a directory without a complete manifest is not a backup. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Counts } from "../../../protocol/watch.js";
import { replaceFileSync } from "../../store/durable-file.js";

export const MANIFEST = "backup.json";

export interface Manifest {
  /** False while the backup is being written. */
  complete: boolean;
  /** Version of liveops that wrote it. */
  version: string;
  /** The moment of the copied state; ISO 8601. */
  at: string;
  /** The state directory that was copied. */
  stateDir: string;
  /** Operations by state; null if no daemon ran. */
  counts: Counts | null;
  /** Files in the backup, without the manifest. */
  files: number;
  /** Bytes of these files. */
  bytes: number;
}

/** Null if there is no manifest, or it cannot be read. */
export function readManifest(dir: string): Manifest | null {
  try {
    const manifest = JSON.parse(readFileSync(join(dir, MANIFEST), "utf8")) as Partial<Manifest>;
    return typeof manifest.complete === "boolean" ? (manifest as Manifest) : null;
  } catch {
    return null;
  }
}

/** Durable when this returns. */
export function writeManifest(dir: string, manifest: Manifest): void {
  replaceFileSync(join(dir, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Whether the directory is a copy that a crash interrupted, or does not exist. */
export function isUnfinished(dir: string): boolean {
  return !existsSync(dir) || readManifest(dir)?.complete === false;
}

/** Files and bytes in a backup, without its manifest. */
export function measure(dir: string): { files: number; bytes: number } {
  const found = { files: 0, bytes: 0 };
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || (entry.name === MANIFEST && entry.parentPath === dir)) continue;
    found.files++;
    found.bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  return found;
}
