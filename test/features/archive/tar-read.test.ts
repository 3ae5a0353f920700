import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import fc from "fast-check";
import { expect, it } from "vitest";
import { readPieces } from "../../../ops/features/archive/read-file.js";
import { type TarEntry, TarReader } from "../../../ops/features/archive/tar-read.js";
import { END_OF_ARCHIVE, headerBlocks, padding } from "../../../ops/features/archive/tar-write.js";

const path = fc.string({
  unit: fc.constantFrom("a", "/", "é", "語", "\n", "="),
  minLength: 1,
  maxLength: 400,
});
const file = fc.record({ path: path.map((path) => `x${path}x`), bytes: fc.uint8Array({ maxLength: 1500 }) });

it("reads back what was written, however the bytes are cut", () => {
  fc.assert(
    fc.property(fc.array(file, { maxLength: 5 }), fc.integer({ min: 1, max: 1100 }), (files, cut) => {
      const archive = Buffer.concat([
        ...files.flatMap(({ path, bytes }) => [
          headerBlocks({ path, absolute: "", type: "file", target: null, stat }, bytes.length),
          Buffer.from(bytes),
          padding(bytes.length),
        ]),
        END_OF_ARCHIVE,
      ]);
      const read: { path: string; bytes: Uint8Array }[] = [];
      let entry: TarEntry;
      let parts: Buffer[] = [];
      const reader = new TarReader({
        entry: (next) => {
          entry = next;
          parts = [];
        },
        data: (part) => parts.push(Buffer.from(part)),
        end: () => read.push({ path: entry.path, bytes: new Uint8Array(Buffer.concat(parts)) }),
      });
      for (let at = 0; at < archive.length; at += cut) reader.write(archive.subarray(at, at + cut));
      reader.end();
      expect(read).toEqual(files.map(({ path, bytes }) => ({ path, bytes: new Uint8Array(bytes) })));
    }),
  );
});

it("law: any owner, size and time of a file makes a header that is read back", () => {
  const number = fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 33, 2 ** 53 - 1, 4_294_967_294));
  const time = fc.oneof(
    fc.double({ noNaN: true }),
    fc.constantFrom(-1, 8.64e15, 9.223372036854776e21, -9.223372036854776e21),
  );
  fc.assert(
    fc.property(number, number, time, (size, uid, mtimeMs) => {
      const odd = { mode: 0o100644, uid, gid: uid, mtimeMs } as Stats;
      const blocks = headerBlocks({ path: "a", absolute: "", type: "file", target: null, stat: odd }, size);
      expect(blocks.toString("latin1")).not.toMatch(/NaN|undefined|Infinity/);
      const found: TarEntry[] = [];
      const reader = new TarReader({ entry: (entry) => found.push(entry), data: () => {}, end: () => {} });
      reader.write(blocks);
      expect(found).toMatchObject([{ path: "a", size, type: "file" }]);
    }),
  );
});

it("fills a file up with zeros from where the disk fails to read it, and says where", async () => {
  const handle = {
    read: async (buffer: Buffer, _offset: number, length: number, position: number) => {
      if (position > 0) throw Object.assign(new Error("EIO"), { code: "EIO" });
      return { bytesRead: buffer.fill(1, 0, length - 5).length - 5, buffer };
    },
  } as unknown as FileHandle;
  const size = 300_000;
  const errors: string[] = [];
  const pieces: Buffer[] = [];
  for await (const piece of readPieces(handle, size, ({ code }, at) => errors.push(`${code} at ${at}`)))
    pieces.push(piece);
  const first = 256 * 1024 - 5;
  expect(errors).toEqual([`EIO at ${first}`]);
  expect(Buffer.concat(pieces)).toEqual(Buffer.concat([Buffer.alloc(first, 1), Buffer.alloc(size - first)]));
  await expect(async () => {
    for await (const _ of readPieces(handle, size));
  }).rejects.toThrow("EIO");
});

const stat = { mode: 0o100644, uid: 1_000_000_000, gid: 0, mtimeMs: 0 } as Stats;
