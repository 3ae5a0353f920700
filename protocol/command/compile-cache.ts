/**
 * V8's compiled code of our bundles, kept from one start to the next by Node itself, in a directory that is ours alone:
 * compiling it is a third of the daemon's start, and a tenth of a `run`. Node checks it against the source and its own version; what does not fit,
 * is damaged or cannot be written is passed over, and the start takes as long as without.
 */
import { existsSync, mkdirSync, statSync } from "node:fs";
import * as module from "node:module";
import { dirname } from "node:path";
import { cacheDir } from "../places.js";

/** Milliseconds after the first answer: what is compiled by then is what a start needs. */
const KEEP_MS = 1000;

/** For all that is loaded from here on. */
export function useCompileCache(): void {
  const dir = cacheDir(process.env);
  try {
    // One after the other: asked for both at once below /proc, Node tries for ever.
    make(dirname(dir));
    make(dir);
    const { uid, mode } = statSync(dir);
    // What stands in it is run: nobody else may have put it there.
    if (uid === process.getuid?.() && (mode & 0o022) === 0) module.enableCompileCache(dir);
  } catch {
    // No home, no room, no right: it goes without.
  }
}

function make(dir: string): void {
  if (!existsSync(dir)) mkdirSync(dir, { mode: 0o700 });
}

/** Writes what is not there yet, once nobody waits. A process that ends before does it at its end. */
export function keepCompileCache(): void {
  setTimeout(() => module.flushCompileCache(), KEEP_MS).unref();
}
