/** The keys that detach: found wherever they are typed, and no other key is lost. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { DETACH_KEYS, DetachKeys } from "../../../tui/cli/attach/keys.js";

it("whatever the pieces, the keys before a detach reach the program, and a held key too", () => {
  const typed = fc.array(fc.constantFrom(0x10, 0x11, 0x61, 0x0d), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(typed, { maxLength: 6 }), (pieces) => {
      const all = Buffer.from(pieces.flat());
      const place = all.indexOf(DETACH_KEYS);
      const keys = new DetachKeys();
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
