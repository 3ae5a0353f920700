/**
 * Finds the git checkout around a directory, and the commit that it is at. Reads files only: git
 * itself would run programs that the configuration of the repository names.
 */
import { realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { readRegularFile } from "../../protocol/system/own-file.js";

/** A repository of this machine may have 100,000 packed refs. */
const MOST_REFS = 8 * 1024 * 1024;
const MOST_LINE = 4096;
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

export interface Checkout {
  readonly top: string;
  /** The directory of `HEAD` and `index`: of a worktree, its own. */
  readonly gitDir: string;
}

/** Null: the directory is in no checkout, or is gone. */
function findCheckout(dir: string): Checkout | null {
  try {
    let top = realpathSync.native(dir);
    for (;;) {
      const gitDir = gitDirIn(top);
      if (gitDir !== null) return { top, gitDir };
      const above = dirname(top);
      if (above === top) return null;
      top = above;
    }
  } catch {
    return null;
  }
}

function gitDirIn(top: string): string | null {
  const git = join(top, ".git");
  const stats = statSync(git, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  if (stats.isDirectory()) return git;
  const [, path] = /^gitdir: (.+)$/.exec(lineOf(git) ?? "") ?? [];
  return path === undefined ? null : resolve(top, path);
}

/** Null: it has no commit yet, or keeps its refs in another form than files. */
function commitOf({ gitDir }: Checkout): string | null {
  const head = lineOf(join(gitDir, "HEAD")) ?? "";
  if (COMMIT.test(head)) return head;
  const [, ref] = /^ref: (refs\/\S+)$/.exec(head) ?? [];
  if (ref === undefined || ref.includes("..")) return null;
  // A worktree shares the branches of its repository.
  const shared = resolve(gitDir, lineOf(join(gitDir, "commondir")) ?? "");
  const commit = lineOf(join(shared, ref)) ?? packedCommit(shared, ref) ?? "";
  return COMMIT.test(commit) ? commit : null;
}

function packedCommit(dir: string, ref: string): string | null {
  const text = textOf(join(dir, "packed-refs"), MOST_REFS) ?? "";
  const end = text.indexOf(` ${ref}\n`);
  return end < 0 ? null : text.slice(text.lastIndexOf("\n", end) + 1, end);
}

const lineOf = (file: string): string | null => textOf(file, MOST_LINE)?.trim() ?? null;

function textOf(file: string, most: number): string | null {
  try {
    return readRegularFile(file, most).toString("utf8");
  } catch {
    return null;
  }
}

/**
 * A directory in no checkout is looked at again after so many ms: many operations run in the same
 * one.
 */
const AGAIN_MS = 1000;
let outside = { dir: "", until: 0 };

/** The commit of the checkout around the directory; null: there is none, or it is not known. */
export function commitAround(dir: string): string | null {
  if (dir === outside.dir && performance.now() < outside.until) return null;
  const checkout = findCheckout(dir);
  if (checkout === null) outside = { dir, until: performance.now() + AGAIN_MS };
  return checkout === null ? null : commitOf(checkout);
}
