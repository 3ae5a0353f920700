/**
 * The checker of the fleet's laws can fail: each law, on a history that breaks it and nothing else.
 */
import { describe, expect, test } from "vitest";
import { type History, type Told, type Violation, violations } from "./checker.js";
import { type Effect, now, readEffects } from "./effects.js";

type Run = { host?: string; attempt?: number; fence?: number; at?: number; pid?: number };

/** The effects of an attempt that does the given steps, a ms apart. */
function attempt(
  id: string,
  words: string,
  { host = "a", attempt = 1, fence = attempt, at = 0, pid = 7 }: Run = {},
) {
  return words.split(" ").map((word, index): Effect => {
    const step = /^\d+$/.test(word) ? Number(word) : 0;
    const what = step > 0 ? "step" : (word as "begin" | "end");
    return { what, step, id, attempt, fence, time: at + index, pid, host };
  });
}

function told(id: string, change: Partial<Told> = {}): Told {
  return {
    id,
    op: "works",
    state: "succeeded",
    attempt: 1,
    error: null,
    chain: { id, index: 0, previous: null, next: null },
    logLines: 2,
    params: { steps: 2 },
    ...change,
  };
}

const failed = (code: string) => ({ state: "failed", error: { code } }) as const;

/** A history of one operation at two hosts, without a violation, but for the change. */
function history(change: Partial<History>, record: Partial<Told> = {}): History {
  const records = [told("x", record)];
  return {
    effects: attempt("x", "begin 1 2 end"),
    acknowledged: ["x"],
    told: new Map([
      ["a", records],
      ["b", records],
    ]),
    isResumable: () => true,
    ...change,
  };
}

const STRUCK_A = [{ host: "a", from: 10, to: 20 }];
const second = (words: string, run: Run = {}) =>
  attempt("x", words, { host: "b", attempt: 2, at: 100, pid: 8, ...run });

const CHAINED = { params: { steps: 2, links: 2 } };

const BROKEN: Array<[Violation["law"], string, History, RegExp]> = [
  [
    "nothing lost",
    "an acknowledged submit",
    history({ acknowledged: ["x", "gone"] }),
    /acknowledged/,
  ],
  [
    "nothing lost",
    "a step",
    history({ effects: attempt("x", "begin 1 end") }),
    /step 2 was never done/,
  ],
  [
    "nothing lost",
    "a resumable operation that fails with its host",
    history({ strikes: STRUCK_A }, failed("LIVEOPS_HOST_LOST")),
    /without a fault/,
  ],
  [
    "nothing twice",
    "a step",
    history({ effects: attempt("x", "begin 1 2 2 end") }),
    /did step:2 twice/,
  ],
  [
    "nothing twice",
    "an outcome that was recorded long before the fault",
    history(
      {
        effects: [...attempt("x", "begin 1 2 end"), ...second("begin 2 end", { at: 90_000 })],
        strikes: [{ host: "a", from: 80_000, to: 85_000 }],
      },
      { attempt: 2 },
    ),
    /repeated without a fault/,
  ],
  [
    "attempts do not overlap",
    "a step of the first attempt after the second one began",
    history(
      {
        effects: [
          ...attempt("x", "begin 1"),
          ...second("begin"),
          ...attempt("x", "2"),
          ...second("2 end"),
        ],
        strikes: STRUCK_A,
      },
      { attempt: 2 },
    ),
    /attempt 1 at a did step 2 after attempt 2/,
  ],
  [
    "fences ascend",
    "a later attempt with a smaller fence",
    history(
      {
        effects: [...attempt("x", "begin 1", { fence: 9 }), ...second("begin 2 end", { fence: 8 })],
        strikes: STRUCK_A,
      },
      { attempt: 2 },
    ),
    /fence 8 after 9/,
  ],
  [
    "hosts agree",
    "another state",
    history({
      told: new Map([
        ["a", [told("x")]],
        ["b", [told("x", { state: "failed" })]],
      ]),
    }),
    /"failed".*"succeeded"/,
  ],
  [
    "logs are whole",
    "a hole",
    history({ logs: new Map([["b", new Map([["x", [1, 3]]])]]) }),
    /b: line 2 has the number 3/,
  ],
  ["chains are whole", "a link that is missing", history({}, CHAINED), /handed over to nobody/],
];

describe("broken", () => {
  test.each(BROKEN)("%s: %s", (law, _, broken, detail) => {
    const found = violations(broken);
    expect(found).not.toEqual([]);
    expect([...new Set(found.map((each) => each.law))]).toEqual([law]);
    expect(found.some((each) => detail.test(each.detail))).toBe(true);
  });

  test("every law is broken by a history above", () => {
    const laws: Record<Violation["law"], true> = {
      "nothing lost": true,
      "nothing twice": true,
      "attempts do not overlap": true,
      "fences ascend": true,
      "hosts agree": true,
      "logs are whole": true,
      "chains are whole": true,
    };
    expect(new Set(BROKEN.map(([law]) => law))).toEqual(new Set(Object.keys(laws)));
  });
});

test("the monotonic clock is that of the operations, and a line that is no effect is refused", () => {
  expect(now()).toBeGreaterThan(0);
  expect(readEffects("/nowhere/effects")).toEqual([]);
  expect(() => readEffects(import.meta.filename)).toThrow("not an effect");
});
