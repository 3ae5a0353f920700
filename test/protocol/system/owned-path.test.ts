/**
 * Paths that only this user and root can change: parent directories, links, sticky and shared
 * directories.
 */
import { chmodSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  isPrivateGroup,
  ownerProblem,
  pathProblem,
  statProblem,
} from "../../../protocol/system/owned-path.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
const me = process.geteuid?.() ?? 0;
/** No user of any machine that runs these tests. */
const OTHER = 4242;

test("a missing path and one of ours are safe", () => {
  const dir = directory();
  writeFileSync(join(dir, "file"), "", { mode: 0o644 });
  for (const name of ["file", "none", "none/below", "."])
    expect(pathProblem(join(dir, name))).toBeNull();
});

test.each([
  ["the file itself", "a/b/file", 0o666],
  ["its directory", "a/b", 0o777],
  ["a directory above", "a", 0o757],
])("%s that others may write is named, with the command that mends it", (_, name, mode) => {
  const dir = directory();
  mkdirSync(join(dir, "a/b"), { recursive: true, mode: 0o755 });
  writeFileSync(join(dir, "a/b/file"), "", { mode: 0o600 });
  chmodSync(join(dir, name), mode);
  expect(pathProblem(join(dir, "a/b/file"))).toBe(
    `${join(dir, name)} may be written by others (mode ${mode.toString(8)}); run: chmod go-w ${join(dir, name)}`,
  );
});

test("a sticky directory is safe as a parent, and not as the path itself", () => {
  const dir = directory();
  mkdirSync(join(dir, "sticky"));
  chmodSync(join(dir, "sticky"), 0o1777);
  writeFileSync(join(dir, "sticky/file"), "", { mode: 0o600 });
  expect(pathProblem(join(dir, "sticky/file"))).toBeNull();
  expect(pathProblem(join(dir, "sticky"))).toContain("may be written by others");
});

test("links are followed to what they lead to, in a loop to nothing", () => {
  const dir = directory();
  mkdirSync(join(dir, "open"));
  chmodSync(join(dir, "open"), 0o777);
  writeFileSync(join(dir, "open/file"), "", { mode: 0o600 });
  symlinkSync("open/../open", join(dir, "link"));
  symlinkSync(join(dir, "loop"), join(dir, "loop"));
  expect(pathProblem(join(dir, "link/file"))).toContain(
    `${join(dir, "open")} may be written by others`,
  );
  expect(pathProblem(join(dir, "loop/file"))).toBeNull();
});

test("a link of another user is not safe, wherever it leads", () => {
  const dir = directory();
  writeFileSync(join(dir, "file"), "", { mode: 0o600 });
  symlinkSync("file", join(dir, "link"));
  expect(pathProblem(join(dir, "link"))).toBeNull();
  // Only root may give it away.
  if (me !== 0) return;
  lchownSync(join(dir, "link"), OTHER, OTHER);
  expect(pathProblem(join(dir, "link"))).toBe(
    `${join(dir, "link")} belongs to another user (uid ${OTHER})`,
  );
});

test("an entry may be this user's or root's", () => {
  const mode = 0o100644;
  for (const uid of [0, me]) expect(statProblem("/x", { uid, gid: 0, mode })).toBeNull();
  expect(statProblem("/x", { uid: OTHER, gid: 0, mode })).toBe(
    `/x belongs to another user (uid ${OTHER})`,
  );
  expect(ownerProblem("/x", { uid: me })).toBeNull();
});

test("a group is private where this user alone is in it", () => {
  const passwd = ["root:x:0:0", "ann:x:1000:1000", "bob:x:1001:1001"].map((row) => row.split(":"));
  const group = (row: string) => [row.split(":")];
  expect(isPrivateGroup(1000, 1000, passwd, group("ann:x:1000:"))).toBe(true);
  expect(isPrivateGroup(1000, 1000, passwd, group("ann:x:1000:ann"))).toBe(true);
  expect(isPrivateGroup(1000, 1000, passwd, group("ann:x:1000:ann,bob"))).toBe(false);
  expect(isPrivateGroup(1000, 1000, passwd, group("staff:x:1000:"))).toBe(false);
  expect(isPrivateGroup(1000, 1000, passwd, [])).toBe(false);
  expect(
    isPrivateGroup(1000, 1000, [...passwd, "eve:x:1002:1000".split(":")], group("ann:x:1000:")),
  ).toBe(false);
});
