/** What cannot be read is put aside beside its place and said, never overwritten. */
import { lstatSync, renameSync, writeFileSync } from "node:fs";

/** A free name beside the file: `<file>.damaged-<n>`. */
function freeName(file: string): string {
  for (let n = 1; ; n++) {
    const name = `${file}.damaged-${n}`;
    if (lstatSync(name, { throwIfNoEntry: false }) === undefined) return name;
  }
}

/** Moves the whole file aside; returns where it is now. */
export function quarantineFile(file: string): string {
  const aside = freeName(file);
  renameSync(file, aside);
  return aside;
}

/** Keeps damaged bytes. */
export function quarantineBytes(file: string, bytes: Buffer): string {
  const aside = freeName(file);
  writeFileSync(aside, bytes, { mode: 0o600 });
  return aside;
}
