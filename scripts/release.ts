/**
 * `npm run release -- [major|minor|patch|VERSION] [--dry-run]`: makes a release commit, its tag,
 * its package and the list of its packages (SBOM).
 *
 * Publishes nothing: the workflow release.yml publishes when the tag is pushed. `--dry-run` prints
 * each step and changes nothing. Default version: the version that the changelog announces, else
 * `minor`.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { nextVersion, releasedChangelog } from "./release-notes.js";

const USAGE = "usage: npm run release -- [major|minor|patch|VERSION] [--dry-run]";

class ReleaseError extends Error {}

function git(...words: string[]): string {
  return execFileSync("git", words, { encoding: "utf8" }).trim();
}

/** Prints a step that changes something, and runs it unless this is a dry run. */
function step(text: string, run: () => void): void {
  process.stdout.write(`${text}\n`);
  if (!dryRun) run();
}

function npm(...words: string[]): void {
  execFileSync("npm", words, { stdio: "inherit" });
}

function readArguments(): { wanted: string | undefined; dryRun: boolean } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { "dry-run": { type: "boolean", default: false } },
    });
    if (positionals.length > 1) throw new Error("give at most one version");
    return { wanted: positionals[0], dryRun: values["dry-run"] };
  } catch (error) {
    process.stderr.write(`release: ${(error as Error).message}\n${USAGE}\n`);
    process.exit(2);
  }
}

function release(wanted: string | undefined): void {
  const changes = git("status", "--porcelain");
  if (changes !== "")
    throw new ReleaseError(`the checkout has changes; commit or stash them first:\n${changes}`);
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  const changelog = readFileSync("CHANGELOG.md", "utf8");
  const version = nextVersion(manifest.version, wanted, changelog);
  const tag = `v${version}`;
  if (git("tag", "--list", tag) !== "")
    throw new ReleaseError(`the tag ${tag} already exists; choose another version`);
  const released = releasedChangelog(changelog, version, new Date().toISOString().slice(0, 10));

  step("check: npm run check", () => npm("run", "check"));
  step("test: npm run test:all", () => npm("run", "test:all"));
  step(`changelog: ${released.heading}`, () => writeFileSync("CHANGELOG.md", released.text));
  step(`version: ${manifest.version} -> ${version} in package.json and package-lock.json`, () =>
    npm("version", version, "--no-git-tag-version", "--allow-same-version", "--ignore-scripts"),
  );
  step("build: npm run build", () => npm("run", "build"));
  step(`commit: release: ${version}`, () => {
    git("add", "CHANGELOG.md", "package.json", "package-lock.json");
    git("commit", "--message", `release: ${version}`);
  });
  step(`tag: ${tag}`, () => git("tag", "--annotate", tag, "--message", `liveops ${version}`));
  step(`pack: liveops-${version}.tgz`, () => npm("pack", "--ignore-scripts"));
  step(`sbom: liveops-${version}.cdx.json`, () =>
    npm("run", "--silent", "sbom", "--", `liveops-${version}.cdx.json`),
  );
  process.stdout.write(
    dryRun
      ? "dry run: nothing was changed\n"
      : `released ${version}; publish it with: git push --follow-tags\n`,
  );
}

const { wanted, dryRun } = readArguments();
try {
  release(wanted);
} catch (error) {
  const { message } = error as Error;
  process.stderr.write(`release: ${message}\n`);
  process.exit(1);
}
