/**
 * Where tsx and esbuild keep what they make of TypeScript: in the user's own cache directory, or nowhere.
 *
 * Both take the temporary directory for it, which other users may write to: they could put their code in the place of
 * ours, or read a source that is readable by us alone. Neither has a setting of its own, but both look at TMPDIR.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { makeCacheDirectory } from "../../protocol/directories.js";
import { cacheDir } from "../../protocol/places.js";

/** What nobody can write to: without a directory nothing is kept. */
const NOWHERE = "/dev/null";

type Variables = Record<string, string | undefined>;

export class TransformCache {
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
