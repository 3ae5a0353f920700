/**
 * The manifest of an archive: one JSON object per line, so that it is written and read piece by piece.
 *
 * The first line describes the archive, then each entry follows in the archive's order. The last line has the
 * archive's checksum and the totals: without it, the manifest is incomplete. `backup` writes the manifest;
 * `verify-backup` reads it.
 */
import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";

export const MANIFEST_FORMAT = "liveops-backup/1";

export interface ManifestHead {
  format: typeof MANIFEST_FORMAT;
  name: string;
  archive: string;
  source: string;
  createdAt: string;
}

export interface ManifestEntry {
  path: string;
  type: "file" | "directory" | "link";
  /** Permission bits, in octal: "0644". */
  mode: string;
  /** Files only. */
  size?: number;
  sha256?: string;
  /** Links only: what it points to. */
  target?: string;
}

export interface ManifestTail {
  archive: { bytes: number; sha256: string };
  entries: number;
  files: number;
  bytes: number;
  /** Number of unreadable entries: not in the archive, or filled with zeros after the read error. */
  unreadable: number;
}

const FLUSH_AT = 64 * 1024;
/** Bytes of a line. Real paths and link targets are much shorter; a damaged line must not fill the memory. */
const MAX_LINE = 1 << 20;
/** Without O_NONBLOCK, opening a named pipe blocks until a writer opens it. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

export class ManifestWriter {
  private readonly fd: number;
  private lines: string[] = [];
  private length = 0;

  /** Creates the file with mode 0600; throws if it exists. */
  constructor(file: string, head: ManifestHead) {
    this.fd = openSync(file, "wx", 0o600);
    this.line(head);
  }

  entry(entry: ManifestEntry): void {
    this.line(entry);
  }

  /** Writes the last line and syncs the file. */
  finish(tail: ManifestTail): void {
    this.line(tail);
    this.flush();
    fsyncSync(this.fd);
  }

  close(): void {
    closeSync(this.fd);
  }

  private line(value: unknown): void {
    const line = `${JSON.stringify(value)}\n`;
    this.lines.push(line);
    this.length += line.length;
    if (this.length > FLUSH_AT) this.flush();
  }

  private flush(): void {
    const bytes = Buffer.from(this.lines.join(""));
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at);
    this.lines = [];
    this.length = 0;
  }
}

/** The manifest is damaged. */
export class DamagedManifest extends Error {
  override name = "DamagedManifest";
}

/** Reads a manifest line by line, synchronously, with one piece in memory at a time. */
export class ManifestReader {
  readonly head: ManifestHead;
  /** Known once `next` has returned null. */
  tail: ManifestTail | null = null;
  private readonly fd: number;
  private readonly piece = Buffer.allocUnsafe(FLUSH_AT);
  private rest = Buffer.alloc(0);
  private lines: string[] = [];
  private lineNumber = 0;

  /** @throws DamagedManifest if the file is not a regular file, or does not begin as a manifest */
  constructor(file: string) {
    this.fd = openSync(file, READ);
    try {
      if (!fstatSync(this.fd).isFile()) throw new DamagedManifest("the manifest is not a regular file");
      const head = this.parse() as ManifestHead | null;
      if (head?.format !== MANIFEST_FORMAT || typeof head.source !== "string")
        throw new DamagedManifest(`the manifest does not begin with "${MANIFEST_FORMAT}"`);
      this.head = head;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The next entry, or null after the last. */
  next(): ManifestEntry | null {
    if (this.tail) return null;
    const line = this.parse();
    if (line === null) throw new DamagedManifest("the manifest is cut off: its last line is missing");
    if (typeof line.path === "string") return line as unknown as ManifestEntry;
    const tail = line as unknown as ManifestTail;
    if (typeof tail.archive?.sha256 !== "string") this.damaged();
    this.tail = tail;
    return null;
  }

  close(): void {
    closeSync(this.fd);
  }

  private parse(): Record<string, unknown> | null {
    // Ends, because each turn reads a piece and no line is longer than MAX_LINE.
    while (this.lines.length === 0) if (!this.fill()) return null;
    this.lineNumber++;
    try {
      const value = JSON.parse(this.lines.pop() as string);
      if (typeof value === "object" && value !== null) return value;
    } catch {
      // Reported below.
    }
    return this.damaged();
  }

  private fill(): boolean {
    const length = readSync(this.fd, this.piece, 0, this.piece.length, null);
    if (length === 0) return false;
    const bytes = Buffer.concat([this.rest, this.piece.subarray(0, length)]);
    const end = bytes.lastIndexOf(0x0a) + 1;
    this.rest = bytes.subarray(end);
    if (this.rest.length > MAX_LINE)
      throw new DamagedManifest(`a line of the manifest is longer than ${MAX_LINE} bytes`);
    if (end > 0)
      this.lines = bytes
        .toString("utf8", 0, end - 1)
        .split("\n")
        .reverse();
    return true;
  }

  private damaged(): never {
    throw new DamagedManifest(`line ${this.lineNumber} of the manifest is damaged`);
  }
}
