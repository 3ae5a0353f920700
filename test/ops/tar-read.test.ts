import type { Stats } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import { type TarEntry, TarReader } from "../../ops/archive/tar-read.js";
import { END_OF_ARCHIVE, headerBlocks, padding } from "../../ops/archive/tar-write.js";

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

const stat = { mode: 0o100644, uid: 1_000_000_000, gid: 0, mtimeMs: 0 } as Stats;
