// @module-tag tar
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { ParamsInput } from "liveops";
import { describe, expect, it, onTestFinished } from "vitest";
import { Backup } from "../../../ops/features/archive/backup.js";
import { manifestFile } from "../../../ops/features/archive/naming.js";
import { runOperation, startOperation } from "../../../ops/features/testing/index.js";
import { temporary } from "../../ops/temporary.js";
import { contents, extract, sha256, tree } from "../../ops/trees.js";

describe("the chain", () => {
  it("archives, verifies, prunes, and reports each", async () => {
    const { source, target } = world({
      "a.txt": "hello\n",
      "deep/er/b.bin": Buffer.alloc(300_000, 7),
      "empty/": "",
    });
    const links = await runOperation(Backup, { source, target, keep: 2 }, { chain: true });
    expect(links.map(({ op, state }) => [op, state])).toEqual([
      ["backup", "succeeded"],
      ["verify-backup", "succeeded"],
      ["prune-backups", "succeeded"],
    ]);
    expect(links[2]?.result).toEqual({ kept: 1, removed: 0, freedBytes: 0 });
    expect(links[1]?.events).toContainEqual(
      expect.objectContaining({ status: { text: "2 files, 293.0 KiB verified", level: "success" } }),
    );
    const stages = links[0]?.events.filter(({ type }) => type === "stage:entered");
    expect(stages).toMatchObject([{ stage: "Scan" }, { stage: "Archive" }, { stage: "Checksum" }]);

    const [archive, manifest] = readdirSync(target).sort();
    expect(archive).toMatch(/^source-\d{8}T\d{9}Z\.tar\.gz$/);
    expect(manifest).toBe(`${archive}.manifest.jsonl`);
    expect(contents(extract(join(target, archive as string)))).toEqual(contents(source));

    const bytes = readFileSync(join(target, archive as string));
    const file = join(target, archive as string);
    expect(links[0]?.result).toEqual({
      archive: file,
      archiveBytes: bytes.length,
      sha256: sha256(bytes),
      files: 2,
      bytes: 300_006,
      unreadable: 0,
      changed: 0,
    });
    expect(links[1]?.result).toEqual({ files: 2, bytes: 300_006, archive: file });
  });

  it("keeps the newest N over several runs", async () => {
    const { source, target } = world({ a: "1" });
    for (let n = 0; n < 3; n++) await runOperation(Backup, { source, target, keep: 2 }, { chain: true });
    expect(readdirSync(target).filter((file) => file.endsWith(".tar.gz"))).toHaveLength(2);
    expect(readdirSync(target)).toHaveLength(4);
  });
});

describe("the manifest", () => {
  it("is what sha256sum and tar say", async () => {
    const { source, target } = world({ "a.txt": "hello\n", "x/b": "", link: { to: "a.txt" } });
    chmodSync(join(source, "a.txt"), 0o640);
    const { archive, lines } = await backedUp({ source, target });
    const [head, ...entries] = lines;
    const tail = entries.pop();
    expect(head).toMatchObject({ format: "liveops-backup/1", name: "source", source });
    expect(entries).toEqual([
      { path: "source", type: "directory", mode: expect.stringMatching(/^0\d{3}$/) },
      { path: "source/a.txt", type: "file", mode: "0640", size: 6, sha256: sha256("hello\n") },
      { path: "source/link", type: "link", mode: "0777", target: "a.txt" },
      { path: "source/x", type: "directory", mode: expect.stringMatching(/^0\d{3}$/) },
      {
        path: "source/x/b",
        type: "file",
        mode: expect.stringMatching(/^0\d{3}$/),
        size: 0,
        sha256: sha256(""),
      },
    ]);
    const bytes = readFileSync(archive);
    expect(tail).toEqual({
      archive: { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") },
      entries: 5,
      files: 2,
      bytes: 6,
      unreadable: 0,
    });
    const listed = execFileSync("tar", ["tzf", archive], { encoding: "utf8" }).trim().split("\n");
    expect(listed).toEqual(["source/", "source/a.txt", "source/link", "source/x/", "source/x/b"]);
  });
});

describe("sources", () => {
  it("may be one file", async () => {
    const { source, target } = world({ "one file.txt": "1" });
    const { archive } = await backedUp({ source: join(source, "one file.txt"), target });
    expect(contents(extract(archive, ""))).toEqual({ "one file.txt": expect.stringContaining(sha256("1")) });
  });

  it("may be empty", async () => {
    const { source, target } = world({});
    const { archive, lines } = await backedUp({ source, target });
    expect(lines.at(-1)).toMatchObject({ entries: 1, files: 0, bytes: 0 });
    expect(contents(extract(archive))).toEqual({});
  });

  it("may have hostile names, long paths and dates before 1970", async () => {
    const long = "long/".repeat(60);
    const names = [
      "-rf", "$(reboot)", "a\nb", "a\rb", "\u001b[31mred", "ünï\ncode", "語".repeat(60), "x".repeat(255), " ", "\\", "a\\b",
      '"', "*", "é", "e\u0301", "..x", "\u202egnp", `${long}x`, `${long}语\n言`, "\u0001", "=", "20 path=evil\n",
    ]; // biome-ignore format: a list
    const { source, target } = world(Object.fromEntries(names.map((name, i) => [name, `${i}`])));
    symlinkSync(`${"t/".repeat(120)}語\n`, join(source, "long link"));
    utimesSync(join(source, "é"), -1000, -1000);
    const links = await runOperation(Backup, { source, target }, { chain: true });
    expect(links.map(({ error }) => error)).toEqual([null, null, null]);
    expect(contents(extract(archiveIn(target)))).toEqual(contents(source));
    // One log line never becomes two, or a colour.
    expect(links.flatMap(({ log }) => log).every(({ text }) => !/\p{Cc}/u.test(text))).toBe(true);
  });

  it("may be reached by a link, and its own links stay links", async () => {
    const { source, target } = world({ a: "1", out: { to: "/etc/passwd" }, dangling: { to: "nowhere" } });
    const link = join(temporary(), "link");
    symlinkSync(source, link);
    const { archive } = await backedUp({ source: link, target });
    expect(archive).toContain("/link-2");
    expect(contents(extract(archive))).toEqual(contents(source));
  });

  it("may hold the target, which is left out", async () => {
    const { source } = world({ a: "1" });
    const target = join(source, "backups");
    for (let n = 0; n < 2; n++) await runOperation(Backup, { source, target }, { chain: true });
    const archives = readdirSync(target).filter((file) => file.endsWith(".tar.gz"));
    expect(archives).toHaveLength(2);
    for (const archive of archives) {
      expect(Object.keys(contents(extract(join(target, archive))))).toEqual(["a"]);
    }
  });

  it("that do not exist fail with the next step", async () => {
    const run = await runOperation(Backup, { source: "/no/such", target: temporary() });
    expect(run.error?.message).toBe(
      "there is no /no/such: give an existing directory or file as source=PATH",
    );
  });

  it("may not be the target", async () => {
    const { source } = world({ a: "1" });
    const run = await runOperation(Backup, { source, target: join(source, ".") });
    expect(run.error?.message).toContain("is the source itself");
  });

  it("of another place do not share a default name", async () => {
    const one = world({ a: "1" });
    const other = world({ a: "2" });
    await backedUp({ source: one.source, target: one.target });
    const run = await runOperation(Backup, { source: other.source, target: one.target });
    expect(run.error?.message).toContain(`holds backups named "source" of ${one.source}`);
    await backedUp({ source: other.source, target: one.target, name: "other" });
    expect(readdirSync(one.target)).toHaveLength(4);
  });
});

describe("what is left out", () => {
  it("follows the patterns, and reports a pattern that matches nothing", async () => {
    const { source, target } = world({
      "node_modules/x": "1",
      "src/node_modules/y": "2",
      "src/a.log": "3",
      "build/keep.txt": "4",
      "build/out/b.o": "5",
      "docs/build/c": "6",
    });
    const exclude = ["node_modules", "*.log", "build/out", "nothing[a-z]?"];
    const { archive, run } = await backedUp({ source, target, exclude });
    expect(Object.keys(contents(extract(archive)))).toEqual([
      "build",
      "build/keep.txt",
      "docs",
      "docs/build",
      "docs/build/c",
      "src",
    ]);
    expect(run.texts("log")).toContain("exclude=nothing[a-z]? matched nothing");
    expect(JSON.stringify(run.events)).toContain("left out: 4 excluded");
  });

  it("is nothing by default", async () => {
    const { source, target } = world({ ".git/config": "1", "node_modules/x": "2" });
    const { archive } = await backedUp({ source, target });
    expect(contents(extract(archive))).toEqual(contents(source));
  });

  it("reports sockets and pipes, without an error", async () => {
    const { source, target } = world({ a: "1" });
    execFileSync("mkfifo", [join(source, "fifo")]);
    const server = createServer().listen(join(source, "socket"));
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const { archive, run } = await backedUp({ source, target });
    expect(Object.keys(contents(extract(archive)))).toEqual(["a"]);
    expect(run.texts("log")).toEqual(
      expect.arrayContaining(["left out source/fifo: named pipe", "left out source/socket: socket"]),
    );
  });

  it("fails at what cannot be read, before anything is written, or skips it when told to", async () => {
    const { source, target } = world({ a: "1", secret: "2", "dir/b": "3" });
    for (const [name, mode] of [
      ["secret", 0],
      ["dir", 0],
    ] as const)
      chmodSync(join(source, name), mode);
    onTestFinished(() => chmodSync(join(source, "dir"), 0o700));
    asNobody([source, target]);
    const failed = await runOperation(Backup, { source, target });
    expect(failed.error?.message).toMatch(/^2 entries cannot be read .* unreadable=skip/);
    expect(failed.texts("log")).toContain("left out source/secret: permission denied");
    expect(readdirSync(target)).toEqual([]);

    const { run, lines } = await backedUp({ source, target, unreadable: "skip" });
    expect(lines.at(-1)).toMatchObject({ files: 1, unreadable: 2 });
    expect(run.events).toContainEqual(
      expect.objectContaining({ status: expect.objectContaining({ level: "warning" }) }),
    );
    const names = lines.map(({ path }) => path).filter(Boolean);
    expect(names).toEqual(["source", "source/a", "source/dir"]);
  });

  it("a name that is not UTF-8 is an error, not a loss", async () => {
    const { source, target } = world({ a: "1" });
    writeFileSync(Buffer.concat([Buffer.from(`${source}/bad-`), Buffer.from([0xff])]), "2");
    const run = await runOperation(Backup, { source, target });
    expect(run.error?.message).toContain("1 entry cannot be read");
    expect(run.texts("log")).toContain("left out source/bad-\ufffd: its name is not UTF-8");
  });
});

describe("a tree that changes meanwhile", () => {
  it("still gives an archive that verifies: shrunk, grown, removed, replaced", async () => {
    const big = Buffer.alloc(3_000_000, 1);
    const { source, target } = world({
      "0": big,
      "1-shrinks": big,
      "2-goes": "x",
      "3-grows": "small",
      "4-is-replaced": "x",
    });
    const attempt = startOperation(Backup, { source, target });
    // The scan is over, the first large file not yet read: everything after it is met changed.
    await attempt.untilEvent("stage:entered", ({ stage }) => stage === "Archive");
    truncateSync(join(source, "1-shrinks"), 1000);
    renameSync(join(source, "2-goes"), join(target, "elsewhere"));
    writeFileSync(join(source, "3-grows"), big);
    renameSync(join(source, "4-is-replaced"), join(target, "4"));
    symlinkSync("/etc/passwd", join(source, "4-is-replaced"));
    const run = await attempt.finished;
    expect(run.error).toBeNull();
    const verified = await runOperation(
      (await import("../../../ops/features/archive/verify-backup.js")).VerifyBackup,
      {
        archive: archiveIn(target),
      },
      { chain: true },
    );
    expect(verified[0]?.state).toBe("succeeded");
  });

  it("notes a file that is written to while it is read", async () => {
    const { source, target } = world({ big: Buffer.alloc(60_000_000) });
    const attempt = startOperation(Backup, { source, target, level: 1 });
    await attempt.untilEvent(
      "progress:changed",
      ({ progress }) => progress?.label === "Archive" && progress.done > 0,
    );
    truncateSync(join(source, "big"), 59_000_000);
    const run = await attempt.finished;
    expect(run.state).toBe("succeeded");
    expect(run.texts("log")).toContain("source/big changed while it was read");
  });
});

describe("cancelling", () => {
  it.each(["Scan", "Archive", "Checksum"])("in %s leaves nothing behind", async (stage) => {
    const { source, target } = world({ big: Buffer.alloc(30_000_000), other: "1" });
    const attempt = startOperation(Backup, { source, target });
    await attempt.untilEvent("stage:entered", (event) => event.stage === stage);
    const run = await attempt.cancel();
    expect(run.state).toBe("cancelled");
    expect(run.events).toContainEqual(
      expect.objectContaining({ type: "stage:left", stage, state: "cancelled" }),
    );
    expect(readdirSync(target)).toEqual([]);
  });

  it("has nothing under a final name while the archive is being written", async () => {
    const { source, target } = world({ big: Buffer.alloc(30_000_000) });
    const attempt = startOperation(Backup, { source, target });
    await attempt.untilEvent(
      "progress:changed",
      ({ progress }) => progress?.label === "Archive" && progress.done > 0,
    );
    expect(readdirSync(target).every((file) => file.startsWith(".") && file.endsWith(".partial"))).toBe(true);
    expect((await attempt.finished).state).toBe("succeeded");
    expect(readdirSync(target).some((file) => file.endsWith(".partial"))).toBe(false);
  });
});

it("counts bytes on the bar, up to all of them", async () => {
  const { source, target } = world({ a: Buffer.alloc(2_000_000), b: "123" });
  const { run } = await backedUp({ source, target });
  const bars = run.events.flatMap((event) =>
    event.type === "progress:changed" && event.progress?.label === "Archive" ? [event.progress] : [],
  );
  expect(bars.at(-1)).toMatchObject({ done: 2_000_003, total: 2_000_003, unit: "B" });
});

it("names the partial files of an earlier backup", async () => {
  const { source, target } = world({ a: "1" });
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, ".source-20200101T000000000Z.tar.gz.partial"), "half");
  const { run } = await backedUp({ source, target });
  expect(run.texts("log")[0]).toContain(".source-20200101T000000000Z.tar.gz.partial is incomplete");
  expect(existsSync(join(target, ".source-20200101T000000000Z.tar.gz.partial"))).toBe(true);
});

function world(entries: Parameters<typeof tree>[1]) {
  const directory = temporary();
  const source = join(directory, "source");
  tree(source, entries);
  const target = join(directory, "target");
  mkdirSync(target);
  return { source, target };
}

async function backedUp(params: ParamsInput<typeof Backup>) {
  const run = await runOperation(Backup, params);
  expect(run.error).toBeNull();
  const archive = String(run.next?.params.archive);
  const text = readFileSync(manifestFile(archive), "utf8");
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  return { run, archive, lines };
}

function archiveIn(target: string): string {
  return join(target, readdirSync(target).find((file) => file.endsWith(".tar.gz")) as string);
}

/** Root reads everything: for the rest of the test, be nobody. */
function asNobody(directories: string[]): void {
  if (process.geteuid?.() !== 0) return;
  for (const directory of directories) execFileSync("chown", ["-R", "65534", directory]);
  const above = join(directories[0] as string, "..");
  chmodSync(above, 0o711);
  // The checkout may be below a directory of root alone.
  const checkout = process.cwd();
  process.chdir(above);
  process.seteuid?.(65534);
  onTestFinished(() => {
    process.seteuid?.(0);
    process.chdir(checkout);
  });
}
