/** The main job on real files: backup hands over to verify-backup. */
// @module-tag tar
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { useWorld } from "./world.js";

const world = useWorld();
const FILES = 40;

beforeAll(() => {
  for (let i = 0; i < FILES; i++)
    world.write(`work/data/dir-${i % 4}/file ${i}.bin`, randomBytes(20_000 + i));
  world.write("work/data/naïve 文件.txt", "words");
  symlinkSync("dir-0", join(world.work, "data", "link"));
});

test("submit --follow: headers, lines and the result on stdout, the rest on stderr, exit 0", async () => {
  const { code, stdout, stderr } = await world.liveops([
    "submit",
    "backup",
    "source=data",
    "target=out",
    "--follow",
  ]);
  expect(code, stderr).toBe(0);
  const headers = stdout.split("\n").filter((line) => line.startsWith("==="));
  expect(headers).toEqual([
    "=== [1/3] List ===",
    "=== [2/3] Copy ===",
    "=== [3/3] Verify ===",
    "=== [1/1] Checksum ===",
  ]);
  expect(stdout).toMatch(/\n\S+\.tar\.gz is as backup wrote it\n$/);
  expect(stderr).toMatch(/^submitted [a-z0-9]{12}\n/);
  expect(stderr).toContain("chained to verify-backup (");

  const archive = readdirSync(join(world.work, "out")).find((name) => name.endsWith(".tar.gz"))!;
  const into = join(world.dir, "restored");
  mkdirSync(into);
  spawnSync("tar", ["xzf", join(world.work, "out", archive), "-C", into]);
  const diff = spawnSync("diff", [
    "-r",
    "--no-dereference",
    join(world.work, "data"),
    join(into, "data"),
  ]);
  expect(`${diff.stdout}${diff.stderr}`).toBe("");
  expect(diff.status).toBe(0);
});

test("a broken archive fails verify-backup, and the chain with it: exit 1", async () => {
  const [done] = (await world.client.list({ op: "verify-backup" })).operations;
  const { archive, sha256 } = done!.params as { archive: string; sha256: string };
  appendFileSync(archive, "x");
  const words = ["submit", "verify-backup", `archive=${archive}`, `sha256=${sha256}`, "--wait"];
  const ended = await world.liveops(words);
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain("failed");
});
