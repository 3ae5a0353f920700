/**
 * Finished items as they are stored: batches of records of 12 bytes, three numbers each: the loop, and the 64-bit hash
 * of the key. A frame is a batch with its count and checksum before it.
 */
import { endianness } from "node:os";
import { crc32 } from "node:zlib";

/** Numbers of a record: loop, high, low. */
export const RECORD = 3;
/** Bytes before the records of a frame. */
const HEAD = 8;

/** The byte order of the records; those of another order are not read. */
export const BYTE_ORDER = endianness();

/** The records of a batch, one after the other. */
export type ItemRecords = Uint32Array;

export function frameOf(records: ItemRecords): Buffer {
  const frame = Buffer.allocUnsafe(HEAD + records.byteLength);
  const bytes = bytesOf(records);
  frame.writeUInt32LE(records.length / RECORD, 0);
  frame.writeUInt32LE(crc32(bytes), 4);
  bytes.copy(frame, HEAD);
  return frame;
}

/** The batches of the frames, up to the first that is damaged or cut off: a power cut leaves such an end. */
export function* batchesIn(frames: Buffer): Generator<ItemRecords> {
  for (let at = 0; at + HEAD <= frames.length; ) {
    const length = frames.readUInt32LE(at) * RECORD * 4;
    const bytes = frames.subarray(at + HEAD, at + HEAD + length);
    if (length === 0 || bytes.length < length || crc32(bytes) !== frames.readUInt32LE(at + 4)) return;
    yield recordsOf(bytes);
    at += HEAD + length;
  }
}

/** A batch as text, for an event. */
export function textOf(records: ItemRecords): string {
  return bytesOf(records).toString("base64");
}

/** Of a text that is not complete, the records at its end are missing. */
export function batchOfText(text: string): ItemRecords {
  const bytes = Buffer.from(text, "base64");
  return recordsOf(bytes.subarray(0, bytes.length - (bytes.length % (RECORD * 4))));
}

function bytesOf(records: ItemRecords): Buffer {
  return Buffer.from(records.buffer, records.byteOffset, records.byteLength);
}

/** A copy, because the bytes may begin anywhere. */
function recordsOf(bytes: Buffer): ItemRecords {
  const records = new Uint32Array(bytes.length / 4);
  bytes.copy(Buffer.from(records.buffer));
  return records;
}
