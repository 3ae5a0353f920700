/**
 * Concurrent commands on the same operations: whoever comes first, the history is one that the
 * states allow.
 */
import { describe, expect, test } from "vitest";
import { Refusal } from "../../protocol/errors.js";
import { isFinal, mayMove, type State } from "../../protocol/state.js";
import { outcome } from "../harness/store.js";
import { describeSeam, fleetSeam, type Opened } from "./implementations.js";
import { expectSame, stateOf } from "./shown.js";

type Command = (opened: Opened, id: string) => Promise<unknown>;

const COMMANDS: Record<string, Command> = {
  cancel: ({ lifecycle }, id) => lifecycle.cancel(id),
  finish: ({ lifecycle }, id) =>
    lifecycle.conclude(id, 1, 5, () => ({ finish: outcome("succeeded") })),
  fail: ({ lifecycle }, id) => lifecycle.conclude(id, 1, 5, () => ({ finish: outcome("failed") })),
  requeue: ({ lifecycle }, id) =>
    lifecycle.conclude(id, 1, 5, () => ({ requeue: { reason: "r", next: 2, tries: 1, delay: 0 } })),
  retry: ({ lifecycle }, id) => lifecycle.retry(id),
  start: (opened, id) => opened.start(id),
  edit: ({ lifecycle }, id) => lifecycle.edit(id, () => ({ label: "edited" })),
  pause: ({ lifecycle }, id) => lifecycle.pause(id, true),
  resume: ({ lifecycle }, id) => lifecycle.pause(id, false),
  reject: ({ lifecycle }, id) => lifecycle.reject(id, outcome("failed")),
  remove: ({ lifecycle }, id) => lifecycle.remove(id),
};

/** Only the host that runs an attempt may end it. */
const ENDS = ["finish", "fail", "requeue"];

const NAMES = Object.keys(COMMANDS);

/** A refusal is an answer; anything else that is thrown is a bug. */
async function answered(asked: Promise<unknown>): Promise<void> {
  await asked.catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error;
  });
}

async function inState(opened: Opened, state: State): Promise<string> {
  if (isFinal(state)) return opened.finished(state);
  const id = await opened.submit();
  if (state === "running") await opened.start(id);
  return id;
}

/** Every decision begins where the one before it ended, and the states allow each move. */
function expectLegal({ announced }: Opened): void {
  const states = new Map<string, State | null>();
  for (const { kind, moves } of announced)
    for (const { id, from, to } of moves) {
      expect({ id, kind, from }).toEqual({ id, kind, from: states.get(id) ?? null });
      if (from !== null && to !== null && from !== to)
        expect({ from, to, may: mayMove(from, to) }).toEqual({ from, to, may: true });
      states.set(id, to);
    }
  const numbers = announced.map(({ n }, index) => n ?? index + 1);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
}

/** Pairs of commands that are issued at the same time. */
const PAIRS = NAMES.flatMap((one, index) => NAMES.slice(index).map((two) => [one, two] as const));

describeSeam("races", (seam) => {
  test.each(["queued", "running", "failed"] as const)(
    "two commands at once on a %s operation end in one legal history",
    async (state) => {
      const opened = await seam.open();
      for (const [one, two] of PAIRS) {
        const id = await inState(opened, state);
        await Promise.all([one, two].map((name) => answered(COMMANDS[name]!(opened, id))));
      }
      expectLegal(opened);
      const before = await stateOf(opened);
      expect(await stateOf(await seam.reopen(opened))).toEqual(before);
    },
  );

  test("all commands at once on few operations end in one legal history", async () => {
    const opened = await seam.open();
    const ids = await Promise.all(
      (["queued", "running", "failed"] as const).map((s) => inState(opened, s)),
    );
    for (let round = 0; round < 5; round++)
      await Promise.all(
        ids.flatMap((id) =>
          NAMES.slice(0, -1).map((name) => answered(COMMANDS[name]!(opened, id))),
        ),
      );
    expectLegal(opened);
    const before = await stateOf(opened);
    expect(await stateOf(await seam.reopen(opened))).toEqual(before);
  });

  test("a cancel that is recorded before the end of an attempt beats its requeue", async () => {
    const opened = await seam.open();
    const id = await inState(opened, "running");
    await Promise.all([COMMANDS.cancel!(opened, id), COMMANDS.requeue!(opened, id)]);
    expect((await opened.store.archive.find(id))?.record.state).toBe("cancelled");
  });
});

describe("races of two hosts", { tags: ["postgresql"] }, () => {
  const seam = fleetSeam();

  test.each(["queued", "running", "failed"] as const)(
    "a command each at once on a %s operation end in one legal history, the same on both",
    async (state) => {
      const a = await seam.open();
      const b = await seam.second();
      for (const one of NAMES)
        for (const two of NAMES.filter((name) => !ENDS.includes(name))) {
          const id = await inState(a, state);
          await b.caughtUp();
          // On an operation that b runs by now, a has no attempt to end.
          const mayEnd = a.store.ledger.get(id)?.run?.claim?.host === "a" && two !== "start";
          const first = ENDS.includes(one) && !mayEnd ? "cancel" : one;
          await Promise.all([answered(COMMANDS[first]!(a, id)), answered(COMMANDS[two]!(b, id))]);
        }
      await expectSame(a, b);
      expectLegal(a);
      expect(b.announced).toEqual(a.announced);
      expect(a.errors).toEqual([]);
      expect(b.errors).toEqual([]);
    },
  );
});
