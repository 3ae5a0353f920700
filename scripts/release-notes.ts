/** Computes the version and the changelog of a release. Pure. */

/** Three numbers, without a pre-release or build part. */
const VERSION = /^(\d+)\.(\d+)\.(\d+)$/;

/** `## Unreleased`, or `## 0.1.0 - Unreleased` for an announced version. */
const UNRELEASED = /^## (?:\[?Unreleased\]?|(\d+\.\d+\.\d+) - Unreleased)$/m;

/**
 * The version to release.
 *
 * The version of package.json itself can be released where the changelog has no dated part for it.
 *
 * @param wanted `major`, `minor`, `patch`, or a version. Default: the version in the heading of
 *   the unreleased part, else `minor`
 * @throws Error where `wanted` is none of these, or is not newer than `current`
 */
export function nextVersion(
  current: string,
  wanted: string | undefined,
  changelog: string,
): string {
  const numbers = parse(current);
  if (!numbers) throw new Error(`package.json: '${current}' is not a version such as 1.2.3`);
  const [major, minor, patch] = numbers;
  const steps: Record<string, string> = {
    major: `${major + 1}.0.0`,
    minor: `${major}.${minor + 1}.0`,
    patch: `${major}.${minor}.${patch + 1}`,
  };
  const chosen = wanted ?? UNRELEASED.exec(changelog)?.[1] ?? "minor";
  if (Object.hasOwn(steps, chosen)) return steps[chosen]!;
  const asked = parse(chosen);
  if (!asked)
    throw new Error(
      `'${chosen}' is not a version; give major, minor, patch, or three numbers such as 1.2.3`,
    );
  const order = compare(asked, numbers);
  const isReleased = new RegExp(`^## ${current.replaceAll(".", "\\.")} - \\d`, "m").test(changelog);
  if (order < 0 || (order === 0 && isReleased))
    throw new Error(`${chosen} is not newer than ${current}; give a newer version`);
  return chosen;
}

/**
 * The changelog with its unreleased part under the version and the date, below a new, empty
 * unreleased part.
 *
 * @param date ISO 8601, a day
 * @throws Error where there is no unreleased part, or nothing in it
 */
export function releasedChangelog(
  changelog: string,
  version: string,
  date: string,
): { text: string; heading: string } {
  const found = UNRELEASED.exec(changelog);
  if (!found)
    throw new Error("CHANGELOG.md has no part '## Unreleased'; add one with what a user gets");
  const after = changelog.slice(found.index + found[0].length);
  const next = after.search(/^## /m);
  const body = next === -1 ? after : after.slice(0, next);
  if (!/^- /m.test(body))
    throw new Error(
      "the unreleased part of CHANGELOG.md is empty; add a line for what a user gets",
    );
  const heading = `## ${version} - ${date}`;
  return { heading, text: `${changelog.slice(0, found.index)}## Unreleased\n\n${heading}${after}` };
}

function parse(version: string): [number, number, number] | null {
  const found = VERSION.exec(version);
  return found && [Number(found[1]), Number(found[2]), Number(found[3])];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, n] of a.entries()) if (n !== b[i]) return n - b[i]!;
  return 0;
}
