/** The bounds of a chain: its length, and the pace of its links. */
import { expect, test } from "vitest";
import { boundedChain, ChainPace } from "../../../daemon/scheduler/chain-bounds.js";
import { submission } from "../../harness/records.js";
import { outcome } from "../../harness/store.js";

test("fifty links start at once, then one every 100 ms; a chain that pauses is not slowed down", () => {
  const pace = new ChainPace();
  const delays = Array.from({ length: 55 }, () => pace.delay("a", 1000));
  expect(delays.slice(0, 51).every((delay) => delay === 0)).toBe(true);
  expect(delays.slice(51)).toEqual([100, 200, 300, 400]);
  expect(pace.delay("b", 1000)).toBe(0);
  for (let now = 20_000; now < 30_000; now += 100) expect(pace.delay("a", now)).toBe(0);
});

test("chains at rest are forgotten, a fast one is not", () => {
  const pace = new ChainPace();
  for (let n = 0; n < 51; n++) pace.delay("fast", 5000);
  for (let n = 0; n < 2000; n++) pace.delay(`chain-${n}`, 5000);
  expect(pace.delay("fast", 5000)).toBe(100);
});

test("the link past the bound fails its predecessor, and the bound itself does not", () => {
  const next = (index: number) =>
    submission({ chain: { id: "a", index, previous: "b", next: null } });
  const fits = outcome("succeeded", next(999));
  expect(boundedChain(fits)).toBe(fits);
  expect(boundedChain(outcome("succeeded", next(1000)))).toMatchObject({
    state: "failed",
    next: null,
    error: {
      code: "LIVEOPS_CHAIN_TOO_LONG",
      message: expect.stringContaining("a chain has at most 1000 operations"),
    },
  });
});
