/** A preallocated file of lines: reads return what was appended, whatever the disk does. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppendFile, giveBackReserved } from "../../../protocol/system/append-file.js";
import { disk, useFailingDisk } from "../../harness/failing-disk.js";
import { useDirectories } from "../../harness/temporary.js";

useFailingDisk();
const directory = useDirectories();

const read = (file: string) => readFileSync(file, "utf8");

/** The lines of a file that is being written. */
function linesIn(file: string): string {
  const text = read(file);
  const end = text.lastIndexOf("\n") + 1;
  expect(text.slice(end).trim()).toBe("");
  return text.slice(0, end);
}

describe.each([0, 4096, 16384])("with %i bytes reserved at a time", (reserve) => {
  test("law: whole lines, in order, on a disk that fills up and empties, whoever opens it again", () => {
    const step = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.string({ unit: "grapheme", maxLength: 300 }).map((text) => ({ text })),
      },
      { weight: 1, arbitrary: fc.constant({ text: "long ".repeat(4000) }) },
      { weight: 2, arbitrary: fc.nat({ max: 9000 }).map((room) => ({ room })) },
      { weight: 2, arbitrary: fc.constant({ room: Number.POSITIVE_INFINITY }) },
      { weight: 1, arbitrary: fc.constant({ again: true }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, copiesOnWrite) => {
        disk.copiesOnWrite = copiesOnWrite;
        const path = join(directory(), "file");
        let file = new AppendFile(path, { reserve });
        let expected = "";
        for (const each of steps) {
          if ("room" in each) disk.room = each.room;
          else if ("again" in each) {
            file.close();
            expect(read(path)).toBe(expected);
            file = new AppendFile(path, { reserve });
          } else {
            const line = `${JSON.stringify(each.text)}\n`;
            try {
              file.append(line);
              expected += line;
            } catch (error) {
              expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
            }
          }
          expect(linesIn(path)).toBe(expected);
          expect(file.length).toBe(Buffer.byteLength(expected));
        }
        disk.heal();
        file.close();
        expect(read(path)).toBe(expected);
      }),
    );
  });

  test("what a writer left that died in the middle of a line is not glued to the next one", () => {
    for (const left of [
      '{"a":1}\n{"torn',
      '{"a":1}\n{"torn \t\t\t',
      '{"a":1}\n\t\t\t',
      "\t\t",
      "",
    ]) {
      const path = join(directory(), "file");
      writeFileSync(path, left);
      const file = new AppendFile(path, { reserve });
      file.append('{"b":2}\n');
      file.close();
      const lines = read(path).split("\n");
      expect(lines.filter((line) => !line.includes("torn"))).toEqual(
        left.includes("a") ? ['{"a":1}', '{"b":2}', ""] : ['{"b":2}', ""],
      );
    }
  });
});

test("what a dead writer had reserved is given back, and nothing else", () => {
  const path = join(directory(), "file");
  giveBackReserved(path);
  for (const left of ["", '{"a":1}\n', '{"a":1}\n{"torn ']) {
    writeFileSync(path, left + "\t".repeat(10_000));
    giveBackReserved(path);
    expect(read(path)).toBe(left);
  }
});

test("where nothing can be cut off the room stays, and what is written next takes its place", () => {
  const path = join(directory(), "file");
  const file = new AppendFile(path, { reserve: 4096 });
  file.append('{"a":1}\n');
  disk.cutsNothing = true;
  file.close();
  giveBackReserved(path);
  expect(linesIn(path)).toBe('{"a":1}\n');
  expect(read(path).length).toBeGreaterThan(8);
  const again = new AppendFile(path, { reserve: 4096 });
  again.append('{"b":2}\n');
  disk.heal();
  again.close();
  expect(read(path)).toBe('{"a":1}\n{"b":2}\n');
});

test("lines take the place of what is reserved: the file does not grow with each of them", () => {
  const path = join(directory(), "file");
  const file = new AppendFile(path, { reserve: 16384 });
  const sizes = new Set<number>();
  for (let n = 0; n < 1000; n++) {
    file.append(`{"n":${n},"text":"${"x".repeat(200)}"}\n`);
    sizes.add(Buffer.byteLength(read(path)));
  }
  expect(sizes.size).toBeLessThan(30);
  expect(Math.max(...sizes)).toBeLessThan(file.length + 2 * 16384);
  file.close();
  expect(Buffer.byteLength(read(path))).toBe(file.length);
});
