/**
 * `prune-backups`: keeps the newest archives of one name in a directory and removes the older ones.
 *
 * The last operation of the chain of `backup`; also runs on its own. It removes only regular files with a name that
 * backup gives and a manifest next to them.
 */
import { lstatSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { LiveOperation, type Params, type Progress, z } from "liveops";
import { bytesShown, count, PlainError, shown } from "../../messages.js";
import { manifestFile, parseArchiveFile, place } from "./naming.js";

interface Pruned {
  kept: number;
  removed: number;
  freedBytes: number;
  dryRun?: boolean;
}

export class PruneBackups extends LiveOperation<typeof PruneBackups> {
  static op = "prune-backups";
  static title = ({ name, directory }: Params<typeof PruneBackups>) =>
    `Prune backups of ${shown(name)} in ${shown(directory)}`;
  static resultText = ({ kept, removed, freedBytes, dryRun = false }: Pruned) =>
    `${count(kept, "archive")} kept, ${removed} ${dryRun ? "to remove" : "removed"}, ${bytesShown(freedBytes)} ${dryRun ? "to free" : "freed"}`;
  static stages = ["Prune"] as const;
  static params = z.object({
    directory: z.string().min(1).describe("directory of the archives"),
    name: z.string().min(1).describe("name of the archives, as given to backup"),
    keep: z.int().min(1).default(7).describe("number of newest archives to keep"),
    dryRun: z.boolean().default(false).describe("log the archives to remove, but remove none"),
    spare: z
      .string()
      .optional()
      .describe("file name of an archive that is always kept: the archive just made, even if clocks differ"),
  });

  async run(p: Progress<PruneBackups>): Promise<void> {
    const { keep, dryRun, spare } = this.params;
    const outcome = await p.stage("Prune", () => {
      const directory = place(this.params.directory);
      const archives = archivesOf(directory, this.params.name);
      const old = archives.slice(keep).filter(({ file }) => file !== spare);
      let freedBytes = 0;
      for (const { file, bytes } of p.track(old, { label: "Prune", unit: "archive" })) {
        // The archive first, because an archive without a manifest is never pruned.
        if (!dryRun) for (const each of [file, manifestFile(file)]) remove(join(directory, each));
        freedBytes += bytes;
        p.log(`${dryRun ? "would remove" : "removed"} ${shown(file)} (${bytesShown(bytes)})`);
      }
      return { kept: archives.length - old.length, removed: old.length, freedBytes };
    });
    const what = `${count(outcome.removed, "archive")} (${bytesShown(outcome.freedBytes)})`;
    p.status(
      `kept ${outcome.kept}, ${dryRun ? "would remove" : "removed"} ${what}`,
      outcome.removed > 0 && dryRun ? "info" : "success",
    );
    p.result(dryRun ? { ...outcome, dryRun } : outcome);
  }
}

/** Archives with their manifests, newest first. */
function archivesOf(directory: string, name: string): { file: string; bytes: number }[] {
  let files: string[];
  try {
    files = readdirSync(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR")
      throw new PlainError(`cannot read ${shown(directory)} (${code}): give the directory of the archives`);
    throw new PlainError(`there is no directory ${shown(directory)}: give the directory of the archives`);
  }
  const present = new Set(files);
  return files
    .filter((file) => parseArchiveFile(file)?.name === name && present.has(manifestFile(file)))
    .sort()
    .reverse()
    .flatMap((file) => {
      const sizes = [file, manifestFile(file)].map((each) => regularSize(join(directory, each)));
      return sizes.every((size) => size !== null)
        ? [{ file, bytes: sizes.reduce((sum, size) => sum + size, 0) }]
        : [];
    });
}

/** A missing file was removed by another prune. */
function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") throw new PlainError(`cannot remove ${shown(path)} (${code})`);
  }
}

/** Null if the path is not a regular file, or no longer exists. */
function regularSize(path: string): number | null {
  try {
    const stat = lstatSync(path);
    return stat.isFile() ? stat.size : null;
  } catch {
    return null;
  }
}
