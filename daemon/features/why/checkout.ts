/**
 * What changed in a checkout since the last success: commits, lines of scripts, edited files.
 *
 * The repository may be of somebody else. So git reads only its objects: a command that compares
 * the work tree runs filters that the repository names, and a missing object of a partial clone
 * opens a connection.
 */
import { execFile } from "node:child_process";
import { isAbsolute, join, relative, resolve } from "node:path";
import type { Operation } from "../../../protocol/operation.js";
import { readRegularFile } from "../../../protocol/system/own-file.js";
import type { Change } from "../../../protocol/why.js";
import { textChange } from "./changes.js";
import { editedFiles } from "./git-index.js";

const COMMITS_MOST = 3;
const FILES_MOST = 5;
const MOST_BYTES = 256 * 1024;

/** All that git could run or reach. */
const DISARMED = {
  GIT_ALLOW_PROTOCOL: "",
  GIT_NO_LAZY_FETCH: "1",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_SSH_COMMAND: "false",
};
const SAFE = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"];
const STAGED = [
  "diff-index",
  "--cached",
  "--name-only",
  "-z",
  "--no-renames",
  "--ignore-submodules=all",
];

export interface CheckoutChanges {
  readonly changes: Change[];
  readonly notes: string[];
}

const NOTHING: CheckoutChanges = { changes: [], notes: [] };

interface Checkout {
  readonly dir: string;
  /** Longest time of one call, in ms. */
  readonly most: number;
}

class GitError extends Error {}

/** The last success, and the failure. */
export interface Runs {
  readonly before: Pick<Operation, "commit">;
  readonly now: Pick<Operation, "commit" | "cwd">;
  /** Start of the success: ISO 8601. */
  readonly since: string;
}

/**
 * @param files the files that the operation is known to use: of these, the lines that changed are
 *   told
 * @param most ms of one call of git
 */
export async function checkoutChanges(
  { before: { commit: before }, now: { commit: now, cwd: dir }, since }: Runs,
  files: readonly string[],
  most: number,
): Promise<CheckoutChanges> {
  const checkout = { dir, most };
  try {
    const place = await git(
      checkout,
      "rev-parse",
      "--show-toplevel",
      "--absolute-git-dir",
      "--show-prefix",
    );
    const [top = "", gitDir = "", prefix = ""] = place.split("\n");
    const pathOf = (file: string) => (isAbsolute(file) ? relative(top, file) : join(prefix, file));
    const staged = now === undefined ? "" : await git(checkout, ...STAGED, now).catch(() => "");
    const [commits, diffs, edited] = await Promise.all([
      commitsBetween(checkout, top, before, now),
      Promise.all(
        files.map((file) => diffOf(checkout, file, `${before}:${pathOf(file)}`).catch(() => [])),
      ),
      editedFiles(top, gitDir, since, new Set(staged.split("\0")), now?.length === 64 ? 32 : 20),
    ]);
    const scripts = diffs.flat();
    const told = new Set(scripts.map(({ name }) => name));
    const others = (edited ?? [])
      .map(({ name, at }): Change => ({ kind: "script", name: relative(prefix, name), at }))
      .filter(({ name }) => !told.has(name));
    return {
      changes: [...commits.changes, ...scripts, ...others.slice(0, FILES_MOST)],
      notes: [...commits.notes, ...editedNotes(top, edited === null, others.length - FILES_MOST)],
    };
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    return why(dir, error.message);
  }
}

const note = (text: string): CheckoutChanges => ({ changes: [], notes: [text] });

function editedNotes(top: string, isUnknown: boolean, more: number): string[] {
  if (isUnknown)
    return [
      `The index of the checkout ${top} is too large or in an unknown form: edits are not known.`,
    ];
  return more > 0
    ? [`${more} more ${more === 1 ? "file" : "files"} of the checkout ${top} were edited.`]
    : [];
}

function why(dir: string, message: string): CheckoutChanges {
  if (message.includes("dubious ownership"))
    return note(
      `Another user owns the repository of ${dir}, and git refuses it: what changed is not known.`,
    );
  // No checkout, no directory, or no git: there is nothing to tell.
  if (/not a git repository|must be run in a work tree|ENOENT|cannot change to/.test(message))
    return NOTHING;
  return note(`Git did not tell what changed in ${dir}: ${message.split("\n")[0]}`);
}

async function commitsBetween(
  checkout: Checkout,
  top: string,
  before: string | undefined,
  now: string | undefined,
): Promise<CheckoutChanges> {
  if (before === now && now !== undefined) return NOTHING;
  if (before === undefined || now === undefined) {
    const run = before === undefined ? "last success" : "failure";
    return note(`The commit of the checkout ${top} at the ${run} is not known.`);
  }
  const range = `${before}..${now}`;
  try {
    const [log, count] = await Promise.all([
      git(checkout, "rev-list", `-${COMMITS_MOST}`, "--format=%h%x00%an%x00%cI%x00%s", range),
      git(checkout, "rev-list", "--count", range),
    ]);
    const commits = log.split("\n").filter((line) => line.includes("\0"));
    const changes = commits.map((line): Change => {
      const [name = "", author = "", at = "", subject = ""] = line.split("\0");
      return { kind: "commit", name, now: `${author}: ${subject}`, at: new Date(at).toISOString() };
    });
    const more = Number(count) - commits.length;
    if (more > 0) changes.push({ kind: "commit", name: `${more} more` });
    // An older commit was checked out.
    if (changes.length === 0)
      changes.push({ kind: "commit", name: now.slice(0, 7), before: before.slice(0, 7) });
    return { changes, notes: [] };
  } catch {
    return note(
      `The commits ${before.slice(0, 7)}..${now.slice(0, 7)} are not in the checkout ${top}.`,
    );
  }
}

/**
 * The file of the commit as git keeps it: a filter or a textconv of the repository does not run.
 */
async function diffOf(checkout: Checkout, file: string, blob: string): Promise<Change[]> {
  const before = await git(checkout, "cat-file", "blob", blob);
  // Content that a filter keeps elsewhere is no text of a script.
  if (/\0|^version https:\/\/git-lfs/.test(before)) return [];
  const now = readRegularFile(resolve(checkout.dir, file), MOST_BYTES).toString("utf8");
  return textChange(file, plain(before), plain(now));
}

const plain = (text: string): string => text.replaceAll("\r\n", "\n").trimEnd();

/** @throws GitError */
function git({ dir, most }: Checkout, ...args: string[]): Promise<string> {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
  const env = { ...Object.fromEntries(kept), ...DISARMED, LC_ALL: "C" };
  const options = { env, timeout: most, killSignal: "SIGKILL", maxBuffer: MOST_BYTES } as const;
  return new Promise((resolve, reject) => {
    execFile("git", [...SAFE, "-C", dir, ...args], options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout.trimEnd());
      const late = error.killed === true ? `it took longer than ${most} ms` : null;
      reject(new GitError(late ?? (stderr.trim() || error.message)));
    });
  });
}
