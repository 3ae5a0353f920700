/**
 * Reads a tar archive as a stream, for `verify-backup`. The tar package decodes the header blocks.
 *
 * The parser of that package (7.5, strict) is not used. It splits extended headers at line feeds, so that it misreads
 * long names and link targets with a line feed, and `verify-backup` would refuse a sound archive. It also accepts 9 of
 * the 15 damages of `test/faults/archives.test.ts`: sizes that are negative, fractions, hexadecimal or no number, and
 * records of a wrong length.
 *
 * The archive is not trusted. Every number is checked before it is used, and each turn of the loop consumes at least
 * one byte. A bad number is a DamagedArchive error with the offset of its header.
 */
import { Header } from "tar";
import { shown } from "../../messages.js";
import { BLOCK } from "./tar-write.js";

export interface TarEntry {
  path: string;
  type: "file" | "directory" | "link" | "other";
  size: number;
  mode: number;
  target: string | null;
}

export interface TarHandler {
  entry(entry: TarEntry): void;
  /** A part of the last entry's body; valid only during the call. */
  data(chunk: Buffer): void;
  /** The last entry's body is complete. */
  end(): void;
}

export class DamagedArchive extends Error {
  override name = "DamagedArchive";

  /** @param offset - in bytes of the unpacked archive */
  constructor(problem: string, offset: number) {
    super(`${problem} (at byte ${offset} of the unpacked archive)`);
  }
}

/** Bytes of an extended header. Those of `backup` are much smaller; a damaged size must not fill the memory. */
const MAX_EXTENDED = 1 << 20;
/** Digits of the length of a record in an extended header. */
const MAX_DIGITS = 7;
const DECIMAL = /^\d+$/;
const NEWLINE = 0x0a;

export class TarReader {
  private state: "header" | "body" | "extended" | "ended" = "header";
  /** Remaining bytes of the body, without its padding. */
  private body = 0;
  private skip = 0;
  private needed = BLOCK;
  private parts: Buffer[] = [];
  private extended = new Map<string, string>();
  private emptyBlocks = 0;
  /** Bytes read so far. */
  private offset = 0;
  /** Offset of the current header. */
  private headerAt = 0;

  constructor(private readonly handler: TarHandler) {}

  /** @throws DamagedArchive */
  write(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && this.state !== "ended"; ) {
      const consumed = this.state === "body" ? this.readBody(chunk, at) : this.collect(chunk, at);
      at += consumed;
      this.offset += consumed;
    }
  }

  /** @throws DamagedArchive if the archive is truncated */
  end(): void {
    if (this.state !== "ended") throw new DamagedArchive("the archive is truncated", this.offset);
  }

  /** Returns the bytes consumed; at least one, because the state is "body" only while `body` or `skip` is above 0. */
  private readBody(chunk: Buffer, at: number): number {
    const length = Math.min(this.body, chunk.length - at);
    if (length > 0) {
      this.handler.data(chunk.subarray(at, at + length));
      this.body -= length;
      if (this.body === 0) this.handler.end();
    }
    const skipped = Math.min(this.skip, chunk.length - at - length);
    this.skip -= skipped;
    if (this.body === 0 && this.skip === 0) this.expect("header", BLOCK);
    return length + skipped;
  }

  /** Collects a header or an extended header from its chunks. Returns the bytes consumed, at least one. */
  private collect(chunk: Buffer, at: number): number {
    const part = chunk.subarray(at, at + this.needed);
    if (this.state === "header" && this.parts.length === 0) this.headerAt = this.offset;
    this.needed -= part.length;
    this.parts.push(part);
    if (this.needed === 0) {
      const block = this.parts.length === 1 ? part : Buffer.concat(this.parts);
      if (this.state === "header") this.readHeader(block);
      else this.readExtended(block);
    }
    return part.length;
  }

  private readHeader(block: Buffer): void {
    const header = this.decode(block);
    if (header.nullBlock) {
      this.expect("header", BLOCK);
      if (++this.emptyBlocks === 2) this.state = "ended";
      return;
    }
    if (!header.cksumValid) this.damaged("an entry's header is damaged");
    this.emptyBlocks = 0;
    if (header.type === "ExtendedHeader") {
      const size = this.checkedSize(header.size);
      if (size > MAX_EXTENDED) this.damaged(`an extended header claims ${size} bytes`);
      this.body = size;
      if (size === 0) this.expect("header", BLOCK);
      else this.expect("extended", Math.ceil(size / BLOCK) * BLOCK);
      return;
    }
    this.readEntry(header);
  }

  /** The tar package throws for a base-256 number that is damaged or above Number.MAX_SAFE_INTEGER. */
  private decode(block: Buffer): Header {
    try {
      return new Header(block, 0);
    } catch (error) {
      return this.damaged(`an entry's header is damaged: ${(error as Error).message}`);
    }
  }

  private readEntry(header: Header): void {
    const type = typeOf(header.type);
    const path = this.extended.get("path") ?? header.path ?? "";
    const size = type === "file" ? this.fileSize(header) : 0;
    const target = type === "link" ? (this.extended.get("linkpath") ?? header.linkpath ?? "") : null;
    this.extended.clear();
    this.handler.entry({
      path: type === "directory" ? withoutSlashes(path) : path,
      type,
      size,
      mode: (header.mode ?? 0) & 0o7777,
      target,
    });
    this.body = size;
    this.skip = (BLOCK - (size % BLOCK)) % BLOCK;
    if (size === 0) {
      this.handler.end();
      this.expect("header", BLOCK);
    } else {
      this.state = "body";
    }
  }

  private fileSize(header: Header): number {
    const extended = this.extended.get("size");
    if (extended === undefined) return this.checkedSize(header.size);
    if (!DECIMAL.test(extended))
      this.damaged(`an extended header gives the size ${shown(extended.slice(0, 40))}`);
    return this.checkedSize(Number(extended));
  }

  /** `size` is undefined if the header's field is empty, negative or not a number. */
  private checkedSize(size: number | undefined): number {
    if (size === undefined) this.damaged("an entry's header has no valid size");
    if (!Number.isSafeInteger(size) || size < 0) this.damaged(`an entry's header gives the size ${size}`);
    return size;
  }

  /** `<length> <key>=<value>\n`, where the length counts the whole record in bytes. */
  private readExtended(block: Buffer): void {
    for (let at = 0; at < this.body; ) {
      const space = block.indexOf(0x20, at);
      const isDigits = space > at && space <= at + MAX_DIGITS;
      const digits = isDigits ? block.toString("latin1", at, space) : "";
      if (!DECIMAL.test(digits)) this.damaged("an extended header is damaged");
      const end = at + Number(digits);
      if (end <= space || end > this.body || block[end - 1] !== NEWLINE)
        this.damaged("an extended header is damaged");
      const record = block.toString("utf8", space + 1, end - 1);
      const equals = record.indexOf("=");
      if (equals < 1) this.damaged("an extended header is damaged");
      this.extended.set(record.slice(0, equals), record.slice(equals + 1));
      at = end;
    }
    this.body = 0;
    this.expect("header", BLOCK);
  }

  private expect(state: "header" | "extended", bytes: number): void {
    this.state = state;
    this.needed = bytes;
    this.parts = [];
  }

  private damaged(problem: string): never {
    throw new DamagedArchive(problem, this.headerAt);
  }
}

/** A loop, because a regular expression takes quadratic time on a path of a million slashes. */
function withoutSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}

function typeOf(type: string): TarEntry["type"] {
  if (type === "File" || type === "OldFile") return "file";
  if (type === "Directory") return "directory";
  return type === "SymbolicLink" ? "link" : "other";
}
