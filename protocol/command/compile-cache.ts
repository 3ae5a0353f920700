/**
 * V8's compiled code of our bundles, kept from one start to the next by Node itself, in a directory that is ours alone:
 * compiling it is a third of the daemon's start, and a tenth of a `run`. Node checks it against the source and its own version; what does not fit,
 * is damaged or cannot be written is passed over, and the start takes as long as without.
 */
import * as module from "node:module";
import { makeCacheDirectory } from "../directories.js";
import { cacheDir } from "../places.js";

/** Milliseconds after the first answer: what is compiled by then is what a start needs. */
const KEEP_MS = 1000;

/** For all that is loaded from here on. */
export function useCompileCache(): void {
  const dir = cacheDir(process.env);
  // No home, no room, no right: it goes without.
  if (makeCacheDirectory(dir)) module.enableCompileCache(dir);
}

/** Writes what is not there yet, once nobody waits. A process that ends before does it at its end. */
export function keepCompileCache(): void {
  setTimeout(() => module.flushCompileCache(), KEEP_MS).unref();
}
