/**
 * The blocks of a tar archive around the file contents, for `backup`: POSIX pax, encoded by the tar package.
 *
 * The packer of that package is not used: it reads the files itself and fails if a file shrinks during the read. Here
 * the caller reads, hashes and pads the contents in one pass.
 */
import { Header, Pax } from "tar";
import type { WalkEntry } from "./walk.js";

export const BLOCK = 512;

/** Two empty blocks end an archive. */
export const END_OF_ARCHIVE = Buffer.alloc(2 * BLOCK);

/** The latest time of a Date, in ms: 275760-09-13. */
const LAST_MS = 8.64e15;

const TYPES = { file: "File", directory: "Directory", link: "SymbolicLink" } as const;

/** The header block of an entry, after an extended header if names or numbers do not fit. */
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

/** File systems store times outside the range of Date; NaN in a header would make the archive unreadable for tar. */
function wholeSeconds(ms: number): Date {
  const within = Math.max(-LAST_MS, Math.min(LAST_MS, ms));
  return new Date(Math.floor(within / 1000) * 1000);
}

/** The zeros that pad a body to complete blocks. */
export function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}
