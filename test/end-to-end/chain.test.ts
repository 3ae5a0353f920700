/** The main job on real files: backup hands over to verify-backup, seen in every way of looking. */
// @module-tag tar
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { WatchLine } from "../../protocol/watch.js";
import { useWorld } from "./world.js";

const world = useWorld({ operations: ["gate"] });
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
  const diff = spawnSync("diff", ["-r", "--no-dereference", join(world.work, "data"), join(into, "data")]);
  expect(`${diff.stdout}${diff.stderr}`).toBe("");
  expect(diff.status).toBe(0);
});

test("a hand-over while one watches: chained with the whole successor, on the same stream, log lines without a gap", async () => {
  const [gate, second] = [join(world.dir, "gate-1"), join(world.dir, "gate-2")];
  const id = await world.submit("gate", `file=${gate}`, `next=${second}`);
  const seen: WatchLine[] = [];
  const numbers = new Map<string, number[]>();
  for await (const line of world.client.watch({ operation: id, follow: "chain", log: true })) {
    seen.push(line);
    if (line.type === "log")
      numbers.set(line.id, [...(numbers.get(line.id) ?? []), ...line.lines.map(({ n }) => n)]);
    if (line.type === "snapshot") world.write("gate-1", "");
    if (line.type === "chained") world.write("gate-2", "");
  }
  const chained = seen.filter((line) => line.type === "chained");
  expect(chained).toHaveLength(1);
  const [handover] = chained;
  expect(handover).toMatchObject({
    from: id,
    operation: { op: "gate", chain: { id, index: 1, previous: id, next: null } },
  });
  expect(seen.at(-1)).toEqual({ type: "end", id: handover!.to, state: "succeeded" });
  expect([...numbers.keys()]).toEqual([id, handover!.to]);
  for (const [link, ns] of numbers) {
    const { logLines } = await world.client.show(link);
    expect(ns).toEqual(Array.from({ length: logLines }, (_, i) => i + 1));
  }
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
