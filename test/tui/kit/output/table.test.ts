/** Tables: what fits, which columns, which order. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plain } from "../../../../protocol/text/colour.js";
import { givenColumns, givenSort, sortedBy } from "../../../../tui/kit/output/columns.js";
import { givenFormat, givenListOutput } from "../../../../tui/kit/output/options.js";
import { listLines } from "../../../../tui/kit/output/print.js";
import { type Column, type TableSpec, tableLines } from "../../../../tui/kit/output/table.js";
import * as widths from "../../../../tui/kit/output/width.js";

interface Row {
  name: string;
  size: number;
  note: string;
}

const columns: Column<Row>[] = [
  { name: "name", about: "", text: (it) => it.name },
  { name: "size", about: "", text: (it) => `${it.size} B`, sort: (it) => it.size, align: "right" },
  { name: "note", about: "", text: (it) => it.note, atLeast: 5, optional: true },
  { name: "more", about: "", text: () => "more", only: "wide" },
  { name: "rare", about: "", text: () => "rare", only: "asked" },
];
const SPEC: TableSpec<Row> = { columns, firstToShrink: ["note"], firstToGo: ["note", "size"] };
const ROWS: Row[] = [
  { name: "b", size: 10, note: "" },
  { name: "a", size: 9, note: "日本\x1b[2J" },
];
const context = { now: 0, time: "relative" } as const;
const lines = (look: object, rows = ROWS) =>
  tableLines(SPEC, rows, context, { width: 80, widths, paint: plain, ...look });
const chosen = (text: string) => ({ chosen: givenColumns(SPEC, text) });

test("columns, cells and titles; optional columns without text are left out", () => {
  expect(lines({})).toEqual(["NAME  SIZE  NOTE", "b     10 B", "a      9 B  日本\\x1b[2J"]);
  expect(lines({ header: false }, [ROWS[0]!])).toEqual(["b     10 B"]);
  expect(lines({ wide: true }, [ROWS[0]!])).toEqual(["NAME  SIZE  MORE", "b     10 B  more"]);
});

test("in a narrow table, blank columns go first, and all texts stay readable as long as they can", () => {
  const spec: TableSpec<Row> = {
    columns: [
      { name: "name", about: "", text: (it) => it.name, atLeast: 4, readable: 8 },
      { name: "blank", about: "", text: () => "" },
      { name: "note", about: "", text: (it) => it.note, atLeast: 3, readable: 6 },
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

test("chosen columns have their order, and stay without any text", () => {
  expect(lines(chosen("Rare, note,name"), [ROWS[0]!])).toEqual(["RARE  NOTE  NAME", "rare        b"]);
});

test.each([
  ["nmae", /^--columns: "nmae" is not a column; did you mean name\?/],
  ["name,,size", /^--columns: "" is not a column$/],
  ["constructor", /^--columns: "constructor" is not a column/],
])("--columns %s is refused with the names", (text, message) => {
  expect(() => givenColumns(SPEC, text)).toThrow(message);
  expect(() => givenColumns(SPEC, text)).toThrow(
    expect.objectContaining({ hint: "columns: name, size, note, more, rare" }),
  );
});

test("--sort sorts by value; - reverses; equal rows keep their order", () => {
  const sorted = (text: string) =>
    sortedBy(ROWS, givenSort(SPEC, text)!, context)
      .map(({ name }) => name)
      .join("");
  expect(sorted("size")).toBe("ab");
  expect(sorted("-size")).toBe("ba");
  expect(sorted("rare")).toBe("ba");
  expect(sorted("rare,name")).toBe("ab");
  expect(() => givenSort(SPEC, "-siez")).toThrow('--sort: "siez" is not a column; did you mean size?');
});

const text = fc.string({
  unit: fc.constantFrom("a", " ", "日", "\x1b", "\n", "👩‍💻", "\u202e"),
  maxLength: 30,
});
const records = fc.array(fc.record({ name: text, size: fc.nat(), note: text }), { maxLength: 5 });
const names = fc.subarray(["name", "size", "note", "more", "rare"], { minLength: 1 });

test("a table fits every width, and has no control characters", () => {
  fc.assert(
    fc.property(records, fc.integer({ min: 1, max: 60 }), fc.option(names), (rows, width, some) => {
      const look = { width, ...(some && chosen(some.join(","))) };
      for (const line of lines(look, rows)) {
        expect(widths.columnsOf(line)).toBeLessThanOrEqual(width);
        expect(line).not.toMatch(/[\x00-\x1f\u202e]/);
      }
    }),
  );
});

test("in a pipe nothing is cut", async () => {
  const note = "long ".repeat(100);
  const wanted = givenListOutput({}, SPEC);
  const list = { spec: SPEC, records: [{ name: "a", size: 1, note }], context, nameOf: () => "a" };
  expect((await listLines(list, wanted, {})).at(1)).toContain(note.trimEnd());
  const [, row = ""] = await listLines(list, wanted, { isTTY: true, columns: 40 });
  expect(row.length).toBeLessThanOrEqual(80);
  expect(row).toContain("…");
});

describe("--output", () => {
  test.each([
    [{}, null],
    [{ json: true }, "json"],
    [{ wide: true }, "wide"],
    [{ json: true, wide: true }, "json"],
    [{ output: "jsonl", json: true }, "jsonl"],
    [{ output: "wide", wide: true }, "wide"],
  ] as const)("of %j is %s", (options, format) => expect(givenFormat(options)).toBe(format));

  test.each([
    { json: true, output: "table" },
    { json: true, output: "name" },
    { wide: true, output: "json" },
    { columns: "name", json: true },
    { columns: "name", output: "name" },
  ] as const)("contradicts: %j", (options) => {
    expect(() => givenListOutput(options, SPEC)).toThrow(/contradict|needs a table/);
  });

  test("json has the records or what the command makes of them; jsonl and name have a line each", async () => {
    const list = { spec: SPEC, records: ROWS, context, nameOf: ({ name }: Row) => `${name}\n` };
    const printed = (output: "json" | "jsonl" | "name", more = {}) =>
      listLines({ ...list, ...more }, givenListOutput({ output, sort: "name" }, SPEC), {});
    const [b, a] = ROWS.map((row) => JSON.stringify(row).replace("\x1b", "\\u001b"));
    expect(await printed("json")).toEqual([`[${a},${b}]`]);
    expect(await printed("json", { json: (rows: readonly Row[]) => rows.length })).toEqual(["2"]);
    expect(await printed("jsonl")).toEqual([a, b]);
    expect(await printed("name")).toEqual(["a\\n", "b\\n"]);
  });
});
