// @module-tag tar
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { Backup } from "../../../ops/features/archive/backup.js";
import { manifestFile } from "../../../ops/features/archive/naming.js";
import { VerifyBackup } from "../../../ops/features/archive/verify-backup.js";
import { runOperation, startOperation } from "../../../ops/features/testing/index.js";
import { temporary } from "../../ops/temporary.js";
import { extract, type Tree, tree } from "../../ops/trees.js";

it("reports the content of a valid archive", async () => {
  const { archive } = await backup({ a: "12345", "b/c": "67" });
  const run = await runOperation(VerifyBackup, { archive });
  expect(run.result).toEqual({ files: 2, bytes: 7, archive });
  expect(run.events).toContainEqual(
    expect.objectContaining({ progress: expect.objectContaining({ label: "Verify", unit: "B" }) }),
  );
});

it("names what is missing, extra and different, wherever it is", async () => {
  const { archive } = await backup({ a: "1", b: "2", c: "3", d: "4", e: "5" });
  await repack(archive, (top) => {
    rmSync(join(top, "a"));
    writeFileSync(join(top, "c"), "x");
    writeFileSync(join(top, "bb"), "extra");
    execFileSync("chmod", ["600", join(top, "d")]);
    execFileSync("chmod", ["644", join(top, "b"), join(top, "c"), join(top, "e")]);
  });
  const run = await runOperation(VerifyBackup, { archive });
  expect(run.error?.message).toBe("the archive does not match its manifest: 1 missing, 1 extra, 2 differing");
  expect(run.texts("log").sort()).toEqual([
    "differing: source/c (content)",
    "differing: source/d (mode)",
    "extra: source/bb",
    "missing: source/a",
  ]);
});

it("finds a changed archive even where every entry is right", async () => {
  const { archive } = await backup({ a: "1" });
  writeFileSync(archive, gzipSync(gunzipSync(readFileSync(archive)), { level: 1, memLevel: 1 }));
  const run = await runOperation(VerifyBackup, { archive });
  expect(run.error?.message).toContain("the checksum of the archive does not match");
});

it.each([
  ["cut off", (bytes: Buffer) => bytes.subarray(0, bytes.length - 10)],
  ["cut off in the middle", (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
  ["empty", () => Buffer.alloc(0)],
  ["not compressed at all", () => Buffer.from("hello")],
  ["not a tar", () => gzipSync("x".repeat(2000))],
  ["a tar without its end", (bytes: Buffer) => gzipSync(gunzipSync(bytes).subarray(0, -1024))],
])("an archive that is %s is damaged, in words", async (_, damage) => {
  const { archive } = await backup({ a: Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * i) % 251)) });
  writeFileSync(archive, damage(readFileSync(archive)));
  const run = await runOperation(VerifyBackup, { archive, keep: 1 });
  expect(run.error?.message).toMatch(/ is damaged: /);
  expect(run.events).toContainEqual(expect.objectContaining({ type: "stage:left", state: "failed" }));
});

it("a single damaged byte is found, wherever it is", async () => {
  const { archive } = await backup({ a: "some text to hold", b: "more" });
  const whole = readFileSync(archive);
  // The gzip header's time and system (bytes 4 to 9) change nothing that is unpacked: the archive's checksum does.
  for (let at = 0; at < whole.length; at += 3) {
    const bytes = Buffer.from(whole);
    bytes[at] = (bytes[at] as number) ^ 0x21;
    writeFileSync(archive, bytes);
    const run = await runOperation(VerifyBackup, { archive });
    expect(run.state, `byte ${at}`).toBe("failed");
  }
});

it("refuses a truncated or damaged manifest", async () => {
  const { archive } = await backup({ a: "1" });
  const manifest = manifestFile(archive);
  const text = readFileSync(manifest, "utf8");
  writeFileSync(manifest, text.split("\n").slice(0, -2).join("\n").concat("\n"));
  expect((await runOperation(VerifyBackup, { archive })).error?.message).toContain(
    "its last line is missing",
  );
  writeFileSync(manifest, text.replace('"path"', "path"));
  expect((await runOperation(VerifyBackup, { archive })).error?.message).toContain("line 2 of the manifest");
  truncateSync(manifest, 0);
  expect((await runOperation(VerifyBackup, { archive })).error?.message).toContain("does not begin with");
  rmSync(manifest);
  expect((await runOperation(VerifyBackup, { archive })).error?.message).toContain("there is no manifest");
  rmSync(archive);
  expect((await runOperation(VerifyBackup, { archive })).error?.message).toContain("there is no archive");
});

it("is cancelled while it reads", async () => {
  const { archive } = await backup({ big: Buffer.alloc(80_000_000) });
  const attempt = startOperation(VerifyBackup, { archive });
  await attempt.untilEvent("stage:entered");
  expect((await attempt.cancel()).state).toBe("cancelled");
});

it("hands over to prune-backups only with keep", async () => {
  const { archive, target } = await backup({ a: "1" });
  const run = await runOperation(VerifyBackup, { archive, keep: 3 });
  expect(run.next).toMatchObject({
    op: "prune-backups",
    params: { directory: target, name: "source", keep: 3 },
  });
});

async function backup(entries: Tree) {
  const directory = temporary();
  const source = join(directory, "source");
  tree(source, entries);
  const target = join(directory, "target");
  const run = await runOperation(Backup, { source, target });
  expect(run.error).toBeNull();
  return { source, target, archive: String(run.next?.params.archive) };
}

/** Unpacks, changes and packs again with the system's tar, in the order backup has. */
async function repack(archive: string, change: (top: string) => void): Promise<void> {
  const top = extract(archive);
  change(top);
  const names = readdirSync(top).sort();
  const list = ["source", ...names.map((name) => `source/${name}`)];
  execFileSync("tar", ["czf", archive, "--no-recursion", "-C", join(top, ".."), ...list]);
}
