/**
 * `verify-backup`: reads an archive and compares every entry with its manifest.
 *
 * Follows `backup` in its chain; also runs on its own. With `keep`, the chain continues with `prune-backups`, so that
 * older archives are removed only after a newer archive was verified.
 */
import { createHash, type Hash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { LiveOperation, type Params, type Progress, z } from "liveops";
import { bytesShown, count, PlainError, shown } from "../../messages.js";
import { Comparison, type FoundEntry } from "./compare.js";
import { DamagedManifest, ManifestReader } from "./manifest.js";
import { manifestFile, parseArchiveFile, place } from "./naming.js";
import { PruneBackups } from "./prune-backups.js";
import { DamagedArchive, type TarEntry, TarReader } from "./tar-read.js";

/** Differences that the log lists; the others are only counted. */
const NAMED = 200;

export class VerifyBackup extends LiveOperation<typeof VerifyBackup> {
  static op = "verify-backup";
  static title = ({ archive }: Params<typeof VerifyBackup>) => `Verify ${shown(basename(archive))}`;
  static resultText = ({ files, bytes }: { files: number; bytes: number }) =>
    `${count(files, "file")}, ${bytesShown(bytes)}, all as the manifest says`;
  static stages = ["Verify"] as const;
  static params = z.object({
    archive: z.string().min(1).describe("archive written by backup, with its manifest next to it"),
    keep: z
      .int()
      .min(1)
      .optional()
      .describe("number of archives of this name to keep; without it, no archive is removed"),
  });

  private readonly archive = place(this.params.archive);
  private readonly tally = { files: 0, bytes: 0 };

  async run(p: Progress<VerifyBackup>): Promise<void> {
    await p.stage("Verify", async () => {
      const size = sizeOf(this.archive, "archive");
      const manifest = openManifest(this.archive);
      try {
        await this.verify(p, size, manifest);
      } catch (error) {
        p.checkCancelled();
        throw explained(error, this.archive);
      } finally {
        manifest.close();
      }
    });
    const { files, bytes } = this.tally;
    p.status(`${count(files, "file")}, ${bytesShown(bytes)} verified`, "success");
    p.result({ files, bytes, archive: this.archive });

    const { keep } = this.params;
    if (keep === undefined) return;
    const name = parseArchiveFile(basename(this.archive))?.name;
    if (!name)
      throw new PlainError(`${shown(basename(this.archive))} does not have the name of a backup archive`);
    p.chainTo(PruneBackups, { directory: dirname(this.archive), name, keep, spare: basename(this.archive) });
  }

  private async verify(p: Progress<VerifyBackup>, size: number, manifest: ManifestReader): Promise<void> {
    const whole = createHash("sha256");
    let named = 0;
    const comparison = new Comparison(
      () => manifest.next(),
      (kind, path, detail) => {
        if (++named <= NAMED) p.log(`${kind}: ${shown(path)}${detail && ` (${detail})`}`);
      },
    );
    const reader = new TarReader(this.entries((entry) => comparison.add(entry)));
    const pieces = createReadStream(this.archive, { highWaterMark: 256 * 1024 });
    const tracked = p.track(pieces as AsyncIterable<Buffer>, {
      total: size,
      label: "Verify",
      unit: "B",
      size: (piece) => piece.length,
    });
    await pipeline(
      async function* () {
        for await (const piece of tracked) {
          whole.update(piece);
          yield piece;
        }
      },
      createGunzip({ chunkSize: 256 * 1024 }),
      async (unpacked) => {
        for await (const piece of unpacked) reader.write(piece as Buffer);
      },
      { signal: p.signal },
    );
    reader.end();
    comparison.finish();

    const { missing, extra, differing } = comparison.differences;
    if (named > NAMED) p.log(`and ${named - NAMED} more`);
    if (named > 0) {
      throw new PlainError(
        `the archive does not match its manifest: ${missing} missing, ${extra} extra, ${differing} differing`,
      );
    }
    if (whole.digest("hex") !== manifest.tail?.archive.sha256) {
      throw new PlainError(
        "the checksum of the archive does not match its manifest, although every entry does",
      );
    }
  }

  /** Hashes the content of the entries; calls `add` for each entry with its hash. */
  private entries(add: (entry: FoundEntry) => void) {
    let current: TarEntry;
    let hash: Hash;
    return {
      entry: (entry: TarEntry) => {
        current = entry;
        if (entry.type === "file") hash = createHash("sha256");
      },
      data: (piece: Buffer) => {
        hash.update(piece);
      },
      end: () => {
        const { path, type, size, mode, target } = current;
        const bits = { path, mode: mode.toString(8).padStart(4, "0") };
        if (type === "file") {
          this.tally.files++;
          this.tally.bytes += size;
          add({ ...bits, type, size, sha256: hash.digest("hex") });
        } else {
          add({ ...bits, type, ...(target !== null && { target }) });
        }
      },
    };
  }
}

function sizeOf(file: string, what: string): number {
  try {
    const stat = statSync(file);
    if (stat.isFile()) return stat.size;
  } catch {
    // Reported below.
  }
  throw new PlainError(`there is no ${what} ${shown(file)}`);
}

function openManifest(archive: string): ManifestReader {
  const file = manifestFile(archive);
  sizeOf(file, "manifest");
  try {
    return new ManifestReader(file);
  } catch (error) {
    throw explained(error, archive);
  }
}

function explained(error: unknown, archive: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof DamagedArchive || error instanceof DamagedManifest || code?.startsWith("Z_")) {
    return new PlainError(`${shown(archive)} is damaged: ${message}`);
  }
  return error;
}
