/** Which stages and steps ran, and which did not, each with the reason that the record has. */
import type { Usual } from "../../../protocol/estimate/usual.js";
import { getOwn } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import { isUnrun } from "../../../protocol/stage-state.js";
import type { Why } from "../../../protocol/why.js";

/** Most stages and steps of a list; `liveops show` has the others. */
const MOST = 50;

/** What precedes the reason why something ran. */
const RUNS = "runs: ";

/** The stages that did not run; of a stage that ran, the steps that did not. */
export function leftStages(record: Operation): Why["left"] {
  const { stages, stageStates, stageTimes } = record;
  const left = stages.flatMap((stage) => {
    const times = getOwn(stageTimes, stage);
    const reason = times?.reason ?? (times?.resumed ? "an earlier attempt did it" : null);
    if (isUnrun(getOwn(stageStates, stage)) || times?.resumed === true)
      return [{ stage, reason: reason ?? "its condition was not met" }];
    return stepsOf(record, stage).flatMap(({ name, state, resumed, reason: of }) =>
      isUnrun(state) || resumed
        ? [{ stage, step: name, reason: of ?? "an earlier attempt did it" }]
        : [],
    );
  });
  return left.slice(0, MOST);
}

/** The stages and steps that looked whether they are up to date, and ran. */
export function ranStages(record: Operation): Why["ran"] {
  const { stages, stageTimes } = record;
  const ran = stages.flatMap((stage) => [
    { stage, reason: getOwn(stageTimes, stage)?.reason },
    ...stepsOf(record, stage).map(({ name, reason }) => ({ stage, step: name, reason })),
  ]);
  return ran
    .flatMap(({ reason, ...of }) =>
      reason?.startsWith(RUNS) ? [{ ...of, reason: reason.slice(RUNS.length) }] : [],
    )
    .slice(0, MOST);
}

/** The seconds that did not pass because of that; null: nothing is known of one of the stages. */
export function savedBy(
  { stages, stageTimes }: Operation,
  left: Why["left"],
  usual: Usual | null,
): number | null {
  const whole = new Set(left.flatMap(({ stage, step }) => (step === undefined ? stage : [])));
  const times = stages.map((stage) => {
    const saved = getOwn(stageTimes, stage)?.saved;
    return saved ?? (whole.has(stage) ? (getOwn(usual?.stages ?? {}, stage)?.p50 ?? null) : 0);
  });
  if (times.includes(null)) return null;
  const seconds = times.reduce<number>((sum, time) => sum + time!, 0);
  return seconds === 0 ? null : Math.round(seconds * 10) / 10;
}

function stepsOf({ steps = {} }: Operation, stage: string) {
  return getOwn(steps, stage) ?? [];
}
