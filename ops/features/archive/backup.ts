/**
 * `backup`: writes a directory or file into a compressed tar archive, with a SHA-256 manifest next to it.
 *
 * The chain continues with `verify-backup` and `prune-backups`. The archive gets its final name when it is complete.
 * After a failure or cancellation no part of it remains.
 */
import { createHash } from "node:crypto";
import { constants } from "node:os";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { LiveOperation, type Params, type Progress, z } from "liveops";
import { bytesShown, count, PlainError, shown } from "../../messages.js";
import { Exclude } from "./exclude.js";
import { MANIFEST_FORMAT, ManifestWriter } from "./manifest.js";
import { backupName, place } from "./naming.js";
import { type Piece, pack } from "./pack.js";
import { readPieces, tryToOpen } from "./read-file.js";
import { commit, discard, leftovers, type Reserved, reserve } from "./reserve.js";
import { checkArchiveTarget, checkNameIsOurs, checkSource } from "./source.js";
import { VerifyBackup } from "./verify-backup.js";
import { Account, attempt, type WalkOptions, walk } from "./walk.js";

interface Written {
  archive: string;
  archiveBytes: number;
  files: number;
  bytes: number;
}

export class Backup extends LiveOperation<typeof Backup> {
  static op = "backup";
  static title = ({ source }: Params<typeof Backup>) => `Back up ${shown(source)}`;
  static resultText = ({ archive, archiveBytes, files, bytes }: Written) =>
    `${shown(archive)}: ${count(files, "file")}, ${bytesShown(bytes)} packed into ${bytesShown(archiveBytes)}`;
  static stages = ["Scan", "Archive", "Checksum"] as const;
  static params = z.object({
    source: z.string().min(1).describe("directory or file to back up"),
    target: z.string().min(1).describe("directory for the archive; created if it is missing"),
    name: z
      .string()
      .refine((name) => name === backupName(name), "must be a valid file name of at most 150 bytes")
      .optional()
      .describe("name of the archives; default: the last part of the source"),
    exclude: z
      .array(z.string().min(1))
      .default([])
      .describe("names at any depth (node_modules, *.log) or paths below the source (build/**) to leave out"),
    keep: z.int().min(1).default(7).describe("number of archives of this name that prune-backups keeps"),
    unreadable: z
      .enum(["fail", "skip"])
      .default("fail")
      .describe("for entries that cannot be read: fail, or skip them and log each"),
    level: z.int().min(1).max(9).default(6).describe("compression level: 1 is fastest, 9 is smallest"),
  });

  private readonly source = place(this.params.source);
  private readonly target = place(this.params.target);
  private readonly name = this.params.name ?? backupName(this.source);
  private readonly exclude = new Exclude(this.params.exclude);
  private readonly tally = { entries: 0, files: 0, bytes: 0, changed: 0 };
  /** Size and checksum of the archive. */
  private written = { bytes: 0, sha256: "" };

  async run(p: Progress<Backup>): Promise<void> {
    const account = new Account((line) => p.log(line));
    const { source, options, total } = await p.stage("Scan", () => this.scan(p, account));

    const reserved = await reserve(this.target, this.name, new Date()).catch((error) => {
      throw explained(error, this.target);
    });
    try {
      const manifest = new ManifestWriter(reserved.partialManifest, {
        format: MANIFEST_FORMAT,
        name: this.name,
        archive: reserved.archive.slice(this.target.length + 1),
        source,
        createdAt: new Date().toISOString(),
      });
      try {
        await p.stage("Archive", () => this.archive(p, source, options, total, account, reserved, manifest));
        await p.stage("Checksum", async () => {
          const archive = await this.checksum(p, reserved);
          const { entries, files, bytes } = this.tally;
          manifest.finish({ archive, entries, files, bytes, unreadable: account.counts.unreadable });
          this.written = archive;
        });
      } finally {
        manifest.close();
      }
      await commit(reserved, this.target);
    } catch (error) {
      await discard(reserved);
      p.checkCancelled();
      throw explained(error, this.target);
    }
    this.conclude(p, account, reserved.archive);
    const { files, bytes, changed } = this.tally;
    p.result({
      archive: reserved.archive,
      archiveBytes: this.written.bytes,
      sha256: this.written.sha256,
      files,
      bytes,
      unreadable: account.counts.unreadable,
      changed,
    });
    p.chainTo(VerifyBackup, { archive: reserved.archive, keep: this.params.keep });
  }

  /** Counts the entries, so that the progress bar has a total and unreadable entries are found at the start. */
  private async scan(p: Progress<Backup>, account: Account) {
    const source = checkSource(this.source);
    const { dev, ino } = checkArchiveTarget(this.target, source);
    if (this.params.name === undefined) checkNameIsOurs(this.target, this.name, source);
    for (const file of leftovers(this.target, this.name)) {
      p.log(`${shown(file)} is incomplete: remove it unless another backup of this name is running`);
    }

    const options: WalkOptions = { exclude: this.exclude, target: { dev, ino }, report: account.report };
    let total = 0;
    let files = 0;
    for await (const entry of p.track(walk(source, options), { label: "Entries", unit: "entry" })) {
      if (entry.type !== "file") continue;
      attempt(entry, account.report, () => tryToOpen(entry.absolute));
      files++;
      total += entry.stat.size;
    }
    for (const pattern of this.exclude.unused()) p.log(`exclude=${shown(pattern)} matched nothing`);
    if (this.params.unreadable === "fail") account.assertReadable();
    p.status(`${count(files, "file")}, ${bytesShown(total)}`);
    return { source, options, total };
  }

  private async archive(
    p: Progress<Backup>,
    source: string,
    options: WalkOptions,
    total: number,
    account: Account,
    reserved: Reserved,
    manifest: ManifestWriter,
  ): Promise<void> {
    account.restart();
    const pieces = pack(walk(source, options), {
      report: (path, why, detail) => {
        account.report(path, why, detail);
        if (this.params.unreadable === "fail") account.assertReadable();
      },
      packed: (entry) => {
        manifest.entry(entry);
        this.tally.entries++;
        if (entry.type !== "file") return;
        this.tally.files++;
        this.tally.bytes += entry.size ?? 0;
      },
      changed: (path) => {
        this.tally.changed++;
        p.log(`${shown(path)} changed while it was read`);
      },
    });
    const tracked = p.track(pieces, {
      total,
      label: "Archive",
      unit: "B",
      size: (piece: Piece) => piece.content,
    });
    await pipeline(
      async function* () {
        for await (const { bytes } of tracked) yield bytes;
      },
      createGzip({ level: this.params.level, chunkSize: 64 * 1024 }),
      async (compressed: AsyncIterable<Buffer>) => {
        // A write stream would close the handle, or never end.
        for await (const bytes of compressed) await reserved.handle.appendFile(bytes);
      },
      { signal: p.signal },
    );
    await reserved.handle.sync();
  }

  /** Reads the archive back from the disk. */
  private async checksum(p: Progress<Backup>, { handle }: Reserved) {
    const { size } = await handle.stat();
    const hash = createHash("sha256");
    const tracked = p.track(readPieces(handle, size), {
      total: size,
      label: "Checksum",
      unit: "B",
      size: (piece) => piece.length,
    });
    for await (const piece of tracked) hash.update(piece);
    return { bytes: size, sha256: hash.digest("hex") };
  }

  private conclude(p: Progress<Backup>, account: Account, archive: string): void {
    const { files, bytes, changed } = this.tally;
    const left = account.summary();
    const notes = [left && `left out: ${left}`, changed && `${changed} changed while read`].filter(Boolean);
    const suffix = notes.length > 0 ? ` (${notes.join("; ")})` : "";
    const faulty = account.counts.unreadable > 0 || changed > 0;
    p.log(`wrote ${shown(archive)}`);
    p.status(
      `${count(files, "file")}, ${bytesShown(bytes)} backed up${suffix}`,
      faulty ? "warning" : "success",
    );
  }
}

function explained(error: unknown, target: string): unknown {
  const { code, errno = 0 } = error as NodeJS.ErrnoException;
  const { ENOSPC, EDQUOT, EFBIG } = constants.errno;
  // By number: Node has no name for EDQUOT.
  if ([ENOSPC, EDQUOT, EFBIG].includes(-errno)) {
    return new PlainError(`no space left in ${shown(target)}: free some or give another target=PATH`);
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new PlainError(`cannot write to ${shown(target)} (${code}): give another target=PATH`);
  }
  return error;
}
