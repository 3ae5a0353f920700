/** Temporary directories, removed at the end of their scope or of the test file. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

export interface TemporaryDirectory extends Disposable {
  path: string;
}

/** For `using`. */
export function temporaryDirectory(): TemporaryDirectory {
  // A short path: sockets may be in it.
  const path = mkdtempSync(join(tmpdir(), "lo-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** One directory for all tests of the file; each call returns a new directory inside it. */
export function useDirectories(): () => string {
  const all = temporaryDirectory();
  // A complete fault leaves hundreds of thousands of files.
  afterAll(() => all[Symbol.dispose](), 180_000);
  let count = 0;
  return () => {
    const path = join(all.path, String(++count));
    mkdirSync(path, { mode: 0o700 });
    return path;
  };
}
