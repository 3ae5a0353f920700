/**
 * A disk that fails on demand, for modules that write through node:fs and node:fs/promises.
 *
 * A test file mocks both modules: `vi.mock("node:fs", failingFs)` and `vi.mock("node:fs/promises", failingPromises)`.
 */
import type * as Fs from "node:fs";
import { constants } from "node:fs";
import type * as FsPromises from "node:fs/promises";
import { systemError } from "./system-error.js";

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

// A declaration, because node:fs is mocked as this file imports it: a constant may not exist yet.
function changing<A extends unknown[], R>(call: (...given: A) => R): (...given: A) => R {
  return (...given) => {
    disk.beforeChange();
    return call(...given);
  };
}

export async function failingFs(original: () => Promise<typeof Fs>): Promise<object> {
  const fs = await original();
  const changed = {
    openSync: (...given: Parameters<typeof fs.openSync>) => {
      if (!isReading(given[1])) disk.beforeChange();
      return fs.openSync(...given);
    },
    ftruncateSync: (...given: Parameters<typeof fs.ftruncateSync>) => {
      if (disk.cutsNothing) throw systemError("ENOSPC", "ftruncate");
      fs.ftruncateSync(...given);
    },
    readSync: (...given: Parameters<typeof fs.readSync>) => {
      if (disk.unreadable?.test(fs.readlinkSync(`/proc/self/fd/${given[0]}`)))
        throw systemError("EIO", "read");
      return fs.readSync(...given);
    },
    renameSync: changing(fs.renameSync),
    rmSync: changing(fs.rmSync),
    writeSync: (
      fd: number,
      bytes: Buffer,
      offset = 0,
      length = bytes.length - offset,
      position: number | null = null,
    ) => {
      const count = fitting(length, position, fs.fstatSync(fd).size);
      return fs.writeSync(fd, bytes, offset, count, position);
    },
    fsyncSync: (fd: number) => {
      disk.synced.push(fs.readlinkSync(`/proc/self/fd/${fd}`));
      fs.fsyncSync(fd);
    },
    fdatasyncSync: (fd: number) => {
      synced();
      disk.synced.push(fs.readlinkSync(`/proc/self/fd/${fd}`));
      fs.fdatasyncSync(fd);
    },
  };
  return { ...fs, ...changed, default: { ...fs, ...changed } };
}

export async function failingPromises(original: () => Promise<typeof FsPromises>): Promise<object> {
  const promises = await original();
  const open = async (...given: Parameters<typeof promises.open>) => {
    if (given[1] !== "r") disk.beforeChange();
    const handle = await promises.open(...given);
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
  const changed = {
    open,
    rename: changing(promises.rename),
    link: changing(promises.link),
    rm: changing(promises.rm),
  };
  return { ...promises, ...changed, default: { ...promises, ...changed } };
}
