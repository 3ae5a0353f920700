/**
 * Loads a bundle with the code that V8 compiled in earlier runs. Node's compile cache has what V8
 * compiles with the file: most functions are compiled at their first call, and so again in each
 * process. Half of what the cache saves is theirs.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import Module, { createRequire, getCompileCacheDir } from "node:module";
import { dirname, join } from "node:path";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";

const require = createRequire(import.meta.filename);

/** Runs that add the functions which they called. One is not enough: it may be `--help`. */
const RUNS = 3;

/**
 * Bytes of a kept file before the code: a checksum of bundle and code, then how many runs wrote.
 */
const HEADER = 8;

/** Writers of the bundles of this process. */
const unwritten: Array<() => void> = [];

/** Writes the code of this process now, instead of at its exit. */
export function writeCode(): void {
  for (const write of unwritten.splice(0)) write();
}

process.on("exit", writeCode);

/** Loads a CommonJS bundle of this directory, as `require` does. */
export function loadBundle(name: string): unknown {
  const file = join(dirname(import.meta.filename), name);
  const dir = getCompileCacheDir();
  const source = dir === undefined || file in require.cache ? null : textOf(file);
  if (dir === undefined || source === null) return require(file);
  // Two installations take turns without writing over each other's.
  const path = join(dir, `${crc32(file).toString(16)}-${name}`);
  const { code, runs } = kept(path, source);
  const script = new Script(Module.wrap(source), { filename: file, cachedData: code });
  const before = script.cachedDataRejected === false ? runs : 0;
  if (before < RUNS)
    unwritten.push(() => write(path, source, script.createCachedData(), before + 1));
  const bundle = new Module(file);
  bundle.filename = file;
  require.cache[file] = bundle;
  script.runInThisContext()(bundle.exports, createRequire(file), bundle, file, dirname(file));
  bundle.loaded = true;
  return bundle.exports;
}

/** For bundles that this one has loaded: code of a `Script` cannot import. */
export const importModule = (name: string) => import(name);

/** Null where the package is being replaced: `require` has the error for that. */
function textOf(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

/** V8 itself does not notice a damaged file, and would crash. */
function kept(path: string, source: string): { code?: Buffer; runs: number } {
  try {
    const bytes = readFileSync(path);
    const code = bytes.subarray(HEADER);
    if (bytes.readUInt32LE(0) === sumOf(source, code)) return { code, runs: bytes.readUInt32LE(4) };
  } catch {
    // The first run, or a file that is too short.
  }
  return { runs: 0 };
}

function write(path: string, source: string, code: Buffer, runs: number): void {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(sumOf(source, code), 0);
  header.writeUInt32LE(runs, 4);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, Buffer.concat([header, code]), { mode: 0o600 });
    renameSync(temporary, path);
  } catch {
    // The next start is slower.
  }
}

const sumOf = (source: string, code: Buffer) => crc32(code, crc32(source));
