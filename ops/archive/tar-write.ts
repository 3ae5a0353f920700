/**
 * The blocks of a tar archive around the files' bytes, for `backup`: POSIX pax, encoded by the tar package.
 *
 * Its own packer reads files itself and fails whole when one shrinks meanwhile; here the caller reads them, hashes
 * what it read in the same pass, and pads.
 */
import { Header, Pax } from "tar";
import type { WalkEntry } from "./walk.js";

export const BLOCK = 512;

/** Two empty blocks close an archive. */
export const END_OF_ARCHIVE = Buffer.alloc(2 * BLOCK);

/** Of a Date, in ms: 275760-09-13. */
const LAST_MS = 8.64e15;

const TYPES = { file: "File", directory: "Directory", link: "SymbolicLink" } as const;

/** The block that announces an entry, preceded by an extended one where names or numbers do not fit. */
export function headerBlocks(entry: WalkEntry, size: number): Buffer {
  const { stat } = entry;
  const fields = {
    path: entry.type === "directory" ? `${entry.path}/` : entry.path,
    ...(entry.target !== null && { linkpath: entry.target }),
    size,
    uid: stat.uid,
    gid: stat.gid,
    mtime: wholeSeconds(stat.mtimeMs),
  };
  const header = new Header({ ...fields, mode: stat.mode & 0o7777, type: TYPES[entry.type] });
  const block = Buffer.alloc(BLOCK);
  return header.encode(block) ? Buffer.concat([new Pax(fields).encode(), block]) : block;
}

/** File systems hold times that no Date does: NaN in a header would make the archive unreadable for tar. */
function wholeSeconds(ms: number): Date {
  const within = Math.max(-LAST_MS, Math.min(LAST_MS, ms));
  return new Date(Math.floor(within / 1000) * 1000);
}

/** The zeros that fill a body up to whole blocks. */
export function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}
