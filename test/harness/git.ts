/** Git repositories of tests. */
import { execFileSync } from "node:child_process";

const IDENTITY = {
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "a@example.org",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "a@example.org",
};

export const git = (dir: string, ...args: string[]): string => run(dir, args, {});

/** As if the clock showed that time. */
export const gitAt = (time: string, dir: string, ...args: string[]): string =>
  run(dir, args, { GIT_COMMITTER_DATE: time });

function run(dir: string, args: readonly string[], more: Record<string, string>): string {
  const env = { ...process.env, ...IDENTITY, GIT_CONFIG_GLOBAL: "/dev/null", ...more };
  return execFileSync("git", ["-C", dir, ...args], { env, encoding: "utf8" }).trim();
}

/** Makes a repository of the files in the directory, with one commit; returns the commit. */
export function commitAll(dir: string): string {
  git(dir, "init", "-q", "-b", "main");
  git(dir, "add", ".");
  git(dir, "commit", "-qm", "first");
  return git(dir, "rev-parse", "HEAD");
}
