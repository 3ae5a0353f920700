/** The shipped `backup` and `verify-backup`. */
// @module-tag tar
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Backup } from "../../ops/backup.js";
import { until } from "../end-to-end/until.js";
import { runOperation, startOperation } from "../harness/testing/index.js";
import { temporary } from "./temporary.js";
import { contents, extract, sha256, tree } from "./trees.js";

it("lists, copies and compares, each with its bar; verify-backup compares the checksum", async () => {
  const { source, target } = world({
    a: Buffer.alloc(2_000_000, 7),
    "deep/er/b": "1",
    "empty/": "",
    l: { to: "a" },
  });
  const run = await runOperation(Backup, { source, target });
  const [name] = readdirSync(target);
  expect(name).toMatch(/^source-\d{8}T\d{9}Z\.tar\.gz$/);
  const archive = join(target, name!);
  expect(contents(extract(archive))).toEqual(contents(source));
  expect(statSync(archive).mode & 0o777).toBe(0o600);
  expect(run.result).toEqual({
    archive,
    files: 2,
    bytes: 2_000_001,
    sha256: sha256(readFileSync(archive)),
  });
  expect(run.stages.map(({ name, state }) => [name, state])).toEqual([
    ["List", "done"],
    ["Copy", "done"],
    ["Verify", "done"],
  ]);
  const lastBar = (stage: string, label: string | null) =>
    run.progress.findLast((bar) => bar.stage === stage && bar.progress?.label === label);
  expect(lastBar("List", "Entries")?.progress).toMatchObject({ done: 6, total: null });
  const all = { percent: 100, progress: { done: 196 * 10_240, total: 196 * 10_240, unit: "B" } };
  expect(lastBar("Copy", null)).toMatchObject(all);
  expect(lastBar("Verify", null)).toMatchObject(all);
  expect(lastBar("Verify", "Checksum")).toMatchObject({
    progress: { total: statSync(archive).size },
  });
  expect(await runOperation(run.next!)).toMatchObject({ op: "verify-backup", state: "succeeded" });

  writeFileSync(archive, "x");
  const broken = await runOperation(run.next!);
  expect(broken.error?.message).toBe(`${archive} is not as backup wrote it: make a new backup`);
});

it("copies names that look like options, hosts or lines, or are not UTF-8", async () => {
  const { source, target } = world(
    { "--help": "1", "a\nb": "2", "\u001b[2J": "3", "@x": "4" },
    "-rf host:x\n$(id)",
  );
  writeFileSync(Buffer.concat([Buffer.from(`${source}/bad-`), Buffer.from([0xff])]), "5");
  const run = await runOperation(Backup, { source, target });
  expect(run.error).toBeNull();
  const into = temporary();
  execFileSync("tar", ["--force-local", "-xzf", join(target, readdirSync(target)[0]!), "-C", into]);
  expect(
    execFileSync("diff", ["-r", "--", source, join(into, "-rf host:x\n$(id)")], {
      encoding: "utf8",
    }),
  ).toBe("");
  expect(run.result).toMatchObject({ files: 5, bytes: 4 });
});

describe("what it refuses leaves nothing behind", () => {
  it.each([
    [
      "a missing source",
      "nothing",
      "target",
      /nothing is not a directory: give a directory as source=PATH$/,
    ],
    [
      "a file",
      "source/a",
      "target",
      /source\/a is not a directory: give a directory as source=PATH$/,
    ],
    [
      "a target in the source",
      "source",
      "source/deep",
      /source\/deep is in the source: give a directory outside of it/,
    ],
    [
      "the source as the target",
      "source",
      "source",
      /source is in the source: give a directory outside of it/,
    ],
  ])("%s", async (_what, source, target, message) => {
    const { directory } = world({ a: "1" });
    const run = await runOperation(Backup, {
      source: join(directory, source),
      target: join(directory, target),
    });
    expect(run.error?.message).toMatch(message);
    expect(readdirSync(join(directory, "target"))).toEqual([]);
  });

  it("a file that cannot be read", async () => {
    const { directory, source, target } = world({ a: "1", secret: "2" });
    chmodSync(join(source, "secret"), 0);
    asNobody(directory);
    const run = await runOperation(Backup, { source, target });
    expect(run.error?.message).toContain("source/secret: Cannot open: Permission denied");
    expect(run.error?.stack ?? null).toBeNull();
    expect(readdirSync(target)).toEqual([]);
  });

  it("a file that changes between Copy and Verify", async () => {
    const { source, target } = world({ a: "1" });
    insteadOfTar(`case "$*" in *--compare*) echo more >> '${source}/a'; esac`);
    const run = await runOperation(Backup, { source, target });
    expect(run.stages.at(-1)).toMatchObject({ name: "Verify", state: "failed" });
    expect(run.error?.message).toContain("source/a: Size differs");
    expect(readdirSync(target)).toEqual([]);
  });

  it("a cancel", async () => {
    const { directory, source, target } = world({ a: "1" });
    const started = join(directory, "started");
    insteadOfTar(`> '${started}'; exec sleep 600`);
    const attempt = startOperation(Backup, { source, target });
    await until("tar runs", () => existsSync(started));
    expect(readdirSync(target)).toEqual([expect.stringMatching(/^\.backup-.*\.partial$/)]);
    expect((await attempt.cancel()).state).toBe("cancelled");
    expect(readdirSync(target)).toEqual([]);
  });
});

function world(entries: Parameters<typeof tree>[1], name = "source") {
  const directory = temporary();
  const source = join(directory, name);
  tree(source, entries);
  const target = join(directory, "target");
  mkdirSync(target);
  return { directory, source, target };
}

/** Runs the lines before each tar of the operation. */
function insteadOfTar(lines: string): void {
  const bin = temporary();
  const real = execFileSync("sh", ["-c", "command -v tar"], { encoding: "utf8" }).trim();
  writeFileSync(join(bin, "tar"), `#!/bin/sh\n${lines}\nexec ${real} "$@"\n`, { mode: 0o755 });
  vi.stubEnv("PATH", `${bin}${delimiter}${process.env.PATH}`);
  onTestFinished(() => void vi.unstubAllEnvs());
}

/** Root reads everything: for the rest of the test, be nobody. */
function asNobody(directory: string): void {
  if (process.geteuid?.() !== 0) return;
  execFileSync("chown", ["-R", "65534", directory]);
  // The checkout may be below a directory of root alone.
  const checkout = process.cwd();
  process.chdir(dirname(directory));
  process.seteuid?.(65534);
  onTestFinished(() => {
    process.seteuid?.(0);
    process.chdir(checkout);
  });
}
