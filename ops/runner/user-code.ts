/**
 * Loading the author's files into this process: the bare `liveops` is our one instance, TypeScript goes through tsx.
 *
 * Used by the worker, the loader process and `liveops run`. Our hook must stay the outermost: behind tsx's, tsx
 * would give `liveops` another URL, which is another instance, and no class of the author's would be ours.
 */
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { type LoadHookSync, type ModuleHooks, type ResolveHookSync, registerHooks } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { makeCacheDirectory } from "../../protocol/directories.js";
import { pathProblem, statProblem } from "../../protocol/owned-path.js";
import { cacheDir } from "../../protocol/places.js";
import { type LoadedFile, loadedFile } from "./type-files.js";

/** What nobody can write to: without a directory nothing is kept. */
const NOWHERE = "/dev/null";

type Variables = Record<string, string | undefined>;

/**
 * Where tsx and esbuild keep what they make of TypeScript: in the user's own cache directory, or nowhere.
 *
 * Both take the temporary directory for it. Other users may write there: they could replace our code with theirs, or
 * read a source that only we may read. Neither has a setting for the directory, but both read TMPDIR.
 */
class TransformCache {
  readonly #dir: string;
  /** What tsx and esbuild see; made when it is first needed. */
  #variables: Variables | null = null;

  /** @param env of this process, before an operation's is laid over it */
  constructor(env: Variables) {
    this.#dir = join(cacheDir(env), "typescript");
  }

  /** Gives this process the variables that tsx and esbuild look at. Call what it returns to take them away again. */
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
  if (!makeCacheDirectory(dir) || !makeTsxDirectory(dir)) return { TMPDIR: NOWHERE, TSX_DISABLE_CACHE: "1" };
  return { TMPDIR: dir };
}

/** tsx makes it when it first keeps something, and fails where it cannot: found out here, that costs no load. */
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

/** Which of them each of them imports. */
const imports = new Map<string, Set<string>>();

/** From now on `import … from "liveops"` means this module, from any directory. Call once, before `importUserFile`. */
export function enableUserCode(url: string): void {
  liveopsUrl = url;
  transformCache = new TransformCache(process.env);
  hookOutermost();
}

/** Makes tsx ready; done by itself before the first TypeScript file. A warm worker does it ahead of its work. */
export function enableTypeScript(): Promise<void> {
  typeScript ??= registerTsx();
  return typeScript;
}

async function registerTsx(): Promise<void> {
  transformCache ??= new TransformCache(process.env);
  // tsx reads its settings once, when it is imported; on older Nodes also in the thread that `register` starts.
  const restore = transformCache.enter();
  try {
    const { register } = await import("tsx/esm/api");
    // The tsconfig.json of whatever directory this process happens to be in says nothing about the author's files.
    register({ tsconfig: false });
  } finally {
    restore();
  }
  isRegistered = true;
  hookOutermost();
}

const imported = new Map<string, Record<string, unknown>>();

/** Imports a file of the author's, once in the life of this process; whatever it throws comes out. */
export async function importUserFile(file: string): Promise<Record<string, unknown>> {
  const known = imported.get(file);
  if (known) return known;
  remember(file);
  if (!isShippedFile(file)) refuse(pathProblem(file));
  if (/\.m?ts$/.test(file) && hooks !== null) await enableTypeScript();
  const module: Record<string, unknown> = await import(pathToFileURL(file).href);
  imported.set(file, module);
  return module;
}

/** The author's files in this process, as they were then: a worker is stale when one changed. */
export function loadedUserFiles(): LoadedFile[] {
  return [...loaded.values()];
}

/** The file and all of the author's files that it imports, through others too. */
export function sourcesOf(file: string): LoadedFile[] {
  const seen = new Set([file]);
  for (const each of seen) for (const imported of imports.get(each) ?? []) seen.add(imported);
  return [...seen].flatMap((each) => loaded.get(each) ?? []);
}

function hookOutermost(): void {
  hooks?.deregister();
  hooks = registerHooks(isRegistered ? { resolve, load } : { resolve });
}

/** esbuild, which tsx calls, writes a source of more than 1 MiB into the temporary directory. */
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
  // Without "type": "module" nearby tsx takes a .ts for CommonJS: nothing can be awaited at its top level, and
  // before Node 24.11 it is loaded under a second URL, as a second instance.
  return { ...resolved, url: pathToFileURL(file).href, format: "module" };
};

/** Older Nodes give the conditions of a `require` as a Set. */
function isImport({ conditions }: { conditions?: Iterable<string> }): boolean {
  return ![...(conditions ?? [])].includes("require");
}

function userFile(url: string): string | null {
  if (!url.startsWith("file:") || url.includes("/node_modules/")) return null;
  return fileURLToPath(url.replace(/(?:[?#]|%3F).*$/, ""));
}

/** Notes a file that is imported by one of the author's. */
function rememberImport(file: string, parentUrl: string | undefined): void {
  const parent = parentUrl === undefined ? null : userFile(parentUrl);
  if (parent === null || !loaded.has(parent)) return;
  const known = imports.get(parent);
  if (known) known.add(file);
  else imports.set(parent, new Set([file]));
  // Last: one that is refused is an import as well.
  remember(file);
}

/** @throws Error where another user could have written the file */
function remember(file: string): void {
  const stat = statSync(file, { throwIfNoEntry: false });
  // One that is refused as well: it is looked at again once it was changed.
  if (!loaded.has(file)) loaded.set(file, loadedFile(file));
  if (stat && !isShippedFile(file)) refuse(statProblem(file, stat));
}

/** A file that a loaded file imports and that is not there: once it is there, the import is worth another try. */
function rememberMissing(error: unknown, parentUrl: string | undefined): void {
  const { url } = error as { url?: unknown };
  const file = typeof url === "string" ? userFile(url) : null;
  if (file !== null) rememberImport(file, parentUrl);
}

/** What stands beside our bundle is the program itself. */
export function isShippedFile(path: string): boolean {
  return liveopsUrl !== null && path.startsWith(fileURLToPath(new URL(".", liveopsUrl)));
}

function refuse(problem: string | null): void {
  if (problem !== null) throw new Error(`not loaded: ${problem}`);
}

/** What only CommonJS has. */
const COMMON_JS = /\brequire\s*\(|\bmodule\.exports\b|\b__(?:dir|file)name\b|^\s*export\s*=/m;

const esModules = new Map<string, boolean>();

/** Whether a .ts file is one: unless it uses what only CommonJS has. It stays what it was found to be first. */
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
