/**
 * How long the runs of a type, or those with the same history key, took: percentiles, the newest
 * runs, the types that follow in a chain.
 *
 * Read from the store at the first question, and kept until a run of the type finishes.
 */
import type { StepSeconds } from "../../ops/attempt/sink.js";
import { CURVE_PERCENTS } from "../../protocol/estimate/curve.js";
import { historyName, type Likeness, likenessOf } from "../../protocol/estimate/likeness.js";
import { paramsKey, type Usual, usualIn } from "../../protocol/estimate/usual.js";
import { getOwn } from "../../protocol/objects.js";
import type { Operation, Step } from "../../protocol/operation.js";
import type { HistoryReply } from "../../protocol/replies.js";
import { isUnrun } from "../../protocol/stage-state.js";
import { type FinalState, isFinal } from "../../protocol/state.js";
import type { Bus } from "../bus.js";
import type { Entry } from "../store/decision.js";
import type { Archive } from "../store/store.js";

/**
 * Most runs in the percentiles, in the durations of steps, in the list of the newest, and in that
 * of the next types.
 */
const NEWEST = { measured: 100, stepped: 10, listed: 12, followed: 20 };

/** Most succeeded runs of a type that are read for all its history keys together. */
const NEWEST_KEYED = 200;

/** Most sets of parameters of a type that have durations of their own. */
const MOST_SETS = 20;

/** Most types whose durations are kept, and most history keys of a type. */
const MOST_KEPT = 200;

/** What is known of the runs of a type, by `historyName`. */
interface Known {
  readonly replies: Map<string, HistoryReply>;
  /** Null: not read. */
  keyed: Map<string, Measured> | null;
  /**
   * Whether a run of the type has steps; null: not read. Most types have none, whatever the history
   * key.
   */
  hasSteps: boolean | null;
  readonly steps: Map<string, StepSeconds>;
}

type Measured = Pick<HistoryReply, "runs" | "seconds" | "stages" | "byParams">;

const FINISHED: readonly FinalState[] = ["succeeded", "failed", "cancelled"];

export class Durations {
  readonly #known = new Map<string, Known>();

  constructor(
    private readonly archive: Pick<Archive, "find" | "list" | "count">,
    bus: Bus,
  ) {
    bus.on("decided", (changes) => {
      for (const { before, after } of changes)
        if (after === null || isFinal(after.state)) this.#finished((after ?? before)!);
    });
  }

  /** @param operation may be a complete record: only its type and history key are compared */
  async of(operation: Likeness): Promise<HistoryReply> {
    const like = likenessOf(operation);
    const { replies } = this.#knownOf(like.op);
    const name = historyName(like);
    const known = replies.get(name);
    if (known) return known;
    const read = await this.#read(like);
    if (replies.size >= MOST_KEPT) replies.clear();
    replies.set(name, read);
    return read;
  }

  /**
   * Returns a function: what earlier runs tell about one of the operations. The durations of all
   * history keys of a type are read at once, because each operation of a long queue may have its
   * own key.
   *
   * @param least earlier runs without which nothing is told
   */
  async usual(
    entries: ReadonlyArray<Pick<Entry, "record">>,
    least = 1,
  ): Promise<(record: Operation) => Usual | null> {
    const all = new Map<string, Measured>();
    const keyed = new Map<string, Map<string, Measured>>();
    for (const { record } of entries) {
      const { op } = record;
      if (historyName(record) === op) {
        if (!all.has(op)) all.set(op, await this.of({ op }));
      } else if (!keyed.has(op)) {
        const known = this.#knownOf(op);
        known.keyed ??= await this.#readKeyed(op);
        keyed.set(op, known.keyed);
      }
    }
    return (record) => {
      const name = historyName(record);
      const measured = all.get(name) ?? keyed.get(record.op)?.get(name);
      return measured === undefined ? null : usualIn(measured, paramsKey(record), least);
    };
  }

  /** Median of the seconds that each step took; null: no earlier run has steps. */
  async ofSteps(operation: Operation): Promise<StepSeconds | null> {
    const { op, stages } = operation;
    if (stages.length === 0) return null;
    const known = this.#knownOf(op);
    const { steps } = known;
    known.hasSteps ??= (await this.#newest({ op }, NEWEST.measured)).some(
      (run) => run.steps !== undefined,
    );
    if (!known.hasSteps) return null;
    const name = historyName(operation);
    const before = steps.get(name);
    if (before !== undefined) return before;
    const read = secondsOfSteps(await this.#newest(likenessOf(operation), NEWEST.stepped));
    if (steps.size >= MOST_KEPT) steps.clear();
    steps.set(name, read);
    return read;
  }

  /**
   * A run without steps changes nothing of what is known of steps: the next start must not read it
   * again.
   */
  #finished({ op, steps }: Operation): void {
    const known = this.#known.get(op);
    if (known === undefined) return;
    const ofSteps = steps === undefined ? known : { hasSteps: true, steps: new Map() };
    this.#known.set(op, {
      replies: new Map(),
      keyed: null,
      hasSteps: ofSteps.hasSteps,
      steps: ofSteps.steps,
    });
  }

  #knownOf(op: string): Known {
    let known = this.#known.get(op);
    if (known) return known;
    if (this.#known.size >= MOST_KEPT) this.#known.clear();
    known = { replies: new Map(), keyed: null, hasSteps: null, steps: new Map() };
    this.#known.set(op, known);
    return known;
  }

  async #readKeyed(op: string): Promise<Map<string, Measured>> {
    const named = Map.groupBy(await this.#newest({ op }, NEWEST_KEYED), historyName);
    return new Map([...named].map(([name, each]) => [name, measuredOf(each)]));
  }

  /** The newest runs first. */
  async #newest(
    like: Likeness,
    most: number,
    state: readonly FinalState[] = ["succeeded"],
  ): Promise<Operation[]> {
    return (await this.archive.list({ ...like, state }, most)).map(({ record }) => record);
  }

  async #read(like: Likeness): Promise<HistoryReply> {
    const runs = await this.#newest(like, NEWEST.measured);
    const { seconds, stages, byParams } = measuredOf(runs);
    return {
      op: like.op,
      runs: runs.length,
      finished: await this.archive.count({ ...like, state: FINISHED }),
      seconds,
      stages,
      recent: (await this.#newest(like, NEWEST.listed, FINISHED)).map(
        ({ id, state, seconds, finishedAt }) => ({
          id,
          state: state as FinalState,
          seconds,
          finishedAt: finishedAt!,
        }),
      ),
      next: await this.#followers(runs.slice(0, NEWEST.followed)),
      ...(byParams && { byParams }),
    };
  }

  async #followers(runs: readonly Operation[]): Promise<HistoryReply["next"]> {
    const followers = new Map<string, HistoryReply["next"][number]>();
    for (const { chain } of runs) {
      const next = chain.next === null ? null : (await this.archive.find(chain.next))?.record;
      if (!next) continue;
      const follower = followers.get(next.op) ?? { op: next.op, title: next.title, runs: 0 };
      follower.runs++;
      followers.set(next.op, follower);
    }
    return [...followers.values()].sort((a, b) => b.runs - a.runs);
  }
}

/** The durations of succeeded runs, the newest first. */
export function measuredOf(runs: readonly Operation[]): Measured {
  const sets = [...Map.groupBy(runs, paramsKey)].flatMap(([params, like]) =>
    params === null ? [] : [{ params, ...durationsOf(like) }],
  );
  const byParams = sets.slice(0, MOST_SETS);
  return { ...durationsOf(runs), ...(byParams.length > 0 && { byParams }) };
}

function durationsOf(runs: readonly Operation[]): Omit<Measured, "byParams"> {
  const whole = runs.flatMap((run) => (hasResumedStage(run) ? [] : timesOf(run, "", run.seconds)));
  return {
    runs: runs.length,
    seconds: spread(whole),
    stages: byStage(runs),
  };
}

function byStage(runs: readonly Operation[]): HistoryReply["stages"] {
  const durations = new Map<string, Time[]>();
  for (const run of runs) {
    for (const [stage, times] of Object.entries(run.stageTimes)) {
      // Only a stage that ran to its end tells how long it usually takes: not one that did not run,
      // or failed early.
      if (times.resumed || times.seconds === null || getOwn(run.stageStates, stage) !== "done")
        continue;
      const values = durations.get(stage) ?? [];
      durations.set(stage, [...values, ...timesOf(run, stage, times.seconds)]);
    }
  }
  const ran = [...durations].map(
    ([stage, values]) => [stage, { runs: values.length, ...spread(values)! }] as const,
  );
  // A stage that all runs skipped, or that was up to date in all, is likely to take no time again.
  const skipped = runs.flatMap((run) =>
    run.stages.filter((stage) => isUnrun(getOwn(run.stageStates, stage))),
  );
  const counts = [...Map.groupBy(skipped, (stage) => stage)].map(
    ([stage, all]) => [stage, { runs: all.length, p50: 0, p90: 0 }] as const,
  );
  return Object.fromEntries([...counts, ...ran]);
}

function secondsOfSteps(runs: readonly Operation[]): StepSeconds {
  const stepped = runs.flatMap(({ steps = {} }) => Object.entries(steps));
  const stages = Map.groupBy(stepped, ([stage]) => stage);
  return Object.fromEntries(
    [...stages].map(([stage, lists]) => [stage, medians(lists.flatMap(([, list]) => list))]),
  );
}

/** By name. A step that is up to date tells how long its last runs took. */
function medians(steps: readonly Step[]): Record<string, number> {
  const taken = steps.flatMap(({ name, state, resumed, seconds, saved }) => {
    const own = state === "done" && !resumed ? seconds : null;
    const value = state === "up-to-date" ? saved : own;
    return value == null ? [] : [{ name, value }];
  });
  const named = Map.groupBy(taken, ({ name }) => name);
  return Object.fromEntries(
    [...named].map(([name, all]) => [
      name,
      spread(all.map(({ value }) => ({ seconds: value })))!.p50,
    ]),
  );
}

/** How long a run took, and after how many seconds it had told each percent of its curve. */
interface Time {
  readonly seconds: number;
  readonly curve?: readonly number[] | undefined;
}

function timesOf({ curve = {} }: Operation, stage: string, seconds: number | null): Time[] {
  return seconds === null ? [] : [{ seconds, curve: getOwn(curve, stage) }];
}

function spread(times: readonly Time[]): { p50: number; p90: number; curve?: number[] } | null {
  if (times.length === 0) return null;
  const sorted = times.map(({ seconds }) => seconds).sort((a, b) => a - b);
  // Nearest rank: the smallest value that nine of ten runs do not exceed.
  const p90 = sorted[Math.ceil(0.9 * sorted.length) - 1]!;
  const curves = times.flatMap(({ seconds, curve }) =>
    curve?.length === CURVE_PERCENTS.length && seconds > 0
      ? [curve.map((at) => Math.min(1, at / seconds))]
      : [],
  );
  return {
    p50: inMilliseconds(median(sorted)),
    p90: inMilliseconds(p90),
    ...(curves.length > 0 && {
      curve: CURVE_PERCENTS.map((_, i) =>
        median(curves.map((curve) => curve[i]!).sort((a, b) => a - b)),
      ).map(inMilliseconds),
    }),
  };
}

function median(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Finer differences are noise. */
function inMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

function hasResumedStage(run: Operation): boolean {
  return Object.values(run.stageTimes).some((times) => times.resumed);
}
