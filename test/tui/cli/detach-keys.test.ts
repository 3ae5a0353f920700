/** The keys that detach: found wherever they are typed, and no other key is lost. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DetachKeys, detachKeysText, parseDetachKeys } from "../../../tui/cli/attach/keys.js";

const KEYS = parseDetachKeys("ctrl-p,ctrl-q");

describe("names", () => {
  it.each([
    ["ctrl-p,ctrl-q", "Ctrl-P Ctrl-Q"],
    ["ctrl-]", "Ctrl-]"],
    ["CTRL-A,d", "Ctrl-A d"],
  ])("%s is %s", (text, shown) => {
    expect(detachKeysText(parseDetachKeys(text))).toBe(shown);
  });

  it.each(["", "f13", "ctrl-", "ctrl-p,", "é"])("%j is refused", (text) => {
    expect(() => parseDetachKeys(text)).toThrow("is not a key");
  });
});

it("whatever the pieces, the keys before a detach reach the program, and a held key too", () => {
  const typed = fc.array(fc.constantFrom(0x10, 0x11, 0x61, 0x0d), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(typed, { maxLength: 6 }), (pieces) => {
      const all = Buffer.from(pieces.flat());
      const place = all.indexOf(KEYS);
      const keys = new DetachKeys(KEYS);
      const sent: Buffer[] = [];
      let isDetached = false;
      for (const piece of pieces) {
        const taken = keys.take(Buffer.from(piece));
        sent.push(taken.input);
        isDetached = taken.isDetached;
        if (isDetached) break;
      }
      if (!isDetached) sent.push(keys.release());
      expect(isDetached).toBe(place !== -1);
      expect(Buffer.concat(sent)).toEqual(place === -1 ? all : all.subarray(0, place));
    }),
  );
});
