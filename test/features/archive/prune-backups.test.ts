import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { archiveFile, manifestFile, stampOf } from "../../../ops/features/archive/naming.js";
import { PruneBackups } from "../../../ops/features/archive/prune-backups.js";
import { runOperation } from "../../../ops/features/testing/index.js";
import { temporary } from "../../ops/temporary.js";

const stamp = (day: number) => stampOf(new Date(Date.UTC(2026, 0, day)));

function pair(directory: string, name: string, day: number): string {
  const archive = archiveFile(name, stamp(day));
  writeFileSync(join(directory, archive), "1234");
  writeFileSync(join(directory, manifestFile(archive)), "12");
  return archive;
}

it("keeps the newest archives; removes and reports the others with their manifests", async () => {
  const directory = temporary();
  const archives = [3, 1, 4, 2].map((day) => pair(directory, "data", day)).sort();
  const run = await runOperation(PruneBackups, { directory, name: "data", keep: 2 });
  expect(run.result).toEqual({ kept: 2, removed: 2, freedBytes: 12 });
  expect(run.texts("log")).toEqual([`removed ${archives[1]} (6 B)`, `removed ${archives[0]} (6 B)`]);
  const kept = archives.slice(2).flatMap((archive) => [archive, manifestFile(archive)]);
  expect(readdirSync(directory).sort()).toEqual(kept.sort());
});

it("touches no other file, whatever its name", async () => {
  const directory = temporary();
  pair(directory, "data", 9);
  const others = [
    `data-${stamp(1)}.tar.gz`, // no manifest
    `data-${stamp(2)}.tar.gz.manifest.jsonl`, // no archive
    `other-${stamp(1)}.tar.gz`,
    `other-${stamp(1)}.tar.gz.manifest.jsonl`,
    `my-data-${stamp(1)}.tar.gz`,
    `my-data-${stamp(1)}.tar.gz.manifest.jsonl`,
    `data-x-${stamp(1)}.tar.gz`,
    `data-x-${stamp(1)}.tar.gz.manifest.jsonl`,
    "data-2026.tar.gz",
    "data-2026.tar.gz.manifest.jsonl",
    `.data-${stamp(1)}.tar.gz.partial`,
    "data",
  ];
  for (const file of others) writeFileSync(join(directory, file), "");
  const folder = archiveFile("data", stamp(3));
  mkdirSync(join(directory, folder));
  writeFileSync(join(directory, manifestFile(folder)), "");
  const link = archiveFile("data", stamp(4));
  symlinkSync("data", join(directory, link));
  writeFileSync(join(directory, manifestFile(link)), "");
  const before = readdirSync(directory).sort();
  const run = await runOperation(PruneBackups, { directory, name: "data", keep: 1 });
  expect(run.result).toEqual({ kept: 1, removed: 0, freedBytes: 0 });
  expect(readdirSync(directory).sort()).toEqual(before);
});

it("a dry run only reports", async () => {
  const directory = temporary();
  const [old] = [1, 2].map((day) => pair(directory, "data", day));
  const run = await runOperation(
    PruneBackups,
    { directory, name: "data" },
    { set: ["keep=1", "dryRun=yes"] },
  );
  expect(run.result).toEqual({ kept: 1, removed: 1, freedBytes: 6, dryRun: true });
  expect(run.texts("log")).toEqual([`would remove ${old} (6 B)`]);
  expect(readdirSync(directory)).toHaveLength(4);
});

it("keeps the newest archive after the clock went back", async () => {
  const directory = temporary();
  const [spare] = [1, 2, 3].map((day) => pair(directory, "data", day));
  await runOperation(PruneBackups, { directory, name: "data", keep: 1, spare });
  expect(readdirSync(directory).filter((file) => file.endsWith(".gz"))).toEqual([
    spare,
    archiveFile("data", stamp(3)),
  ]);
});

it("refuses keep=0, and names the directory without archives", async () => {
  await expect(runOperation(PruneBackups, { directory: ".", name: "a", keep: 0 })).rejects.toThrow("keep");
  const run = await runOperation(PruneBackups, { directory: "/no/such", name: "a" });
  expect(run.error?.message).toContain("there is no directory /no/such");
});

it("leaves min(N, keep) archives, the newest ones", async () => {
  const days = fc.uniqueArray(fc.integer({ min: 1, max: 28 }), { maxLength: 12 });
  const name = fc.constantFrom("data", "a b", "-x", "語", "data-20260101T000000000Z");
  await fc.assert(
    fc.asyncProperty(days, fc.integer({ min: 1, max: 8 }), name, async (days, keep, name) => {
      const directory = temporary();
      const archives = days.map((day) => pair(directory, name, day)).sort();
      await runOperation(PruneBackups, { directory, name, keep });
      const left = readdirSync(directory).filter((file) => file.endsWith(".gz"));
      expect(left.sort()).toEqual(archives.slice(-keep));
    }),
    { numRuns: 40 },
  );
});
