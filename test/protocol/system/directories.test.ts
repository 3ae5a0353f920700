/** makeDirectory: `mkdir -p`, with an error where Node's own version would never end. */
import { existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeDirectory } from "../../../protocol/system/directories.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
const mode = (path: string) => lstatSync(path).mode & 0o777;

test("the directory and its missing parents, with the mode; what is there stays as it is", () => {
  const root = directory();
  mkdirSync(join(root, "there"), { mode: 0o755 });
  makeDirectory(join(root, "there", "a", "b"), 0o700);
  makeDirectory(join(root, "there", "a", "b"), 0o755);
  expect(["there", "there/a", "there/a/b"].map((path) => mode(join(root, path)))).toEqual([
    0o755, 0o700, 0o700,
  ]);
  symlinkSync("there", join(root, "link"));
  makeDirectory(join(root, "link", "c"));
  expect(existsSync(join(root, "there", "c"))).toBe(true);
});

test("what cannot be one is an error", () => {
  const root = directory();
  writeFileSync(join(root, "file"), "");
  symlinkSync("nowhere", join(root, "dangling"));
  for (const path of ["file", "file/below", "dangling"])
    expect(() => makeDirectory(join(root, path)), path).toThrow(/EEXIST|ENOTDIR/);
});

test.runIf(existsSync("/proc/self"))("below a directory that takes none, too", () => {
  expect(() => makeDirectory("/proc/nobody/here")).toThrow(/ENOENT|EACCES|EPERM/);
});
