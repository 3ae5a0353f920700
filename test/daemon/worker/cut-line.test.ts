/** Long lines in pieces: complete, each piece within the bound, no character split. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { cutLine } from "../../../daemon/worker/log-writer.js";

it("gives pieces that are the text again, within the bound, and as whole as it was", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.integer({ min: 2, max: 9 }),
      (text, max) => {
        const pieces = [...cutLine(text, max)];
        expect(pieces.join("")).toBe(text);
        for (const piece of pieces) {
          expect(piece.length).toBeLessThanOrEqual(max);
          expect(piece.isWellFormed()).toBe(true);
        }
      },
    ),
  );
});

it("leaves a short line as it is, an empty one too", () => {
  expect([...cutLine("", 5)]).toEqual([""]);
  expect([...cutLine("abcde", 5)]).toEqual(["abcde"]);
});
