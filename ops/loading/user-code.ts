/**
 * Imports the author's files into this process: `liveops` resolves to this instance, and tsx
 * compiles TypeScript.
 *
 * Used by the worker, the loader process and `liveops run`. The resolve hook of this module must
 * stay outermost. Otherwise tsx gives `liveops` another URL, which is a second instance, and no
 * class of the author is a subclass.
 */
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import {
  type LoadHookSync,
  type ModuleHooks,
  type ResolveHookSync,
  registerHooks,
} from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { makeCacheDirectory } from "../../protocol/system/directories.js";
import { pathProblem, statProblem } from "../../protocol/system/owned-path.js";
import { cacheDir } from "../../protocol/system/places.js";
import { hasStages, isYamlPath } from "../pipeline/file-name.js";
import { type LoadedFile, loadedFile, statOf } from "./type-files.js";

/** A path that is not a directory, so that tsx and esbuild keep no files. */
const NOWHERE = "/dev/null";

type Variables = Record<string, string | undefined>;

/**
 * Makes tsx and esbuild keep their output in the user's cache directory, or nowhere.
 *
 * Both use the temporary directory by default, where other users could replace the code, or read a
 * private source. Neither has a setting for the directory, but both read TMPDIR.
 */
class TransformCache {
  readonly #dir: string;
  /** Variables for tsx and esbuild; made when first needed. */
  #variables: Variables | null = null;

  /** @param env environment of this process, without that of an operation */
  constructor(env: Variables) {
    this.#dir = join(cacheDir(env), "typescript");
  }

  /**
   * Sets the variables for tsx and esbuild in this process. Returns a function that restores the
   * old values.
   */
  enter(): () => void {
    this.#variables ??= variablesFor(this.#dir);
    const before: Variables = {};
    for (const [name, value] of Object.entries(this.#variables)) {
      before[name] = process.env[name];
      set(name, value);
    }
    return () => {
      for (const [name, value] of Object.entries(before)) set(name, value);
    };
  }
}

function variablesFor(dir: string): Variables {
  if (!makeCacheDirectory(dir) || !makeTsxDirectory(dir))
    return { TMPDIR: NOWHERE, TSX_DISABLE_CACHE: "1" };
  return { TMPDIR: dir };
}

/** Creates the directory of tsx now. If tsx could not create it later, a load would fail. */
function makeTsxDirectory(dir: string): boolean {
  try {
    mkdirSync(join(dir, `tsx-${process.geteuid?.() ?? 0}`), { mode: 0o700, recursive: true });
    return true;
  } catch {
    return false;
  }
}

function set(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

let liveopsUrl: string | null = null;
let hooks: ModuleHooks | null = null;
let typeScript: Promise<void> | null = null;
let transformCache: TransformCache | null = null;
/** tsx is registered. */
let isRegistered = false;

const loaded = new Map<string, LoadedFile>();

/** Author's files that each author's file imports. */
const imports = new Map<string, Set<string>>();

/**
 * Makes `import … from "liveops"` resolve to `url`, from any directory. Call once, before
 * `importUserFile`.
 */
export function enableUserCode(url: string): void {
  liveopsUrl = url;
  transformCache = new TransformCache(process.env);
  hookOutermost();
}

/**
 * Registers tsx. `importUserFile` does it before the first TypeScript file; a warm worker does it
 * earlier.
 */
export function enableTypeScript(): Promise<void> {
  typeScript ??= registerTsx();
  return typeScript;
}

async function registerTsx(): Promise<void> {
  transformCache ??= new TransformCache(process.env);
  // tsx reads its settings once, at its import; on an older Node also in the thread that `register`
  // starts.
  const restore = transformCache.enter();
  try {
    const { register } = await import("tsx/esm/api");
    // A tsconfig.json in the working directory of this process does not apply to the author's
    // files.
    register({ tsconfig: false });
  } finally {
    restore();
  }
  isRegistered = true;
  hookOutermost();
}

const imported = new Map<string, Record<string, unknown>>();

/** Imports an author's file, once per process. Throws any error of the file. */
export async function importUserFile(file: string): Promise<Record<string, unknown>> {
  const known = imported.get(file);
  if (known) return known;
  remember(file);
  if (!isShippedFile(file)) refuse(pathProblem(file));
  if (isYamlPath(file)) return await importPipeline(file);
  if (/\.m?ts$/.test(file) && hooks !== null) await enableTypeScript();
  const module: Record<string, unknown> = await import(pathToFileURL(file).href);
  imported.set(file, module);
  return module;
}

/**
 * The type of a pipeline file, as a module would export it. YAML without stages belongs to another
 * tool.
 */
async function importPipeline(file: string): Promise<Record<string, unknown>> {
  let exports = {};
  // A file that cannot be read is not one of another tool.
  closeSync(openSync(file, "r"));
  if (hasStages(file)) {
    const { typeOfFile } = await import("../pipeline/type.js");
    const { href } = pathToFileURL(file);
    exports = { Pipeline: await typeOfFile(file, (named) => rememberImport(named, href)) };
  }
  imported.set(file, exports);
  return exports;
}

/**
 * The author's files at the time they were loaded. A worker runs no other operation once one has
 * changed.
 */
export function loadedUserFiles(): LoadedFile[] {
  return [...loaded.values()];
}

/** The file and all author's files that it imports, directly or indirectly. */
export function sourcesOf(file: string): LoadedFile[] {
  const seen = new Set([file]);
  for (const each of seen) for (const imported of imports.get(each) ?? []) seen.add(imported);
  return [...seen].flatMap((each) => loaded.get(each) ?? []);
}

function hookOutermost(): void {
  hooks?.deregister();
  hooks = registerHooks(
    isRegistered && loadsInThread(process.versions.node) ? { resolve, load } : { resolve },
  );
}

/** The first versions, by major, in which tsx loads in this thread. All later majors do. */
const IN_THREAD: Record<number, readonly [minor: number, patch: number]> = {
  22: [22, 3],
  23: [Number.POSITIVE_INFINITY, 0],
  24: [11, 1],
  25: [1, 0],
};

/**
 * Whether tsx loads in this thread. On an older Node tsx has a thread of its own, with the
 * variables of its start, and Node refuses a load hook that passes on a CommonJS module: such a
 * module has no source.
 */
export function loadsInThread(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version
    .split(".")
    .map((part) => Number.parseInt(part, 10));
  const [firstMinor, firstPatch] = IN_THREAD[major] ?? [0, 0];
  return minor > firstMinor || (minor === firstMinor && patch >= firstPatch);
}

/**
 * Sets TMPDIR during a load, because esbuild writes a source of more than 1 MiB into the temporary
 * directory.
 */
const load: LoadHookSync = (url, context, next) => {
  const restore = transformCache?.enter();
  try {
    return next(url, context);
  } finally {
    restore?.();
  }
};

const resolve: ResolveHookSync = (specifier, context, next) => {
  if (specifier === "liveops" && liveopsUrl !== null) {
    return { url: liveopsUrl, format: "module", shortCircuit: true };
  }
  let resolved: ReturnType<typeof next>;
  try {
    resolved = next(specifier, context);
  } catch (error) {
    rememberMissing(error, context.parentURL);
    throw error;
  }
  const file = userFile(resolved.url);
  if (file === null) return resolved;
  rememberImport(file, context.parentURL);
  if (!loaded.has(file) || !isImport(context) || !isEsModule(file)) return resolved;
  // Without "type": "module" nearby, tsx treats a .ts file as CommonJS: top-level await fails, and
  // before Node 24.11 the file is loaded under a second URL, as a second instance.
  return { ...resolved, url: pathToFileURL(file).href, format: "module" };
};

/** An older Node passes the conditions of a `require` as a Set. */
function isImport({ conditions }: { conditions?: Iterable<string> }): boolean {
  return ![...(conditions ?? [])].includes("require");
}

function userFile(url: string): string | null {
  if (!url.startsWith("file:") || url.includes("/node_modules/")) return null;
  return fileURLToPath(url.replace(/(?:[?#]|%3F).*$/, ""));
}

/** Records a file that an author's file imports. */
function rememberImport(file: string, parentUrl: string | undefined): void {
  const parent = parentUrl === undefined ? null : userFile(parentUrl);
  if (parent === null || !loaded.has(parent)) return;
  const known = imports.get(parent);
  if (known) known.add(file);
  else imports.set(parent, new Set([file]));
  // Last, because it throws for a rejected file, which must be recorded as an import too.
  remember(file);
}

/** @throws Error if another user could have written the file */
function remember(file: string): void {
  const stat = statOf(file);
  // Also recorded for a rejected file, so that a change of the file is detected.
  if (!loaded.has(file)) loaded.set(file, loadedFile(file));
  if (stat?.isFile() === false) throw new Error("it is not a regular file");
  if (stat && !isShippedFile(file)) refuse(statProblem(file, stat));
}

/**
 * Records a missing file that a loaded file imports, so that the load is retried when the file
 * exists.
 */
function rememberMissing(error: unknown, parentUrl: string | undefined): void {
  const { url } = error as { url?: unknown };
  const file = typeof url === "string" ? userFile(url) : null;
  if (file !== null) rememberImport(file, parentUrl);
}

/** Files next to the bundle are part of liveops. */
export function isShippedFile(path: string): boolean {
  return liveopsUrl !== null && path.startsWith(fileURLToPath(new URL(".", liveopsUrl)));
}

function refuse(problem: string | null): void {
  if (problem !== null) throw new Error(`not loaded: ${problem}`);
}

/** Matches code that only CommonJS has. */
const COMMON_JS = /\brequire\s*\(|\bmodule\.exports\b|\b__(?:dir|file)name\b|^\s*export\s*=/m;

const esModules = new Map<string, boolean>();

/**
 * Whether a .ts file is an ES module: unless it uses CommonJS features. The first result is kept.
 */
function isEsModule(file: string): boolean {
  if (!file.endsWith(".ts")) return false;
  let is = esModules.get(file);
  if (is === undefined) {
    const text = readIfThere(file);
    is = text.includes("import.meta") || !COMMON_JS.test(text);
    esModules.set(file, is);
  }
  return is;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
