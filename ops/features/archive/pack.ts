/**
 * Turns walked entries into the bytes of a tar archive, with a manifest entry for each. Used by `backup`.
 *
 * A file is read once, so that the hash matches the archived bytes. Small pieces are joined to about 256 KiB, so that
 * many small files compress as fast as one large file.
 */
import { createHash, hash } from "node:crypto";
import type { Stats } from "node:fs";
import type { ManifestEntry } from "./manifest.js";
import { differs, NoFile, openLarge, readPieces, readSmall, SMALL } from "./read-file.js";
import { END_OF_ARCHIVE, headerBlocks, padding } from "./tar-write.js";
import { attempt, type Report, type WalkEntry } from "./walk.js";

/** Bytes of the archive; `content` is how many of them are file contents. */
export interface Piece {
  bytes: Buffer;
  content: number;
}

export interface PackOptions {
  report: Report;
  /** Called for each entry that is in the archive. */
  packed(entry: ManifestEntry): void;
  /** Called for a file that changed while it was read. */
  changed(path: string): void;
}

const GATHER = 256 * 1024;

export async function* pack(entries: AsyncIterable<WalkEntry>, options: PackOptions): AsyncGenerator<Piece> {
  let gathered: Buffer[] = [];
  let length = 0;
  let content = 0;
  const gather = (...buffers: Buffer[]) => {
    for (const buffer of buffers) {
      gathered.push(buffer);
      length += buffer.length;
    }
  };
  const take = (): Piece => {
    const piece = { bytes: Buffer.concat(gathered, length), content };
    gathered = [];
    length = content = 0;
    return piece;
  };

  for await (const entry of entries) {
    if (entry.type !== "file") {
      gather(headerBlocks(entry, 0));
      const target = entry.target === null ? {} : { target: entry.target };
      options.packed({ path: entry.path, type: entry.type, mode: modeOf(entry.stat), ...target });
    } else if (entry.stat.size <= SMALL) {
      const file = attempt(entry, options.report, () => readSmallFile(entry, options.report));
      if (file) {
        const { stat, bytes } = file;
        gather(headerBlocks({ ...entry, stat }, bytes.length), bytes, padding(bytes.length));
        content += bytes.length;
        if (file.changed) options.changed(entry.path);
        const sha256 = hash("sha256", bytes);
        options.packed({ path: entry.path, type: "file", mode: modeOf(stat), size: bytes.length, sha256 });
      } else if (file === undefined) {
        if (length > 0) yield take();
        yield* packLarge(entry, options);
      }
    } else {
      if (length > 0) yield take();
      yield* packLarge(entry, options);
    }
    if (length >= GATHER) yield take();
  }
  gather(END_OF_ARCHIVE);
  yield take();
}

/** Undefined: the file has grown large since the walk. Null: it was replaced. */
function readSmallFile(entry: WalkEntry, report: Report): ReturnType<typeof readSmall> | undefined {
  try {
    return readSmall(entry.absolute) ?? undefined;
  } catch (error) {
    if (!isReplaced(error)) throw error;
    report(entry.path, "vanished", "");
    return null;
  }
}

async function* packLarge(entry: WalkEntry, options: PackOptions): AsyncGenerator<Piece> {
  const opened = await openLarge(entry.absolute).catch((error) => {
    if (isReplaced(error)) options.report(entry.path, "vanished", "");
    else
      attempt(entry, options.report, () => {
        throw error;
      });
    return null;
  });
  if (!opened) return;
  const { handle, stat } = opened;
  try {
    yield { bytes: headerBlocks({ ...entry, stat }, stat.size), content: 0 };
    const running = createHash("sha256");
    // The header with the size is already in the archive, so zeros must fill the rest.
    const onError = ({ code }: NodeJS.ErrnoException, at: number) =>
      options.report(
        entry.path,
        "unreadable",
        `reading it failed at byte ${at} (${code}); zeros follow there`,
      );
    for await (const bytes of readPieces(handle, stat.size, onError)) {
      running.update(bytes);
      yield { bytes, content: bytes.length };
    }
    yield { bytes: padding(stat.size), content: 0 };
    if (differs(stat, await handle.stat())) options.changed(entry.path);
    const sha256 = running.digest("hex");
    options.packed({ path: entry.path, type: "file", mode: modeOf(stat), size: stat.size, sha256 });
  } finally {
    await handle.close();
  }
}

/** The file was replaced by a link or a pipe. */
function isReplaced(error: unknown): boolean {
  return error instanceof NoFile || (error as NodeJS.ErrnoException).code === "ELOOP";
}

function modeOf(stat: Stats): string {
  return (stat.mode & 0o7777).toString(8).padStart(4, "0");
}
