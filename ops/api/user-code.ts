/**
 * Loading the author's files into this process: the bare `liveops` is our one instance, TypeScript goes through tsx.
 *
 * Used by the worker, the loader process and `liveops run`. Our hook must stay the outermost: behind tsx's, tsx
 * would give `liveops` another URL, which is another instance, and no class of the author's would be ours.
 */
import { readFileSync, statSync } from "node:fs";
import { type ModuleHooks, type ResolveHookSync, registerHooks } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

let liveopsUrl: string | null = null;
let hooks: ModuleHooks | null = null;
let typeScript: Promise<void> | null = null;

/** A file of the author's as it was when it was loaded. */
export interface LoadedFile {
  file: string;
  mtimeMs: number;
  size: number;
}

const loaded = new Map<string, LoadedFile>();

/** From now on `import … from "liveops"` means this module, from any directory. Call once, before `importUserFile`. */
export function enableUserCode(url: string): void {
  liveopsUrl = url;
  hookOutermost();
}

/** Makes tsx ready; done by itself before the first TypeScript file. A warm worker does it ahead of its work. */
export function enableTypeScript(): Promise<void> {
  typeScript ??= import("tsx/esm/api").then(({ register }) => {
    // The tsconfig.json of whatever directory this process happens to be in says nothing about the author's files.
    register({ tsconfig: false });
    hookOutermost();
  });
  return typeScript;
}

/** Imports a file of the author's; whatever it throws comes out. */
export async function importUserFile(file: string): Promise<Record<string, unknown>> {
  if (/\.m?ts$/.test(file) && hooks !== null) await enableTypeScript();
  remember(file);
  return await import(pathToFileURL(file).href);
}

/** The author's files in this process, as they were then: a worker is stale when one changed. */
export function loadedUserFiles(): LoadedFile[] {
  return [...loaded.values()];
}

function hookOutermost(): void {
  hooks?.deregister();
  hooks = registerHooks({ resolve });
}

const resolve: ResolveHookSync = (specifier, context, next) => {
  if (specifier === "liveops" && liveopsUrl !== null) {
    return { url: liveopsUrl, format: "module", shortCircuit: true };
  }
  const resolved = next(specifier, context);
  const file = userFile(resolved.url);
  if (file === null) return resolved;
  if (isLoaded(context.parentURL)) remember(file);
  // A directory that says nothing has ES modules in it, as Node finds for its .js files by looking into them. tsx
  // takes its .ts for CommonJS, in which nothing can be awaited at the top level.
  if (loaded.has(file) && isUndeclared(file) && resolved.format?.startsWith("commonjs") && isImport(context))
    return { ...resolved, format: "module" };
  return resolved;
};

function isImport(context: { conditions?: string[] }): boolean {
  return context.conditions?.includes("require") !== true;
}

function userFile(url: string): string | null {
  if (!url.startsWith("file:") || url.includes("/node_modules/")) return null;
  return fileURLToPath(url.replace(/[?#].*$/, ""));
}

function isLoaded(parentUrl: string | undefined): boolean {
  const parent = parentUrl === undefined ? null : userFile(parentUrl);
  return parent !== null && loaded.has(parent);
}

function remember(file: string): void {
  if (loaded.has(file)) return;
  const { mtimeMs = 0, size = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {};
  loaded.set(file, { file, mtimeMs, size });
}

/** A .ts file for which no package.json says whether it is CommonJS. */
function isUndeclared(file: string): boolean {
  if (extname(file) !== ".ts") return false;
  for (let dir = dirname(file); ; dir = dirname(dir)) {
    const text = readIfThere(join(dir, "package.json"));
    if (text !== null) return !/"type"\s*:/.test(text);
    if (dir === dirname(dir)) return true;
  }
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
