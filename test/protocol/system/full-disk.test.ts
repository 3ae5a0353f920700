/** A full disk as the kernel reports it, by calls of a Node that strace lets fail. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { isDiskFull } from "../../../protocol/system/replace-file.js";
import { pathOf } from "../../harness/programs.js";
import { systemError } from "../../harness/system-error.js";
import { temporary } from "../../ops/temporary.js";

/** Writes in each way that Node has, and prints the errors. */
const WRITES = `
  import { openSync, writeSync } from "node:fs";
  import { open } from "node:fs/promises";
  const [file] = process.argv.slice(1);
  const errors = [];
  try { writeSync(openSync(file, "w"), Buffer.from("x"), 0, 1, 0); } catch (error) { errors.push({ ...error }); }
  try { await (await open(file, "w")).write("x", 0); } catch (error) { errors.push({ ...error }); }
  console.log(JSON.stringify(errors));
`;

it.each([
  ["ENOSPC", true],
  ["EDQUOT", true],
  ["EFBIG", true],
  ["EIO", false],
])("%s of the kernel is a full disk: %s", { tags: ["strace"] }, (name, isFull) => {
  const inject = ["-f", "-qq", "-o", "/dev/null", "-e", `inject=pwrite64:error=${name}`];
  const node = [process.execPath, "--input-type=module", "-e", WRITES, join(temporary(), "file")];
  const printed = execFileSync(pathOf("strace"), [...inject, ...node], { encoding: "utf8" });
  const errors = JSON.parse(printed) as NodeJS.ErrnoException[];
  expect(errors.map(isDiskFull)).toEqual([isFull, isFull]);
  // The errors of a test's disk are those of Node.
  const { errno, code, syscall } = systemError(name, "write");
  expect(errors[1]).toEqual({ errno, code, syscall });
});
