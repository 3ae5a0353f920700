/** The commit of the checkout around a directory, as git tells it, without git. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commitAround } from "../../../daemon/os/git-checkout.js";
import { commitAll, git } from "../../harness/git.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

function repository() {
  const dir = directory();
  mkdirSync(join(dir, "part"));
  writeFileSync(join(dir, "part/a.txt"), "one\n");
  return { dir, commit: commitAll(dir) };
}

test("is that of the branch, below the top, behind a link and where refs are packed", () => {
  const { dir, commit } = repository();
  expect(commitAround(join(dir, "part"))).toBe(commit);
  const link = join(directory(), "link");
  symlinkSync(join(dir, "part"), link);
  expect(commitAround(link)).toBe(commit);
  git(dir, "pack-refs", "--all");
  expect(commitAround(dir)).toBe(commit);
  git(dir, "commit", "-q", "--allow-empty", "-m", "second");
  expect(commitAround(dir)).toBe(git(dir, "rev-parse", "HEAD"));
  git(dir, "checkout", "-q", "--detach", commit);
  expect(commitAround(dir)).toBe(commit);
});

test("of a worktree is its own", () => {
  const { dir, commit } = repository();
  const tree = join(directory(), "tree");
  git(dir, "worktree", "add", "-q", "-b", "other", tree);
  git(tree, "commit", "-q", "--allow-empty", "-m", "second");
  expect(commitAround(tree)).toBe(git(tree, "rev-parse", "HEAD"));
  expect(commitAround(dir)).toBe(commit);
});

describe("bad input", () => {
  test("a directory that is gone, or in no checkout, or without a commit", () => {
    const dir = directory();
    expect(commitAround(join(dir, "gone"))).toBeNull();
    expect(commitAround(dir)).toBeNull();
    const empty = directory();
    git(empty, "init", "-q");
    expect(commitAround(empty)).toBeNull();
  });

  test.each(["ref: refs/../../outside", "ref: /etc/passwd", "secret", "x".repeat(10_000)])(
    "HEAD is %.30s",
    (head) => {
      const { dir, commit } = repository();
      writeFileSync(join(dir, "outside"), `${commit}\n`);
      writeFileSync(join(dir, ".git/HEAD"), `${head}\n`);
      expect(commitAround(dir)).toBeNull();
    },
  );

  test("HEAD is a named pipe, which nobody writes to", () => {
    const { dir } = repository();
    rmSync(join(dir, ".git/HEAD"));
    execFileSync("mkfifo", [join(dir, ".git/HEAD")]);
    expect(commitAround(dir)).toBeNull();
  });
});
