/**
 * A disk that fails on demand. `useFailingDisk()` puts it in the place of node:fs and
 * node:fs/promises for the tests of a file, in each module that imports them.
 */
import fs, { constants } from "node:fs";
import promises from "node:fs/promises";
import { afterEach } from "vitest";
import { useBuiltin } from "./builtin.js";
import { systemError } from "./system-error.js";

const real = { ...fs };
const realPromises = { ...promises };

export const disk = {
  /** Bytes that still fit. A longer write is cut short, and the next write fails. */
  room: Number.POSITIVE_INFINITY,
  /** Whether overwriting bytes needs free space too. */
  copiesOnWrite: false,
  /** Whether truncation fails, as on a full copy-on-write disk. */
  cutsNothing: false,
  /** Errors of the next syncs, in order; null means success. */
  syncErrors: [] as Array<string | null>,
  /** Files whose reading fails. */
  unreadable: null as RegExp | null,
  /** Number of syncs. */
  syncs: 0,
  /** Synced directories and files, in order; the latter only of synchronous calls. */
  synced: [] as string[],
  /** Called before each change on the disk: a crash at that moment keeps the current files. */
  beforeChange: () => {},
  /** Awaited before each sync of the journal. */
  beforeSync: async () => {},

  heal(): void {
    disk.room = Number.POSITIVE_INFINITY;
    disk.copiesOnWrite = false;
    disk.cutsNothing = false;
    disk.syncErrors = [];
    disk.unreadable = null;
    disk.synced = [];
    disk.beforeSync = async () => {};
    disk.beforeChange = () => {};
  },
};

/** Whether a file is opened only for reading. */
function isReading(flags: string | number | undefined): boolean {
  const { O_CREAT, O_RDWR, O_WRONLY } = constants;
  return typeof flags === "number" ? (flags & (O_CREAT | O_RDWR | O_WRONLY)) === 0 : flags === "r";
}

/** The number of bytes that still fit. */
function taken(length: number): number {
  disk.beforeChange();
  if (length === 0) return 0;
  if (disk.room <= 0) throw systemError("ENOSPC", "write");
  const count = Math.min(length, disk.room);
  disk.room -= count;
  return count;
}

/** As `taken`, but overwritten bytes need no space unless the disk is copy-on-write. */
function fitting(length: number, position: number | null, size: number): number {
  if (disk.copiesOnWrite) return taken(length);
  const there = position === null ? 0 : Math.min(length, Math.max(0, size - position));
  return there + (there === length ? taken(0) : taken(length - there));
}

function synced(): void {
  disk.beforeChange();
  disk.syncs++;
  const code = disk.syncErrors.shift();
  if (code) throw systemError(code, "fdatasync");
}

function changing<A extends unknown[], R>(call: (...given: A) => R): (...given: A) => R {
  return (...given) => {
    disk.beforeChange();
    return call(...given);
  };
}

const failing = {
  openSync: (...given: Parameters<typeof real.openSync>) => {
    if (!isReading(given[1])) disk.beforeChange();
    return real.openSync(...given);
  },
  ftruncateSync: (...given: Parameters<typeof real.ftruncateSync>) => {
    if (disk.cutsNothing) throw systemError("ENOSPC", "ftruncate");
    real.ftruncateSync(...given);
  },
  readSync: (...given: Parameters<typeof real.readSync>) => {
    if (disk.unreadable?.test(real.readlinkSync(`/proc/self/fd/${given[0]}`)))
      throw systemError("EIO", "read");
    return real.readSync(...given);
  },
  renameSync: changing(real.renameSync),
  rmSync: changing(real.rmSync),
  writeSync: (
    fd: number,
    bytes: Buffer,
    offset = 0,
    length = bytes.length - offset,
    position: number | null = null,
  ) => {
    const count = fitting(length, position, real.fstatSync(fd).size);
    return real.writeSync(fd, bytes, offset, count, position);
  },
  fsyncSync: (fd: number) => {
    disk.synced.push(real.readlinkSync(`/proc/self/fd/${fd}`));
    real.fsyncSync(fd);
  },
  fdatasyncSync: (fd: number) => {
    synced();
    disk.synced.push(real.readlinkSync(`/proc/self/fd/${fd}`));
    real.fdatasyncSync(fd);
  },
};

const open = async (...given: Parameters<typeof realPromises.open>) => {
  if (given[1] !== "r") disk.beforeChange();
  const handle = await realPromises.open(...given);
  const write = handle.write.bind(handle) as (
    bytes: Buffer,
    offset: number,
    length: number,
    position: number | null,
  ) => Promise<{ bytesWritten: number }>;
  const datasync = handle.datasync.bind(handle);
  const truncate = handle.truncate.bind(handle);
  const writeFile = handle.writeFile.bind(handle);
  Object.assign(handle, {
    write: async (bytes: Buffer, offset: number, length: number, position: number | null = null) =>
      write(bytes, offset, fitting(length, position, (await handle.stat()).size), position),
    writeFile: async (text: string) => {
      if (taken(text.length) < text.length) throw systemError("ENOSPC", "write");
      await writeFile(text);
    },
    truncate: async (length: number) => {
      if (disk.cutsNothing) throw systemError("ENOSPC", "ftruncate");
      await truncate(length);
    },
    datasync: async () => {
      await disk.beforeSync();
      synced();
      await datasync();
    },
  });
  return handle;
};

const failingPromises = {
  open,
  rename: changing(realPromises.rename),
  link: changing(realPromises.link),
  rm: changing(realPromises.rm),
};

export function useFailingDisk(): void {
  useBuiltin(fs, failing);
  useBuiltin(promises, failingPromises);
  afterEach(() => disk.heal());
}
