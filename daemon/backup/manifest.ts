/** `backup.json`: what a backup says of itself. Written last: a directory whose manifest is not complete is no backup. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Counts } from "../../protocol/watch.js";
import { replaceFileSync } from "../store/durable-file.js";

export const MANIFEST = "backup.json";

export interface Manifest {
  /** False while the backup is being written. */
  complete: boolean;
  /** Version of liveops that wrote it. */
  version: string;
  /** The moment whose state it holds; ISO 8601. */
  at: string;
  /** The state directory that was copied. */
  stateDir: string;
  /** Operations by state; null where no daemon ran. */
  counts: Counts | null;
  /** Files in it, this one left out. */
  files: number;
  /** Bytes of these files. */
  bytes: number;
}

/** Null where there is none, or it cannot be read. */
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

/** Whether the directory is a copy that a crash cut off, or nothing is there. */
export function isUnfinished(dir: string): boolean {
  return !existsSync(dir) || readManifest(dir)?.complete === false;
}

/** Files and bytes in a backup, its manifest left out. */
export function measure(dir: string): { files: number; bytes: number } {
  const found = { files: 0, bytes: 0 };
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || (entry.name === MANIFEST && entry.parentPath === dir)) continue;
    found.files++;
    found.bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  return found;
}
