import fc from "fast-check";
import { expect, test } from "vitest";
import { formatHello, HelloReader } from "../../../protocol/features/ssh/hello.js";

const HELLO = { version: "1.2.3", error: null };

test("the hello is found behind text of the remote shell, however the bytes are cut", () => {
  const noise = fc
    .string({ unit: "binary" })
    .filter((text) => !text.includes("liveops dial-stdio"));
  const cuts = fc.array(fc.nat());
  fc.assert(
    fc.property(noise, fc.uint8Array(), cuts, (before, body, places) => {
      const all = Buffer.concat([Buffer.from(before + formatHello(HELLO)), body]);
      const ends = [...places.map((place) => place % all.length), all.length].sort((a, b) => a - b);
      const reader = new HelloReader();
      let from = 0;
      for (const end of ends) {
        const found = reader.take(all.subarray(from, end));
        from = end;
        if (found === null) continue;
        expect(found.hello).toEqual(HELLO);
        expect(Buffer.concat([found.rest, all.subarray(end)])).toEqual(Buffer.from(body));
        return;
      }
      throw new Error("no hello");
    }),
  );
});

test("other text is skipped up to a limit", () => {
  const reader = new HelloReader();
  expect(reader.take(Buffer.alloc(60_000, "x"))).toBeNull();
  expect(() => reader.take(Buffer.alloc(60_000, "x"))).toThrow("too much text");
});
