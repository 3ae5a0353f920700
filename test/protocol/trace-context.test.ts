/** Ids of traces and spans, and the header `traceparent`. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { newId } from "../../protocol/id.js";
import { formatTraceparent, parseTraceparent, spanIdOf, traceIdOf } from "../../protocol/trace-context.js";

test("ids stay as they are: documents and earlier traces have them", () => {
  expect(traceIdOf("zkzdggwv8e29")).toBe("cd4366fe3e707d1678053c0f09ec3235");
  expect(spanIdOf("zkzdggwv8e29", 1)).toBe("1feb1ea8549761ad");
});

test("ids have their form, and differ by operation, event and part", () => {
  const ids = new Set<string>();
  for (let n = 0; n < 200; n++) {
    const id = newId();
    expect(traceIdOf(id)).toMatch(/^[\da-f]{32}$/);
    for (const span of [spanIdOf(id, 1), spanIdOf(id, 2), spanIdOf(id, 2, " queue")]) {
      expect(span).toMatch(/^[\da-f]{16}$/);
      ids.add(span);
    }
  }
  expect(ids.size).toBe(600);
});

test("what is formatted is parsed", () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.boolean(), (id, seq, isSampled) => {
      const span = { traceId: traceIdOf(id), spanId: spanIdOf(id, seq), isSampled };
      expect(parseTraceparent(formatTraceparent(span))).toEqual(span);
    }),
  );
});

test.each([
  "",
  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
  "00-00000000000000000000000000000000-b7ad6b7169203331-01",
  "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
  "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
])("'%s' is not valid", (text) => expect(parseTraceparent(text)).toBeNull());

test("a later version may have more parts", () => {
  const text = "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03-more";
  expect(parseTraceparent(text)).toMatchObject({ spanId: "b7ad6b7169203331", isSampled: true });
});
