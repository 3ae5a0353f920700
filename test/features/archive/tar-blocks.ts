/**
 * Writes tar blocks with any field values, valid or not, for the fault suite and the fuzz targets.
 *
 * The checksum of each header is correct, so that a reader reaches the field under test.
 */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { MANIFEST_FORMAT } from "../../../ops/features/archive/manifest.js";
import { manifestFile } from "../../../ops/features/archive/naming.js";

export const BLOCK = 512;
export const END_OF_ARCHIVE = Buffer.alloc(2 * BLOCK);

export interface Fields {
  name?: string;
  mode?: string;
  /** The 12 bytes of the size in the header. */
  size?: Buffer | string;
  /** One character: 0 file, 2 symbolic link, 5 directory, x extended header. */
  type?: string;
}

/** One header block with a correct checksum. */
export function headerBlock({ name = "a", mode = "0000644", size = octal(0), type = "0" }: Fields): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100, "utf8");
  block.write(mode, 100, 8, "latin1");
  block.write("0000000", 108, 8, "latin1");
  block.write("0000000", 116, 8, "latin1");
  Buffer.from(size as string, "latin1").copy(block, 124, 0, 12);
  block.write("00000000000", 136, 12, "latin1");
  block.write(type, 156, 1, "latin1");
  block.write("ustar\u000000", 257, 8, "latin1");
  return withChecksum(block);
}

/** Puts the correct checksum into the block, and returns the block. */
export function withChecksum(block: Buffer): Buffer {
  block.fill(0x20, 148, 156);
  const sum = block.subarray(0, BLOCK).reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, 8, "latin1");
  return block;
}

/** An extended header block and its body, padded to whole blocks. */
export function extendedHeader(body: string | Buffer): Buffer {
  const bytes = Buffer.from(body as string);
  return Buffer.concat([headerBlock({ type: "x", size: octal(bytes.length) }), padded(bytes)]);
}

/** `<length> <key>=<value>\n` with the correct length. */
export function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + 1;
  while (String(length).length + bytes !== length) length++;
  return `${length}${rest}`;
}

export function octal(size: number): string {
  return `${size.toString(8).padStart(11, "0")}\0`;
}

/** A size field in base-256, as GNU tar writes sizes of 8 GiB and more. */
export function base256(value: bigint): Buffer {
  const bytes = Buffer.alloc(12, value < 0n ? 0xff : 0);
  const bits = BigInt.asUintN(88, value);
  for (let n = 0; n < 11; n++) bytes[11 - n] = Number((bits >> BigInt(8 * n)) & 0xffn);
  bytes[0] = value < 0n ? 0xff : 0x80;
  return bytes;
}

export function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
}

/** Writes the compressed archive, and next to it a correct manifest without entries. */
export function writeArchive(file: string, tar: Buffer): void {
  const bytes = gzipSync(tar);
  writeFileSync(file, bytes);
  const head = {
    format: MANIFEST_FORMAT,
    name: "a",
    archive: file,
    source: "/a",
    createdAt: "2026-01-01T00:00:00.000Z",
  };
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const tail = { archive: { bytes: bytes.length, sha256 }, entries: 0, files: 0, bytes: 0, unreadable: 0 };
  writeFileSync(manifestFile(file), `${JSON.stringify(head)}\n${JSON.stringify(tail)}\n`);
}
