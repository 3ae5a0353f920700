/**
 * Keeps V8's compiled code of the bundles between starts, with Node's compile cache, in a directory that only this user
 * can write. Compiling takes a third of the daemon's start and a tenth of a `run`. Node checks the cache against the
 * source and its own version. An outdated, damaged or unwritable cache is ignored; the start is only slower.
 */
import * as module from "node:module";
import { makeCacheDirectory } from "../../protocol/system/directories.js";
import { cacheDir } from "../../protocol/system/places.js";

/** Milliseconds after the first reply. The code compiled until then is the code that a start needs. */
const KEEP_MS = 1000;

/** Enables the cache for all modules that are loaded later. */
export function useCompileCache(): void {
  const dir = cacheDir(process.env);
  // Without a home, disk space or permission there is no cache.
  if (makeCacheDirectory(dir)) module.enableCompileCache(dir);
}

/** Writes new compiled code when no client waits. A process that ends earlier writes it at its end. */
export function keepCompileCache(): void {
  setTimeout(() => module.flushCompileCache(), KEEP_MS).unref();
}
