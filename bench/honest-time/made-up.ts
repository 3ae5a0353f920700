/**
 * Made-up operations: real code with `p.stage`, `p.track` and `p.percent`, and a clock that only
 * the code moves.
 */

import { LiveOperation, type Progress } from "../../ops/sdk/index.js";
import type { OperationEvent } from "../../protocol/event.js";
import type { Operation } from "../../protocol/operation.js";
import { FakeClock, runOperation } from "../../test/harness/testing/index.js";

/** What a stage does, and for how many seconds. */
export interface Work {
  /** "": the operation has no stages. */
  readonly stage: string;
  readonly seconds: number;
  /** Items of `p.track`, or steps of `p.percent`; a silent stage has neither. */
  readonly items?: number;
  readonly percents?: number;
  /** The time at which a share of the work is done; both from 0 to 1. Default: the same. */
  readonly when?: (share: number) => number;
  /** Spread of the duration of an item, as the sigma of a log-normal distribution. Default: 0. */
  readonly noise?: number;
  /**
   * Share of the items at which the first attempt fails; the run is then the second attempt.
   * Default: none.
   */
  readonly failsAt?: number;
}

export interface Run {
  /** The record before the first of the events; null: there was none. */
  readonly before: Operation | null;
  readonly events: readonly OperationEvent[];
  /** At the end. */
  readonly record: Operation;
}

export type Random = () => number;

/** A generator of numbers from 0 to 1: the same seed gives the same numbers. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A factor around 1. */
export function scatter(random: Random, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.exp(sigma * normal);
}

/** Runs the stages one after the other; where one of them fails, the run is the second attempt. */
export async function run(works: readonly Work[], random: Random): Promise<Run> {
  const clock = new FakeClock();
  let isSecond = false;
  class MadeUp extends LiveOperation {
    static stages = works.map(({ stage }) => stage).filter(Boolean);
    static resumable = true;
    async run(p: Progress): Promise<void> {
      for (const work of works) {
        const go = () => doWork(work, p, clock, random, isSecond);
        await (work.stage === "" ? go() : p.stage(work.stage, go));
      }
    }
  }
  const first = await runOperation(MadeUp, {}, { clock });
  if (first.state === "succeeded")
    return { before: null, events: first.events, record: first.record };
  isSecond = true;
  const { events, record } = await runOperation(MadeUp, {}, { clock, resumeFrom: first });
  return { before: first.record, events, record };
}

async function doWork(
  work: Work,
  p: Progress,
  clock: FakeClock,
  random: Random,
  isSecond: boolean,
) {
  const { seconds, items, percents, failsAt = 1 } = work;
  const count = items ?? percents ?? 1;
  const times = durations(work, count, random).map((share) => share * seconds * 1000);
  const end = isSecond ? count : Math.floor(count * failsAt);
  if (items !== undefined) {
    const all = Array.from({ length: count }, (_, i) => i);
    for (const i of p.track(all, { key: String })) {
      if (i >= end) throw new Error("made to fail");
      await clock.advance(times[i]!);
    }
    return;
  }
  for (const [i, ms] of times.entries()) {
    if (percents !== undefined) p.percent((100 * i) / count);
    await clock.advance(ms);
  }
}

/** The share of the time that each item takes. */
function durations(
  { when = (share) => share, noise = 0 }: Work,
  count: number,
  random: Random,
): number[] {
  const each = Array.from(
    { length: count },
    (_, i) =>
      (when((i + 1) / count) - when(i / count)) * (noise === 0 ? 1 : scatter(random, noise)),
  );
  const sum = each.reduce((total, time) => total + time, 0);
  return each.map((time) => time / sum);
}
