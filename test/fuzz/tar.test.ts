/**
 * Fuzz target `tar`: the reader of `verify-backup`. Any bytes are an archive or a DamagedArchive error with its offset,
 * in time, and the same one however the bytes are cut into pieces.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { DamagedArchive, type TarEntry, TarReader } from "../../ops/features/archive/tar-read.js";
import {
  BLOCK,
  base256,
  END_OF_ARCHIVE,
  extendedHeader,
  headerBlock,
  octal,
  padded,
  record,
  withChecksum,
} from "../features/archive/tar-blocks.js";
import { withinTime } from "../harness/interrupt.js";
import { FUZZ_TIMEOUT, fuzz, type Mutation, mutate, mutations } from "./fuzz.js";

/** Time in ms for one archive of some kilobytes. */
const READ_MS = 5000;

const number = fc.oneof(
  fc.nat({ max: 3000 }).map(String),
  fc.constantFrom(
    "-1",
    "-512",
    "0.5",
    "1e3",
    "1e-9",
    "0x200",
    "",
    " ",
    "9007199254740992",
    "99999999999",
    "NaN",
  ),
  fc.double().map(String),
);
const size = fc.oneof(
  { weight: 4, arbitrary: fc.nat({ max: 2000 }).map(octal) },
  fc.bigInt({ min: -(2n ** 87n), max: 2n ** 87n }).map(base256),
  fc.bigInt({ min: -2000n, max: 2000n }).map(base256),
  number,
);
const key = fc.constantFrom("path", "size", "linkpath", "mtime", "", "__proto__");
const records = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(key, fc.oneof(number, fc.string({ unit: "binary" }))).map(([k, v]) => record(k, v)),
    },
    fc.tuple(number, key, fc.string()).map(([length, k, v]) => `${length} ${k}=${v}\n`),
    fc.string(),
  ),
  { maxLength: 4 },
);
const part = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .uint8Array({ maxLength: 1500 })
      .map((bytes) =>
        Buffer.concat([headerBlock({ size: octal(bytes.length) }), padded(Buffer.from(bytes))]),
      ),
  },
  fc
    .record({ size, type: fc.constantFrom("0", "2", "5", "1", "7", "L", "S", "g", "x", "\0", "?") })
    .map(headerBlock),
  records.map((all) => extendedHeader(all.join(""))),
  fc.constantFrom(Buffer.alloc(BLOCK), END_OF_ARCHIVE),
);

interface Input {
  parts: Buffer[];
  changes: Mutation[];
  /** Blocks whose checksum is made correct after the changes. */
  repaired: number[];
  cut: number;
}

const special = ["\0", "0", "7777777", "\xff", "\x80", "\n", " ", "x", "-"];
const inputs: fc.Arbitrary<Input> = fc.record({
  parts: fc.oneof(
    { weight: 8, arbitrary: fc.array(part, { maxLength: 8 }) },
    fc.uint8Array({ maxLength: 5000 }).map((bytes) => [Buffer.from(bytes)]),
  ),
  changes: mutations(special),
  repaired: fc.array(fc.nat({ max: 20 }), { maxLength: 4 }),
  cut: fc.integer({ min: 1, max: 2000 }),
});

function archiveOf({ parts, changes, repaired }: Input): Buffer {
  const bytes = Buffer.from(mutate(Buffer.concat([...parts, END_OF_ARCHIVE]), changes));
  for (const n of repaired)
    if (bytes.length >= (n + 1) * BLOCK) withChecksum(bytes.subarray(n * BLOCK, (n + 1) * BLOCK));
  return bytes;
}

/** What the reader tells of the bytes, and how it ends: null or the error's message. */
function read(
  bytes: Buffer,
  cut: number,
): { entries: Array<TarEntry & { bytes: number }>; error: string | null } {
  const entries: Array<TarEntry & { bytes: number }> = [];
  let isOpen = false;
  const reader = new TarReader({
    entry: (entry) => {
      expect(isOpen).toBe(false);
      expect(Number.isSafeInteger(entry.size) && entry.size >= 0).toBe(true);
      isOpen = true;
      entries.push({ ...entry, bytes: 0 });
    },
    data: (chunk) => {
      expect(isOpen && chunk.length > 0).toBe(true);
      entries.at(-1)!.bytes += chunk.length;
    },
    end: () => {
      const entry = entries.at(-1)!;
      expect(isOpen && entry.bytes === entry.size).toBe(true);
      isOpen = false;
    },
  });
  try {
    for (let at = 0; at < bytes.length; at += cut) reader.write(bytes.subarray(at, at + cut));
    reader.end();
  } catch (error) {
    if (!(error instanceof DamagedArchive)) throw error;
    return { entries, error: error.message };
  }
  expect(isOpen).toBe(false);
  return { entries, error: null };
}

test(
  "any bytes are an archive or a damaged one, in time, however they are cut",
  async () => {
    await fuzz("tar", inputs, (input) => {
      const bytes = archiveOf(input);
      const whole = withinTime(READ_MS, () => read(bytes, bytes.length + 1));
      const pieces = withinTime(READ_MS, () => read(bytes, input.cut));
      expect(pieces).toEqual(whole);
      if (whole.error !== null) expect(whole.error).toMatch(/ \(at byte \d+ of the unpacked archive\)$/);
      expect(whole.entries.reduce((sum, entry) => sum + entry.bytes, 0)).toBeLessThanOrEqual(bytes.length);
    });
  },
  FUZZ_TIMEOUT,
);
