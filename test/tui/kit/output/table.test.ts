/** Tables: what fits, and which columns. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { plain } from "../../../../protocol/text/colour.js";
import { listLines } from "../../../../tui/kit/output/print.js";
import { type Column, type TableSpec, tableLines } from "../../../../tui/kit/output/table.js";
import * as widths from "../../../../tui/kit/output/width.js";

interface Row {
  name: string;
  size: number;
  note: string;
}

const columns: Column<Row>[] = [
  { name: "name", text: (it) => it.name },
  { name: "size", text: (it) => `${it.size} B`, align: "right" },
  { name: "note", text: (it) => it.note, atLeast: 5, optional: true },
  { name: "more", text: () => "more", wide: true },
];
const SPEC: TableSpec<Row> = { columns, firstToShrink: ["note"], firstToGo: ["note", "size"] };
const ROWS: Row[] = [
  { name: "b", size: 10, note: "" },
  { name: "a", size: 9, note: "日本\x1b[2J" },
];
const context = { now: 0 };
const lines = (look: object, rows = ROWS) =>
  tableLines(SPEC, rows, context, { width: 80, widths, paint: plain, ...look });

test("columns, cells and titles; optional columns without text are left out", () => {
  expect(lines({})).toEqual(["NAME  SIZE  NOTE", "b     10 B", "a      9 B  日本\\x1b[2J"]);
  expect(lines({ wide: true }, [ROWS[0]!])).toEqual(["NAME  SIZE  MORE", "b     10 B  more"]);
});

test("in a narrow table, blank columns go first, and all texts stay readable as long as they can", () => {
  const spec: TableSpec<Row> = {
    columns: [
      { name: "name", text: (it) => it.name, atLeast: 4, readable: 8 },
      { name: "blank", text: () => "" },
      { name: "note", text: (it) => it.note, atLeast: 3, readable: 6 },
    ],
    firstToShrink: ["note", "name"],
    firstToGo: ["note", "blank"],
  };
  const rows: Row[] = [{ name: "0123456789", size: 0, note: "abcdefghij" }];
  const at = (width: number, look = {}) =>
    tableLines(spec, rows, context, { width, widths, paint: plain, ...look }).at(-1);
  expect(at(29)).toBe("0123456789         abcdefghij");
  expect(at(28)).toBe("0123456789  abcdefghij");
  expect(at(18)).toBe("0123456789  abcde…");
  expect(at(16)).toBe("0123456…  abcde…");
  expect(at(13)).toBe("0123456…  ab…");
  expect(at(9)).toBe("012…  ab…");
  expect(at(8)).toBe("0123456…");
});

const text = fc.string({
  unit: fc.constantFrom("a", " ", "日", "\x1b", "\n", "👩‍💻", "\u202e"),
  maxLength: 30,
});
const records = fc.array(fc.record({ name: text, size: fc.nat(), note: text }), { maxLength: 5 });

test("a table fits every width, and has no control characters", () => {
  fc.assert(
    fc.property(records, fc.integer({ min: 1, max: 60 }), fc.boolean(), (rows, width, wide) => {
      for (const line of lines({ width, wide }, rows)) {
        expect(widths.columnsOf(line)).toBeLessThanOrEqual(width);
        expect(line).not.toMatch(/[\x00-\x1f\u202e]/);
      }
    }),
  );
});

test("in a pipe nothing is cut", async () => {
  const note = "long ".repeat(100);
  const rows = [{ name: "a", size: 1, note }];
  expect((await listLines(SPEC, rows, context, {})).at(1)).toContain(note.trimEnd());
  const [, row = ""] = await listLines(SPEC, rows, context, { isTTY: true, columns: 40 });
  expect(row.length).toBeLessThanOrEqual(80);
  expect(row).toContain("…");
});
