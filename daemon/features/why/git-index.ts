/**
 * The files of a checkout that were edited, by git's index alone: it has the time and the size of
 * each file as git last saw it. Git itself would compare contents, and run the filters that the
 * repository names.
 */
import { constants } from "node:fs";
import { lstat, open } from "node:fs/promises";
import { join } from "node:path";

const MOST_BYTES = 16 * 1024 * 1024;
const ENTRIES_MOST = 100_000;
/** Files looked at together. */
const BATCH = 64;

interface Tracked {
  readonly name: string;
  readonly seconds: number;
  /** 0: the program that wrote the index knows seconds only. */
  readonly nanoseconds: number;
  readonly size: number;
}

export interface EditedFile {
  readonly name: string;
  /** When it was written: ISO 8601. */
  readonly at: string;
}

/**
 * @param since ISO 8601
 * @param staged names that differ from the commit, as the index has them
 * @returns null: the index is too large, or in a form that is not known
 */
export async function editedFiles(
  top: string,
  gitDir: string,
  since: string,
  staged: ReadonlySet<string>,
  idBytes: number,
): Promise<EditedFile[] | null> {
  const tracked = await readTracked(join(gitDir, "index"), idBytes).catch(() => null);
  if (tracked === null) return null;
  const edited: EditedFile[] = [];
  for (let from = 0; from < tracked.length; from += BATCH) {
    const batch = tracked.slice(from, from + BATCH);
    const stats = await Promise.all(
      batch.map(({ name }) => lstat(join(top, name)).catch(() => null)),
    );
    for (const [i, file] of batch.entries()) {
      const stat = stats[i];
      if (!stat || stat.mtime.toISOString() <= since) continue;
      if (!staged.has(file.name) && isAsSeen(file, stat)) continue;
      edited.push({ name: file.name, at: stat.mtime.toISOString() });
    }
  }
  return edited;
}

function isAsSeen(file: Tracked, { mtimeMs, size }: { mtimeMs: number; size: number }): boolean {
  const seen = file.seconds * 1000 + file.nanoseconds / 1e6;
  // Node rounds the time of a file.
  const isSameTime =
    file.nanoseconds === 0
      ? Math.floor(mtimeMs / 1000) === file.seconds
      : Math.abs(mtimeMs - seen) < 1;
  return isSameTime && size % 2 ** 32 === file.size;
}

async function readTracked(file: string, idBytes: number): Promise<Tracked[] | null> {
  await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const stats = await handle.stat();
  return stats.isFile() && stats.size <= MOST_BYTES
    ? trackedIn(await handle.readFile(), idBytes)
    : null;
}

const ID_AT = 40;
const EXTENDED = 0x4000;
/** The kind of a file in its mode: neither a link nor a submodule. */
const REGULAR = 0o10;
/** No file of a checkout has such a name. */
const LEADS_OUT = /^\/|(?:^|\/)\.\.(?:\/|$)/;

/**
 * Format: gitformat-index(5).
 *
 * @param idBytes length of the id of an object
 * @returns null: there are too many files, or the form is not known
 */
function trackedIn(index: Buffer, idBytes: number): Tracked[] | null {
  const [version, count] = [index.readUInt32BE(4), index.readUInt32BE(8)];
  if (index.toString("latin1", 0, 4) !== "DIRC" || version < 2 || version > 4) return null;
  if (count > ENTRIES_MOST) return null;
  const tracked: Tracked[] = [];
  let at = 12;
  // Names are bytes: each character is one.
  let name = "";
  for (let i = 0; i < count; i++) {
    const begin = at;
    const flagsAt = begin + ID_AT + idBytes;
    at = flagsAt + ((index.readUInt16BE(flagsAt) & EXTENDED) === 0 ? 2 : 4);
    if (version === 4) {
      const strip = varint(index, at);
      at = strip.end;
      name = name.slice(0, name.length - strip.value);
    } else name = "";
    const end = index.indexOf(0, at);
    if (end < 0) return null;
    name += index.toString("latin1", at, end);
    at = version === 4 ? end + 1 : begin + ((end - begin + 8) & ~7);
    if (index.readUInt32BE(begin + 24) >> 12 !== REGULAR) continue;
    const text = Buffer.from(name, "latin1").toString("utf8");
    if (LEADS_OUT.test(text)) return null;
    tracked.push({
      name: text,
      seconds: index.readUInt32BE(begin + 8),
      nanoseconds: index.readUInt32BE(begin + 12),
      size: index.readUInt32BE(begin + 36),
    });
  }
  // The other files are in another index.
  return index.toString("latin1", at, at + 4) === "link" ? null : tracked;
}

/** The number says how many bytes at the end of the last name the next one does not have. */
function varint(index: Buffer, start: number): { value: number; end: number } {
  let end = start;
  let byte = index.readUInt8(end++);
  let value = byte & 127;
  while ((byte & 128) !== 0) {
    byte = index.readUInt8(end++);
    value = (value + 1) * 128 + (byte & 127);
  }
  return { value, end };
}
