/**
 * Enables Node's compile cache for what is loaded later, and loads bundles: each bin loads this
 * bundle first. The cache keeps V8's compiled code between starts, in a directory that only this
 * user can write. Compiling takes a third of the daemon's start and a quarter of a command. Node
 * checks the cache against the source and its own version. An outdated, damaged or unwritable cache
 * is ignored; the start is only slower.
 */
import { enableCompileCache } from "node:module";
import { makeCacheDirectory } from "../../../protocol/system/directories.js";
import { cacheDir } from "../../../protocol/system/places.js";

export { importModule, loadBundle, writeCode } from "./bundle.js";

const dir = cacheDir(process.env);
// Without a home, disk space or permission there is no cache.
if (makeCacheDirectory(dir)) enableCompileCache(dir);
