/**
 * Reads a tar archive as its bytes arrive, for `verify-backup`: header blocks are decoded by the tar package.
 *
 * Its own parser reads extended headers line by line, so that a file name with a line feed in it comes out wrong, and
 * decodes them in pieces, so that a character on a chunk's edge does too; here both are read by their lengths.
 */
import { Header } from "tar";
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
  /** A part of the last entry's body; the buffer is only lent. */
  data(chunk: Buffer): void;
  /** The last entry's body is complete. */
  end(): void;
}

export class DamagedArchive extends Error {
  override name = "DamagedArchive";
}

/** No extended header of ours comes near this; a damaged size must not fill the memory. */
const MAX_EXTENDED = 1 << 20;

export class TarReader {
  private state: "header" | "body" | "extended" | "ended" = "header";
  /** Bytes still to come of a body, without its padding. */
  private body = 0;
  private skip = 0;
  private needed = BLOCK;
  private parts: Buffer[] = [];
  private extended = new Map<string, string>();
  private emptyBlocks = 0;

  constructor(private readonly handler: TarHandler) {}

  write(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.state === "body") at += this.readBody(chunk, at);
      else if (this.state === "ended") at = chunk.length;
      else at += this.collect(chunk, at);
    }
  }

  end(): void {
    if (this.state !== "ended") throw new DamagedArchive("it ends too early");
  }

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

  /** Gathers a header or an extended header, which may arrive in pieces. */
  private collect(chunk: Buffer, at: number): number {
    const part = chunk.subarray(at, at + this.needed);
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
    const header = new Header(block, 0);
    if (header.nullBlock) {
      this.expect("header", BLOCK);
      if (++this.emptyBlocks === 2) this.state = "ended";
      return;
    }
    if (!header.cksumValid) throw new DamagedArchive("an entry's header is damaged");
    this.emptyBlocks = 0;
    const size = header.size ?? 0;
    if (header.type === "ExtendedHeader") {
      if (size > MAX_EXTENDED) throw new DamagedArchive("an extended header is damaged");
      this.body = size;
      this.expect("extended", Math.ceil(size / BLOCK) * BLOCK);
      if (size === 0) this.expect("header", BLOCK);
      return;
    }
    this.readEntry(header, size);
  }

  private readEntry(header: Header, headerSize: number): void {
    const type = typeOf(header.type);
    const path = this.extended.get("path") ?? header.path ?? "";
    const size = type === "file" ? Number(this.extended.get("size") ?? headerSize) : 0;
    const target = type === "link" ? (this.extended.get("linkpath") ?? header.linkpath ?? "") : null;
    this.extended.clear();
    this.handler.entry({
      path: type === "directory" ? path.replace(/\/+$/, "") : path,
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

  /** `<length> <key>=<value>\n`, where the length counts the whole record in bytes. */
  private readExtended(block: Buffer): void {
    for (let at = 0; at < this.body; ) {
      const space = block.indexOf(0x20, at);
      const length = Number(block.toString("latin1", at, space));
      if (space < 0 || !(length > 0) || at + length > this.body) {
        throw new DamagedArchive("an extended header is damaged");
      }
      const record = block.toString("utf8", space + 1, at + length - 1);
      const equals = record.indexOf("=");
      this.extended.set(record.slice(0, equals), record.slice(equals + 1));
      at += length;
    }
    this.body = 0;
    this.expect("header", BLOCK);
  }

  private expect(state: "header" | "extended", bytes: number): void {
    this.state = state;
    this.needed = bytes;
    this.parts = [];
  }
}

function typeOf(type: string): TarEntry["type"] {
  if (type === "File" || type === "OldFile") return "file";
  if (type === "Directory") return "directory";
  return type === "SymbolicLink" ? "link" : "other";
}
