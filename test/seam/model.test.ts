/**
 * Any commands, in any order, with daemons that end and begin between them: all implementations
 * show the same.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cases } from "../faults/mode.js";
import { embeddedSeam, fleetSeam, type Opened } from "./implementations.js";
import { issue, Model, steps } from "./model.js";
import { expectSame, stateOf } from "./shown.js";

describe("one host", { tags: ["postgresql"] }, () => {
  const embedded = embeddedSeam();
  const fleet = fleetSeam();

  test("whatever happens, one machine and a fleet show what was decided, and the same records", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const model = new Model();
        let one: Opened = await embedded.open();
        let other: Opened = await fleet.open();
        for (const step of all) {
          const chosen = model.choose(step);
          if (chosen === null) continue;
          await Promise.all([issue(chosen, one), issue(chosen, other)]);
          model.apply(chosen);
          if (step.do === "seal") await one.seal();
          if (step.do === "reopen") [one, other] = await reopened(one, other);
          await model.check(one);
          await model.check(other);
        }
        expect(await stateOf(other)).toEqual(await stateOf(one));
        [one, other] = await reopened(one, other);
        await model.check(other);
        expect(await stateOf(other)).toEqual(await stateOf(one));
        await Promise.all([embedded.close(one), fleet.close(other)]);
      }),
      { numRuns: cases(4, 8) },
    );
  }, 240_000);

  async function reopened(one: Opened, other: Opened): Promise<[Opened, Opened]> {
    return [await embedded.reopen(one), await fleet.reopen(other)];
  }
});

describe("two hosts", { tags: ["postgresql"] }, () => {
  const seam = fleetSeam();

  test("whatever they issue in turns, both show what was decided, and end with the same ledger", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const model = new Model();
        const hosts: [Opened, Opened] = [await seam.open(), await seam.second()];
        for (const step of all) {
          const chosen = model.choose(step);
          if (chosen === null) continue;
          const { host } = chosen;
          await hosts[host]!.caughtUp();
          await issue(chosen, hosts[host]!);
          model.apply(chosen);
          if (step.do === "reopen") hosts[host] = await seam.reopen(hosts[host]!);
        }
        await Promise.all(hosts.map((each) => each.caughtUp()));
        await model.check(hosts[0]);
        await model.check(hosts[1]);
        await expectSame(...hosts);
        await Promise.all(hosts.map((each) => seam.close(each)));
      }),
      { numRuns: cases(4, 8) },
    );
  }, 240_000);

  test("whatever they issue at the same time, both end with the same ledger, and so does a third", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const model = new Model();
        const hosts: [Opened, Opened] = [await seam.open(), await seam.second()];
        let rest = all.filter(({ do: what }) => what !== "reopen" && what !== "seal");
        while (rest.length > 0) {
          const batch = rest.slice(0, 4).flatMap((step) => model.choose(step) ?? []);
          rest = rest.slice(4);
          // The model does not know who comes first: it takes over what the ledger says.
          await Promise.all(
            batch.map(async (chosen) => {
              await hosts[chosen.host]!.caughtUp();
              await issue(chosen, hosts[chosen.host]!).catch(() => {});
            }),
          );
          await hosts[0].caughtUp();
          model.operations = (await hosts[0].all())
            .reverse()
            .map(({ record, nextAttempt: next, run }) => ({
              id: record.id,
              op: record.op,
              key: null,
              label: record.label,
              state: record.state,
              attempt: record.attempt,
              next,
              isCancelled: record.cancelRequested,
              version: 0,
              queuedAt: 0,
              isPaused: (record.pause?.since ?? null) !== null,
              host: run?.claim?.host === "b" ? 1 : 0,
              pin: record.on ? Number(record.on === "b") : null,
            }));
        }
        const third = await seam.second("c");
        await expectSame(...hosts);
        await expectSame(hosts[0], third);
        for (const { errors, store } of [...hosts, third]) {
          expect(errors).toEqual([]);
          expect(store.problems).toEqual([]);
        }
        await Promise.all([...hosts, third].map((each) => seam.close(each)));
      }),
      { numRuns: cases(5, 10) },
    );
  }, 240_000);
});
