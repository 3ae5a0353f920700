import fc from "fast-check";
import { expect, it } from "vitest";
import { Lines, LONGEST_LINE } from "../../../ops/programs/output.js";
import { cutUp } from "./progress/chunks.js";

function linesOf(chunks: Iterable<Buffer>) {
  const out: string[] = [];
  const unfinished: string[] = [];
  const lines = new Lines({
    lines: (more) => out.push(...more),
    unfinished: (text) => unfinished.push(text),
  });
  for (const chunk of chunks) lines.write(chunk);
  lines.end();
  return { out, unfinished };
}

it("is the text split at its line feeds, however its bytes are cut into chunks", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "é", "語", "🎉", "\n", " ", "\u0000") });
  fc.assert(
    fc.property(text, fc.array(fc.nat(7)), (text, cuts) => {
      const bytes = Buffer.from(text);
      const chunks = cutUp(bytes, cuts);
      const expected = text.split("\n");
      if (expected.at(-1) === "") expected.pop();
      expect(linesOf(chunks).out).toEqual(expected);
    }),
  );
});

it("keeps what a terminal would show of a line with carriage returns, however it is cut", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "b", "\r", "\n") }),
      fc.array(fc.nat(3)),
      (text, cuts) => {
        const bytes = Buffer.from(text);
        const chunks = cutUp(bytes, cuts);
        expect(linesOf(chunks).out).toEqual(linesOf([bytes]).out);
      },
    ),
  );
  expect(linesOf([Buffer.from("10%\r20%\r100%\r\nwindows\r\n\r\nx\rlast")]).out).toEqual([
    "100%",
    "windows",
    "",
    "last",
  ]);
});

it("cuts a very long line into pieces that together are the line", () => {
  const line = `${"🎉".repeat(LONGEST_LINE)}x`;
  const bytes = Buffer.from(`${line}\nnext\n`);
  const chunks = Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, i) =>
    bytes.subarray(i * 1000, (i + 1) * 1000),
  );
  const { out } = linesOf(chunks);
  expect(out.pop()).toBe("next");
  expect(out.join("")).toBe(line);
  expect(out.every((piece) => piece.length <= LONGEST_LINE && piece.isWellFormed())).toBe(true);
});

it("holds one frame of a progress bar, not all of them", () => {
  let longest = 0;
  const lines = new Lines({
    lines: () => {},
    unfinished: (text) => {
      longest = Math.max(longest, text.length);
    },
  });
  for (let i = 0; i < 1000; i++) lines.write(Buffer.from(`\r${"#".repeat(50)} ${i}`));
  expect(longest).toBeGreaterThan(50);
  expect(longest).toBeLessThan(200);
});

it("gives a frame before the unfinished text that replaces it, also where each frame begins with the return", () => {
  const said: string[] = [];
  const lines = new Lines({
    lines: (more) => said.push(...more.map((line) => `line ${line}`)),
    frame: (text) => said.push(`frame ${text}`),
    unfinished: (text) => said.push(`unfinished ${text}`),
  });
  for (const chunk of ["\r10%", "\r20%", "\r", "\x1b[3", "1m30%", "\n"])
    lines.write(Buffer.from(chunk));
  expect(said).toEqual([
    "unfinished 10%",
    "frame 10%",
    "unfinished 20%",
    "unfinished 20%",
    "unfinished \x1b[3",
    "frame 20%",
    "unfinished \x1b[31m30%",
    "line \x1b[31m30%",
  ]);
});
