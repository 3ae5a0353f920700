/**
 * `backup`: copies a directory into a compressed archive and compares the archive with the
 * directory. The chain continues with `verify-backup`, which compares the archive with its
 * checksum.
 *
 * GNU tar does the work; its checkpoints move the bars. The archive gets its name when it is
 * complete. After a failure or a cancel no part of it remains.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { opendir } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { LiveOperation, type Params, type Progress, z } from "liveops";
import { bytesShown, count, PlainError, shown } from "./messages.js";

/** The name that Homebrew gives GNU tar. */
const TAR = process.platform === "darwin" ? "gtar" : "tar";
/** tar pads each header and each content to blocks of this many bytes. */
const BLOCK = 512;
/** Bytes of a record of tar, which counts records at a checkpoint. */
const RECORD = 20 * BLOCK;

export class VerifyBackup extends LiveOperation<typeof VerifyBackup> {
  static op = "verify-backup";
  static title = ({ archive }: Params<typeof VerifyBackup>) => `Verify ${shown(basename(archive))}`;
  static stages = ["Checksum"] as const;
  static params = z.object({
    archive: z.string().min(1).describe("archive that backup wrote"),
    sha256: z.string().describe("its checksum, from the result of backup"),
  });

  async run(p: Progress<VerifyBackup>): Promise<void> {
    const archive = place(this.params.archive);
    await p.stage("Checksum", async () => {
      if ((await checksum(p, archive)) !== this.params.sha256)
        throw new PlainError(`${shown(archive)} is not as backup wrote it: make a new backup`);
    });
    p.status(`${shown(archive)} is as backup wrote it`, "success");
  }
}

export class Backup extends LiveOperation<typeof Backup> {
  static op = "backup";
  static title = ({ source }: Params<typeof Backup>) => `Back up ${shown(source)}`;
  static stages = ["List", "Copy", "Verify"] as const;
  static params = z.object({
    source: z.string().min(1).describe("directory to back up"),
    target: z.string().min(1).describe("directory for the archive; created if it is missing"),
  });

  async run(p: Progress<Backup>): Promise<void> {
    const { source, target, files, bytes, records } = await p.stage("List", () => this.list(p));
    const stamp = new Date().toISOString().replace(/[-:.]/g, "");
    const archive = join(target, `${basename(source)}-${stamp}.tar.gz`);
    const partial = join(target, `.backup-${this.id}.partial`);
    const tar = (action: string, ...rest: string[]) =>
      this.tar(p, records, [action, `--file=${partial}`, ...rest]);
    const below = `--directory=${dirname(source)}`;
    // The archive may hold what only its owner may read.
    const file = openSync(partial, "w", 0o600);
    try {
      await p.stage("Copy", () =>
        tar("--create", "--use-compress-program=gzip -1", below, "--", basename(source)),
      );
      const sha256 = await p.stage("Verify", async () => {
        await tar("--compare", below);
        return checksum(p, partial);
      });
      fsyncSync(file);
      renameSync(partial, archive);
      p.status(`${count(files, "file")}, ${bytesShown(bytes)} in ${shown(archive)}`, "success");
      p.result({ archive, files, bytes, sha256 });
      p.chainTo(VerifyBackup, { archive, sha256 });
    } finally {
      closeSync(file);
      rmSync(partial, { force: true });
    }
  }

  /** Counts what tar will copy. */
  private async list(p: Progress<Backup>) {
    const given = place(this.params.source);
    if (!statSync(given, { throwIfNoEntry: false })?.isDirectory())
      throw new PlainError(`${shown(given)} is not a directory: give a directory as source=PATH`);
    const source = realpathSync(given);
    mkdirSync(place(this.params.target), { recursive: true });
    const target = realpathSync(place(this.params.target));
    if (`${target}/`.startsWith(`${source}/`))
      throw new PlainError(
        `${shown(target)} is in the source: give a directory outside of it as target=PATH`,
      );
    let files = 0;
    let bytes = 0;
    // The header of the source itself, and the two blocks at the end.
    let total = 3 * BLOCK;
    const entries = await opendir(source, { recursive: true });
    for await (const entry of p.track(entries, { label: "Entries", unit: "entry" })) {
      total += BLOCK;
      if (!entry.isFile()) continue;
      // A name that is not UTF-8 is not found. The archive has the file, the count of bytes does
      // not.
      const size =
        lstatSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
      files++;
      bytes += size;
      total += Math.ceil(size / BLOCK) * BLOCK;
    }
    return { source, target, files, bytes, records: Math.ceil(total / RECORD) };
  }

  /** Runs tar, which reports its bytes at most a hundred times. */
  private tar(p: Progress<Backup>, records: number, args: string[]) {
    const report = `echo "progress $((TAR_CHECKPOINT * ${RECORD}))/${records * RECORD} B" >> "$LIVEOPS_REPORT"`;
    return p
      .exec(TAR, [
        "--force-local",
        `--checkpoint=${Math.ceil(records / 100)}`,
        `--checkpoint-action=exec=${report}`,
        ...args,
      ])
      .catch((error) => {
        // The output of tar says where it failed.
        delete error.stack;
        throw error;
      });
  }
}

async function checksum(p: Progress<Backup | VerifyBackup>, file: string): Promise<string> {
  const hash = createHash("sha256");
  const pieces = p.track(createReadStream(file) as AsyncIterable<Buffer>, {
    label: "Checksum",
    total: statSync(file).size,
    unit: "B",
    size: (piece) => piece.length,
  });
  for await (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

/** The absolute path. A shell leaves the `~` of `target=~/backups` as it is. */
function place(path: string): string {
  return resolve(path.replace(/^~(?=\/|$)/, () => homedir()));
}
