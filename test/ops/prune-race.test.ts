/** `prune-backups` during another prune of the same directory, and without permission to remove a file. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, it, vi } from "vitest";
import { archiveFile, manifestFile, stampOf } from "../../ops/features/archive/naming.js";
import { PruneBackups } from "../../ops/features/archive/prune-backups.js";
import { runOperation } from "../../ops/features/testing/index.js";
import { temporary } from "./temporary.js";

/** Called before each removal. */
let beforeRemoval: (path: string) => void = () => {};

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const unlinkSync = (path: string) => {
    beforeRemoval(path);
    fs.unlinkSync(path);
  };
  return { ...fs, unlinkSync, default: { ...fs, unlinkSync } };
});

let directory: string;
let archives: string[];
beforeEach(() => {
  directory = temporary();
  archives = [1, 2, 3].map((day) => archiveFile("data", stampOf(new Date(Date.UTC(2026, 0, day)))));
  for (const archive of archives)
    for (const file of [archive, manifestFile(archive)]) writeFileSync(join(directory, file), "x");
});

it("takes what another prune removed meanwhile for removed", async () => {
  const { rmSync } = await import("node:fs");
  beforeRemoval = (path) => rmSync(path, { force: true });
  const run = await runOperation(PruneBackups, { directory, name: "data", keep: 1 });
  expect(run).toMatchObject({ state: "succeeded", result: { kept: 1, removed: 2 } });
  expect(readdirSync(directory).sort()).toEqual([archives[2], manifestFile(archives[2]!)]);
});

it("says which file it may not remove, and leaves its manifest", async () => {
  beforeRemoval = (path) => {
    throw Object.assign(new Error(`EACCES: ${path}`), { code: "EACCES" });
  };
  const run = await runOperation(PruneBackups, { directory, name: "data", keep: 1 });
  expect(run.error?.message).toBe(`cannot remove ${join(directory, archives[1]!)} (EACCES)`);
  expect(existsSync(join(directory, manifestFile(archives[1]!)))).toBe(true);
});
