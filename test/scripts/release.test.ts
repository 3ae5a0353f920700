/**
 * `npm run release`: the version and the changelog it makes, and a dry run in a clone of this
 * repository.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import { nextVersion, releasedChangelog } from "../../scripts/release-notes.js";
import { useDirectories } from "../harness/temporary.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

const CHANGELOG =
  "# Changelog\n\n## Unreleased\n\n### Added\n\n- A thing.\n\n## 1.2.3 - 2026-01-02\n\n- Old.\n";

describe("nextVersion", () => {
  test.each([
    ["major", "2.0.0"],
    ["minor", "1.3.0"],
    ["patch", "1.2.4"],
    ["1.10.0", "1.10.0"],
    [undefined, "1.3.0"],
  ])("%s after 1.2.3 is %s", (wanted, version) => {
    expect(nextVersion("1.2.3", wanted, CHANGELOG)).toBe(version);
  });

  test("the version that the changelog announces is the default", () => {
    expect(nextVersion("0.1.0", undefined, "## 0.1.0 - Unreleased\n\n- A thing.\n")).toBe("0.1.0");
  });

  test.each(["1.2.3", "1.2.2", "0.9.9"])("%s is refused after 1.2.3", (wanted) => {
    expect(() => nextVersion("1.2.3", wanted, CHANGELOG)).toThrow("is not newer than 1.2.3");
  });

  test.each(["next", "1.2", "v1.3.0", "1.3.0-rc.1", "constructor"])(
    "%s is no version",
    (wanted) => {
      expect(() => nextVersion("1.2.3", wanted, CHANGELOG)).toThrow("is not a version");
    },
  );
});

describe("releasedChangelog", () => {
  test("moves the unreleased part below the version and the date", () => {
    const { heading, text } = releasedChangelog(CHANGELOG, "1.3.0", "2026-11-25");
    expect(heading).toBe("## 1.3.0 - 2026-11-25");
    expect(text).toBe(CHANGELOG.replace("## Unreleased", "## Unreleased\n\n## 1.3.0 - 2026-11-25"));
  });

  test("takes the heading that announces a version", () => {
    const { text } = releasedChangelog(
      "## 0.1.0 - Unreleased\n\n- A thing.\n",
      "0.1.0",
      "2026-11-25",
    );
    expect(text).toBe("## Unreleased\n\n## 0.1.0 - 2026-11-25\n\n- A thing.\n");
  });

  test("refuses a changelog with nothing to release", () => {
    expect(() => releasedChangelog("# Changelog\n", "1.0.0", "2026-11-25")).toThrow(
      "'## Unreleased'",
    );
    const empty = CHANGELOG.replace("- A thing.\n", "");
    expect(() => releasedChangelog(empty, "1.3.0", "2026-11-25")).toThrow("is empty");
  });
});

describe("a dry run in a clone", { tags: ["git"] }, () => {
  const directory = useDirectories();
  let clone: string;

  const git = (...words: string[]) =>
    execFileSync("git", words, { cwd: clone, encoding: "utf8" }).trim();
  const release = (...words: string[]) =>
    spawnSync(
      process.execPath,
      [join(root, "node_modules/tsx/dist/cli.mjs"), join(root, "scripts/release.ts"), ...words],
      { cwd: clone, encoding: "utf8" },
    );

  beforeEach(() => {
    clone = join(directory(), "clone");
    execFileSync("git", ["clone", "--quiet", "--depth", "1", `file://${root}`, clone]);
    const manifest = JSON.parse(readFileSync(join(clone, "package.json"), "utf8"));
    writeFileSync(join(clone, "package.json"), JSON.stringify({ ...manifest, version: "1.2.3" }));
    writeFileSync(join(clone, "CHANGELOG.md"), CHANGELOG);
    git(
      "-c",
      "user.name=Test",
      "-c",
      "user.email=test@localhost",
      "commit",
      "--quiet",
      "-am",
      "test: start",
    );
  });

  test("prints each step and changes nothing; is refused with changes, for a tag that exists, and with wrong words", () => {
    const before = git("rev-parse", "HEAD");
    const { status, stdout, stderr } = release("minor", "--dry-run");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n").map((line) => line.replace(/\d{4}-\d\d-\d\d/, "DATE"))).toEqual([
      "check: npm run check",
      "test: npm run test:all",
      "changelog: ## 1.3.0 - DATE",
      "version: 1.2.3 -> 1.3.0 in package.json and package-lock.json",
      "build: npm run build",
      "commit: release: 1.3.0",
      "tag: v1.3.0",
      "pack: liveops-1.3.0.tgz",
      "sbom: liveops-1.3.0.cdx.json",
      "dry run: nothing was changed",
      "",
    ]);
    expect([git("rev-parse", "HEAD"), git("status", "--porcelain"), git("tag")]).toEqual([
      before,
      "",
      "",
    ]);

    git("tag", "v1.3.0");
    const tagged = release("minor", "--dry-run");
    expect(tagged).toMatchObject({ status: 1, stdout: "" });
    expect(tagged.stderr).toContain("the tag v1.3.0 already exists");
    writeFileSync(join(clone, "new.txt"), "new");
    expect(release("patch", "--dry-run").stderr).toContain("?? new.txt");
    expect(release("patch", "--fast")).toMatchObject({ status: 2, stdout: "" });
  });
});
