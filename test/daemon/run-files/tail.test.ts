/** Tail: complete lines, each once, for any sequence of writes and reads. */
import { appendFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Tail } from "../../../daemon/run-files/tail.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
const newFile = () => join(directory(), "log.ndjson");

const line = fc.string({ unit: "grapheme", maxLength: 30 }).map((text) => JSON.stringify(text));

function readAll(tail: Tail, maxBytes?: number): string[] {
  const out: string[] = [];
  while (tail.read((text) => out.push(text), maxBytes));
  return out;
}

describe("laws", () => {
  test("any lines, written and read in any pieces", () => {
    fc.assert(
      fc.property(
        fc.array(line),
        fc.array(fc.nat({ max: 40 })),
        fc.integer({ min: 1, max: 50 }),
        (lines, sizes, budget) => {
          const file = newFile();
          const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
          const tail = new Tail(file);
          const out: string[] = [];
          let at = 0;
          for (const size of [...sizes, bytes.length]) {
            appendFileSync(file, bytes.subarray(at, at + size));
            at += size;
            out.push(...readAll(tail, budget));
          }
          tail.close();
          expect(out).toEqual(lines);
          expect(tail.offset).toBe(bytes.length);
        },
      ),
    );
  });

  test("taken up by another where the first stood, nothing is missing and nothing twice", () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1 }), fc.nat(), (lines, n) => {
        const file = newFile();
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        const at = n % (bytes.length + 1);
        appendFileSync(file, bytes.subarray(0, at));
        const first = new Tail(file);
        const out = readAll(first);
        first.close();
        appendFileSync(file, bytes.subarray(at));
        const second = new Tail(file, first.offset);
        out.push(...readAll(second));
        second.close();
        expect(out).toEqual(lines);
      }),
    );
  });

  test("a piece of a line that the writer took back is not part of the next one", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ text: line, torn: line, cut: fc.nat() })), (writes) => {
        const file = newFile();
        const tail = new Tail(file);
        const out: string[] = [];
        let length = 0;
        for (const { text, torn, cut } of writes) {
          // The disk cuts the write short, the reader looks, the writer takes it back and writes
          // something else.
          appendFileSync(file, torn.slice(0, cut % (torn.length + 1)));
          out.push(...readAll(tail));
          truncateSync(file, length);
          appendFileSync(file, `${text}\n`);
          length += Buffer.byteLength(text) + 1;
          out.push(...readAll(tail));
        }
        tail.close();
        expect(out).toEqual(writes.map(({ text }) => text));
      }),
    );
  });
});

test("a missing file is an empty one, until it is there", () => {
  const file = newFile();
  const tail = new Tail(file);
  expect(readAll(tail)).toEqual([]);
  writeFileSync(file, "a\nb\n");
  expect(readAll(tail)).toEqual(["a", "b"]);
  tail.close();
});

test("a file that shrank is read from its new end", () => {
  const file = newFile();
  writeFileSync(file, "first\nsecond\n");
  const tail = new Tail(file);
  readAll(tail);
  truncateSync(file, 6);
  expect(readAll(tail)).toEqual([]);
  appendFileSync(file, "third\n");
  expect(readAll(tail)).toEqual(["third"]);
  tail.close();
});

test("lines longer than a piece, and a last one without its newline", () => {
  const file = newFile();
  const long = "x".repeat(700_000);
  writeFileSync(file, `${long}\nshort\nrest`);
  const tail = new Tail(file);
  expect(readAll(tail, 1000)).toEqual([long, "short"]);
  expect(tail.takeRest()).toBe("rest");
  expect(tail.offset).toBe(700_001 + 6 + 4);
  expect(tail.takeRest()).toBe("");
  tail.close();
});

test("asked for nothing, it gives one line", () => {
  const file = newFile();
  writeFileSync(file, "a\nb\n");
  const tail = new Tail(file);
  const out: string[] = [];
  for (const budget of [0, -5]) tail.read((text) => out.push(text), budget);
  expect(out).toEqual(["a", "b"]);
  tail.close();
});
