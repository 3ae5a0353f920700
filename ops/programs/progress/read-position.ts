/**
 * Progress of a silent program: how far it has read the largest file that it reads in order. Read
 * from Linux's /proc/PID/fd and /proc/PID/fdinfo (proc_pid_fdinfo(5)); without /proc, there is no
 * progress.
 *
 * A file counts if a process of the program opened it only for reading, its position moved forward
 * and never back, and no process of the program writes or maps it. A small file is over too soon
 * for a bar.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename } from "node:path";
import { childrenOf, NO_FILES } from "../proc.js";

/** How far a file is read. */
export interface ReadPosition {
  /** Absolute path. */
  path: string;
  name: string;
  /** Bytes. */
  position: number;
  size: number;
}

/** Smallest file of which a bar is shown, in bytes. */
const SMALLEST = 1024 * 1024;
const MOST_PROCESSES = 64;
const MOST_FILES = 128;
/** Largest list of mappings that is read, in characters. */
const MAX_MAPS = 1024 * 1024;

/** O_ACCMODE of open(2): 0 is read-only. */
const ACCESS_MODE = 0o3;

interface Seen {
  position: number;
  /** The position went back, or the file was written. */
  isOut: boolean;
  hasMoved: boolean;
}

interface OpenFile extends ReadPosition {
  pid: number;
  key: string;
  inode: string;
}

export class ReadPositions {
  readonly #seen = new Map<string, Seen>();

  /** @param leader - pid of the program; its descendants belong to it */
  constructor(private readonly leader: number) {}

  /** Looks once; call it every second or two. @returns null: no file is read in order */
  look(): ReadPosition | null {
    const pids = descendants(this.leader);
    const written = new Set<string>();
    const open = pids.flatMap((pid) => openFiles(pid, written));
    const keys = new Set(open.map(({ key }) => key));
    for (const key of this.#seen.keys()) if (!keys.has(key)) this.#seen.delete(key);
    for (const file of open) this.#note(file, written.has(file.inode));
    const candidates = open
      .filter(({ key }) => {
        const { hasMoved, isOut } = this.#seen.get(key)!;
        return hasMoved && !isOut;
      })
      .sort((a, b) => b.size - a.size);
    return candidates.find(({ inode }) => !pids.some((pid) => maps(pid, inode))) ?? null;
  }

  #note({ key, position }: OpenFile, isWritten: boolean): void {
    const seen = this.#seen.get(key);
    if (seen === undefined) this.#seen.set(key, { position, isOut: isWritten, hasMoved: false });
    else {
      seen.isOut ||= isWritten || position < seen.position;
      seen.hasMoved ||= position > seen.position;
      seen.position = position;
    }
  }
}

function descendants(leader: number): number[] {
  const found = [leader];
  for (let i = 0; i < found.length && found.length < MOST_PROCESSES; i++)
    found.push(...childrenOf(found[i]!).slice(0, MOST_PROCESSES - found.length));
  return found;
}

/**
 * The large regular files that the process reads. @param written - gets the files that the process
 * may write
 */
function openFiles(pid: number, written: Set<string>): OpenFile[] {
  const found: OpenFile[] = [];
  for (const fd of attempt(() => readdirSync(`/proc/${pid}/fd`))?.slice(0, MOST_FILES) ?? []) {
    const link = `/proc/${pid}/fd/${fd}`;
    const path = attempt(() => readlinkSync(link));
    // Pipes and sockets are no paths.
    if (!path?.startsWith("/") || NO_FILES.test(path)) continue;
    const stat = attempt(() => statSync(link));
    if (stat === null || !stat.isFile() || stat.size < SMALLEST) continue;
    const info = attempt(() => readFileSync(`/proc/${pid}/fdinfo/${fd}`, "latin1"));
    const position = Number(/^pos:\s*(\d+)/m.exec(info ?? "")?.[1] ?? Number.NaN);
    const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(info ?? "")?.[1] ?? "", 8);
    if (Number.isNaN(position) || Number.isNaN(flags)) continue;
    const inode = `${stat.dev}:${stat.ino}`;
    if ((flags & ACCESS_MODE) !== 0) written.add(inode);
    else {
      const key = `${pid} ${fd} ${inode}`;
      found.push({ path, name: basename(path), position, size: stat.size, pid, key, inode });
    }
  }
  return found;
}

/** Whether the process maps the file into its memory; its position says nothing then. */
function maps(pid: number, inode: string): boolean {
  const [, number] = inode.split(":");
  const list = attempt(() => readFileSync(`/proc/${pid}/maps`, "latin1"));
  if (list === null) return false;
  return list.length > MAX_MAPS || new RegExp(`^\\S+ \\S+ \\S+ \\S+ ${number}\\s`, "m").test(list);
}

/** Null if the process has ended, belongs to another user, or closed the file. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
