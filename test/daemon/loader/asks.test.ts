/** Law: asking each distinct question once gives every submit the same answer as asking alone. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Asks, type Own } from "../../../daemon/loader/asks.js";
import type { PrepareAsk } from "../../../daemon/loader/messages.js";
import type { Submission } from "../../../protocol/event.js";
import type { SubmitBody } from "../../../protocol/requests.js";

/** As a type would, out of nothing but its name and the input. */
function answer({ op, input, rest }: PrepareAsk): Submission {
  const { params = {}, set = [] } = input;
  const requires = op === "b" ? { requires: ["gpu"] } : {};
  return {
    ...rest,
    op,
    title: `T ${op}`,
    params: { ...params, words: set },
    stages: [op, ...set],
    ...requires,
  };
}

const ownOf = (n: number): Own => {
  const id = `id${n}`;
  return { id, label: `l${n}`, cwd: "/", chain: { id, index: 0, previous: null, next: null } };
};

test("as if each were asked alone", () => {
  const submit: fc.Arbitrary<SubmitBody> = fc.record(
    {
      // Names that look like what a question may be known by inside.
      op: fc.constantFrom("a", "b", "=a", '["a",{}]', ""),
      params: fc.constantFrom<Record<string, unknown>>({}, { x: 1 }, { x: "1" }, { x: { y: [null] } }),
      set: fc.constantFrom<string[]>([], ["x=1"], ["x=1", "y=2"]),
    },
    { requiredKeys: ["op"] },
  );
  fc.assert(
    fc.property(fc.array(submit, { minLength: 1, maxLength: 12 }), (submits) => {
      const own = submits.map((_, n) => ownOf(n));
      const asks = new Asks(submits, own);
      expect(asks.submissions(asks.distinct.map(answer))).toEqual(
        submits.map(({ op, ...input }, n) => answer({ op, input, rest: own[n]! })),
      );
      asks.distinct.forEach((ask, question) => {
        const same = submits.findIndex(
          ({ op, ...input }) => op === ask.op && JSON.stringify(input) === JSON.stringify(ask.input),
        );
        expect(asks.firstOf(question)).toBe(same);
      });
    }),
  );
});
