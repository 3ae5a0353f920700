/**
 * Files of the state directory are opened without following a link, without waiting, and only where
 * regular.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, closeSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { IrregularFileError, openOwnFile, readOwnFile } from "../../../protocol/system/own-file.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

test("a regular file is opened and read", () => {
  const file = join(directory(), "file");
  writeFileSync(file, "text");
  expect(readOwnFile(file).toString()).toBe("text");
  expect(() => readOwnFile(file, 3)).toThrow(IrregularFileError);
});

test("a missing file is the system's error", () => {
  expect(() => openOwnFile(join(directory(), "none"))).toThrow(/ENOENT/);
});

test.each([
  ["a directory", (path: string) => mkdirSync(path)],
  ["a named pipe", (path: string) => void execFileSync("mkfifo", [path])],
  ["a symbolic link", (path: string) => symlinkSync("/etc/hosts", path)],
  ["a symbolic link", (path: string) => symlinkSync(`${path}-missing`, path)],
])("%s is refused at once, and named", (kind, make) => {
  const path = join(directory(), "odd");
  make(path);
  expect(() => readOwnFile(path)).toThrow(`${path} is ${kind}, not a regular file`);
});

// Only root can become another user for a while.
test.runIf(process.getuid?.() === 0)(
  "a file whose mode keeps its own user out gets mode 0600 again",
  () => {
    const dir = directory();
    const file = join(dir, "file");
    // Every directory above must be open to that user.
    for (const path of [dir, join(dir, "..")]) chmodSync(path, 0o755);
    process.seteuid?.(12_345);
    try {
      expect(() => readOwnFile("/etc/shadow")).toThrow(/another user/);
    } finally {
      process.seteuid?.(0);
    }
    execFileSync("sh", ["-c", `printf text > ${file} && chown 12345 ${file} && chmod 000 ${file}`]);
    process.seteuid?.(12_345);
    try {
      closeSync(openOwnFile(file));
    } finally {
      process.seteuid?.(0);
    }
    expect(statSync(file).mode & 0o777).toBe(0o600);
  },
);
