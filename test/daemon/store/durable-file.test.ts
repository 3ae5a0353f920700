import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { replaceFile, replaceFileSync } from "../../../daemon/store/durable-file.js";
import { quarantineUnreadable } from "../../../daemon/store/quarantine.js";
import { FileSetting } from "../../../daemon/store/setting.js";
import { systemError } from "../../harness/system-error.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

test("a replacement whose rename fails leaves no temporary file", async () => {
  const file = join(directory(), "file");
  mkdirSync(join(file, "in the way"), { recursive: true });
  await expect(replaceFile(file, async (handle) => void (await handle.write("x")))).rejects.toThrow(
    "EISDIR",
  );
  expect(() => replaceFileSync(file, "x")).toThrow("EISDIR");
  expect(existsSync(`${file}.tmp`)).toBe(false);
});

test("a file is put aside for its content alone: after an error of the system it stays", () => {
  const file = join(directory(), "file");
  writeFileSync(file, "{");
  expect(() => quarantineUnreadable(file, systemError("EIO", "read"))).toThrow("EIO");
  expect(existsSync(file)).toBe(true);
  expect(quarantineUnreadable(file, new SyntaxError("not JSON"))).toBe(`${file}.damaged-1`);
});

test("a setting that the system does not let be read has no other value meanwhile", () => {
  const unreadable: string[] = [];
  const setting = (file: string) =>
    new FileSetting({
      file,
      mostBytes: 100,
      initial: [],
      parse: (json) => json,
      onUnreadable: (message) => unreadable.push(message),
      name: "it",
    });
  // ENOTDIR stands for any error of the system but ENOENT.
  expect(() => setting("/dev/null/file")).toThrow("ENOTDIR");
  expect(unreadable).toEqual([]);
});
