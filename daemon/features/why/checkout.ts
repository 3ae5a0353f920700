/**
 * What git tells of a directory since a time: the commits that came into the checkout, and the files that changed. By
 * the reflog, so a commit counts from when it came here. Git runs no hook, monitor or external diff of the repository.
 */
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join, posix } from "node:path";
import type { Change } from "../../../protocol/features/why/why.js";

const COMMITS_MOST = 3;
const FILES_MOST = 5;
const LINES_MOST = 12;
const MOST_BYTES = 256 * 1024;

const SAFE = [
  ...["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"],
  ...["-c", "core.quotePath=false", "--no-optional-locks"],
];
const DIFF = ["diff", "--no-color", "--no-ext-diff", "--no-textconv"];

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

/**
 * @param since ISO 8601
 * @param files the files that the operation is known to use: of these, the lines that changed are told
 * @param most ms of one call of git
 */
export async function checkoutChanges(
  dir: string,
  since: string,
  files: readonly string[],
  most: number,
): Promise<CheckoutChanges> {
  const checkout = { dir, most };
  try {
    const place = await git(checkout, "rev-parse", "--show-toplevel", "HEAD", "--show-prefix");
    const [top = "", head = "", prefix = ""] = place.split("\n");
    const before = await commitAt(checkout, since);
    if (before === null)
      return note(`The checkout ${top} is newer than the last success: what changed in it is not known.`);
    const [commits, diffs, edited] = await Promise.all([
      before === head ? [] : commitsBetween(checkout, before, head),
      // A file may be outside of the checkout.
      Promise.all(files.map((file) => diffOf(checkout, before, file).catch(() => null))),
      editedSince(checkout, top, prefix, since),
    ]);
    const told = new Set(diffs.flatMap((each) => each?.name ?? []));
    const others = edited.filter(({ name }) => !told.has(name)).slice(0, FILES_MOST);
    return { changes: [...commits, ...diffs.flatMap((each) => each ?? []), ...others], notes: [] };
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    return why(dir, error.message);
  }
}

const note = (text: string): CheckoutChanges => ({ changes: [], notes: [text] });

function why(dir: string, message: string): CheckoutChanges {
  if (message.includes("Needed a single revision"))
    return note(`The checkout of ${dir} has no reflog: what changed in it is not known.`);
  if (message.includes("dubious ownership"))
    return note(`Another user owns the repository of ${dir}, and git refuses it: what changed is not known.`);
  // No checkout, no commit yet, no directory, or no git: there is nothing to tell.
  if (/not a git repository|ambiguous argument 'HEAD'|ENOENT|cannot change to/.test(message)) return NOTHING;
  return note(`Git did not tell what changed in ${dir}: ${message.split("\n")[0]}`);
}

/** The commit of the checkout at that time; null: the checkout is younger. */
async function commitAt(checkout: Checkout, since: string): Promise<string | null> {
  const { stdout, stderr } = await run(checkout, "rev-parse", "--verify", `HEAD@{${since}}`);
  return stderr.includes("only goes back to") ? null : stdout.trim();
}

async function commitsBetween(checkout: Checkout, before: string, head: string): Promise<Change[]> {
  const range = `${before}..${head}`;
  const [log, count] = await Promise.all([
    git(checkout, "log", `-${COMMITS_MOST}`, "--format=%h%x00%an%x00%cI%x00%s", range),
    git(checkout, "rev-list", "--count", range),
  ]);
  const commits = log.split("\n").filter(Boolean);
  const changes = commits.map((line): Change => {
    const [name = "", author = "", at = "", subject = ""] = line.split("\0");
    return { kind: "commit", name, now: `${author}: ${subject}`, at: new Date(at).toISOString() };
  });
  const more = Number(count) - commits.length;
  // An older commit was checked out.
  if (commits.length === 0) return [{ kind: "commit", name: head.slice(0, 7), before: before.slice(0, 7) }];
  return more > 0 ? [...changes, { kind: "commit", name: `${more} more` }] : changes;
}

async function diffOf(checkout: Checkout, before: string, file: string): Promise<Change | null> {
  const text = await git(checkout, ...DIFF, "-U1", "--relative", before, "--", file);
  const lines = text.split("\n").filter((line) => /^[ +-]/.test(line) && !/^(?:\+\+\+|---) /.test(line));
  if (lines.length === 0) return null;
  const diff = lines.length <= LINES_MOST ? lines : [...lines.slice(0, LINES_MOST - 1), "…"];
  return { kind: "script", name: file, diff: diff.map((line) => line.slice(0, 160)) };
}

/**
 * Files with changes that are in no commit, which were written since.
 *
 * @param prefix the directory below the top; the files are named from there, as the diffs are
 */
async function editedSince(
  checkout: Checkout,
  top: string,
  prefix: string,
  since: string,
): Promise<Change[]> {
  const names = (await git(checkout, ...DIFF, "--name-only", "-z", "HEAD")).split("\0").filter(Boolean);
  const edited = await Promise.all(
    names.slice(0, 50).map(async (name): Promise<Change[]> => {
      const mtime = await stat(join(top, name)).then(
        ({ mtime }) => mtime.toISOString(),
        () => null,
      );
      if (mtime === null || mtime <= since) return [];
      return [{ kind: "script", name: posix.relative(prefix, name), at: mtime }];
    }),
  );
  return edited.flat();
}

/** @throws GitError */
async function git(checkout: Checkout, ...args: string[]): Promise<string> {
  return (await run(checkout, ...args)).stdout;
}

function run({ dir, most }: Checkout, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
  const env = { ...Object.fromEntries(kept), LC_ALL: "C", GIT_TERMINAL_PROMPT: "0" };
  const options = { env, timeout: most, killSignal: "SIGKILL", maxBuffer: MOST_BYTES } as const;
  return new Promise((resolve, reject) => {
    execFile("git", ["-C", dir, ...SAFE, ...args], options, (error, stdout, stderr) => {
      if (error === null) return resolve({ stdout: stdout.trimEnd(), stderr });
      const late = error.killed === true ? `it took longer than ${most} ms` : null;
      reject(new GitError(late ?? (stderr.trim() || error.message)));
    });
  });
}
