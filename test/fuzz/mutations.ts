/** Changes of bytes, for laws about bytes that may be anything. */
import fc from "fast-check";

/** One in 20 times a value, else null. */
export function rarely<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 19, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: value });
}

/** A change of some bytes. `at` and `length` are taken modulo what is there. */
export interface Mutation {
  kind: "flip" | "set" | "insert" | "delete" | "repeat" | "cut";
  at: number;
  length: number;
  bytes: Uint8Array;
}

const position = fc.oneof(fc.nat({ max: 2000 }), fc.nat());

/** @param special - bytes that matter to the format, which are inserted more often than others */
export function mutations(special: readonly string[], max = 6): fc.Arbitrary<Mutation[]> {
  const bytes = fc.oneof(
    fc.constantFrom(...special).map((text) => new Uint8Array(Buffer.from(text, "latin1"))),
    fc.uint8Array({ minLength: 1, maxLength: 24 }),
    fc
      .tuple(fc.integer({ min: 0, max: 255 }), fc.nat({ max: 4000 }))
      .map(([byte, n]) => new Uint8Array(n).fill(byte)),
  );
  const kind = fc.constantFrom("flip", "set", "insert", "delete", "repeat", "cut");
  return fc.array(fc.record({ kind, at: position, length: fc.nat({ max: 700 }), bytes }), {
    maxLength: max,
  });
}

/** The bytes after all mutations, in order. */
export function mutate(original: Buffer, all: readonly Mutation[]): Buffer {
  return all.reduce(applyOne, original);
}

function applyOne(input: Buffer, { kind, at, length, bytes }: Mutation): Buffer {
  const start = at % (input.length + 1);
  const end = Math.min(input.length, start + length);
  const before = input.subarray(0, start);
  switch (kind) {
    case "flip": {
      const copy = Buffer.from(input);
      if (start < copy.length) copy[start]! ^= 1 << (length % 8);
      return copy;
    }
    case "set":
      return Buffer.concat([before, bytes, input.subarray(start + bytes.length)]);
    case "insert":
      return Buffer.concat([before, bytes, input.subarray(start)]);
    case "delete":
      return Buffer.concat([before, input.subarray(end)]);
    case "repeat":
      return Buffer.concat([input.subarray(0, end), input.subarray(start)]);
    case "cut":
      return before;
  }
}
