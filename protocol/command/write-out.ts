/**
 * Data on stdout for the shortest commands: to build `process.stdout` takes a tenth of what a bare Node start takes.
 */
import { writeSync } from "node:fs";
import { endQuietlyOnClosedPipe } from "./quiet-end.js";

/** True where all of it is out. What cannot be written at once (a slow pipe, one that nobody reads) goes the usual way. */
export function writeOut(text: string): boolean {
  const bytes = Buffer.from(text);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(1, bytes, written);
    return true;
  } catch {
    endQuietlyOnClosedPipe();
    process.stdout.write(bytes.subarray(written));
    return false;
  }
}
