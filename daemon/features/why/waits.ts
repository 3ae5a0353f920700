/** Why a queued operation does not start, and what is unusual in the run of a running one. */
import { answerCommand, waitsForApproval } from "../../../protocol/approval.js";
import {
  activeStage,
  secondsBetween,
  stageRanSeconds,
} from "../../../protocol/estimate/seconds.js";
import type { Usual } from "../../../protocol/estimate/usual.js";
import { getOwn } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ForecastReply } from "../../../protocol/replies.js";
import type { Wait } from "../../../protocol/why.js";
import type { Reason } from "../../scheduler/holds/hold.js";
import { slowStages } from "./changes.js";

/** Seconds without any report after which a running operation is told to be silent. */
const SILENT = 60;

type Expected = ForecastReply["operations"];

/**
 * @param reasons - of the holds that hold the operation
 * @param waiters - ids of what waits for its end
 */
export function waitsOfQueued(
  record: Operation,
  reasons: readonly Reason[],
  waiters: readonly string[],
  expected: Expected,
): Wait[] {
  const waits = reasons.map(({ what, until, at, after }): Wait => {
    const ends = (after?.ids ?? []).map((id) => getOwn(expected, id)?.endsAt ?? null);
    const known = ends.filter((end) => end !== null).sort();
    const last = ends.length === known.length ? known.at(-1) : undefined;
    const end = after?.all === false ? known[0] : last;
    // `; resume it with: liveops resume`
    const [reason = what, ...command] = until === undefined ? what.split("; ") : [what];
    const next = command.join("; ").replace(/^[^:]*: (?=liveops )/, "");
    return { what: reason, until: until ?? (next || null), at: at ?? end ?? null };
  });
  if (waits.length > 0) return waits;
  const at = getOwn(expected, record.id)?.startsAt ?? null;
  const { queue, queuePosition } = record;
  if (queuePosition === null) return [];
  const what = `it is number ${queuePosition} in the queue ${queue}`;
  const lent =
    waiters.length === 0
      ? ""
      : `, or ${waiters.join(" or ")}, which waits for it, can lend its slot`;
  return [{ what, until: `operations before it end, and a slot is free${lent}`, at }];
}

export function waitsOfRunning(
  record: Operation,
  usual: Usual | null,
  expected: Expected,
  now: number,
  find: (id: string) => Operation | null = () => null,
): Wait[] {
  const { id, pause, stalledSince, noRoomSince, waitingForInput, updatedAt } = record;
  const wait = (what: string, until: string | null, at: string | null = null): Wait[] => [
    { what, until, at },
  ];
  if (pause?.since) return wait("it is paused", `liveops resume ${id}`);
  if (record.waitsFor !== null)
    return record.waitsFor.map((each) => {
      const at = getOwn(expected, each)?.endsAt ?? null;
      const awaited = find(each);
      const open = awaited && waitsForApproval(awaited);
      return {
        what: `it waits for ${awaitedText(record, awaited, each)}`,
        until: open ? answerCommand(each, open) : `the end of ${each}`,
        at,
      };
    });
  if (stalledSince !== null)
    return wait("its worker was stopped by a signal (SIGSTOP)", "SIGCONT to its process");
  if (noRoomSince !== null)
    return wait("it waits for room on the disk", "room on the disk of the state directory");
  if (waitingForInput !== null) {
    const prompt = waitingForInput.prompt === "" ? "" : `: ${waitingForInput.prompt}`;
    return wait(`its program waits for input${prompt}`, `liveops attach ${id}`);
  }
  const silent = secondsBetween(updatedAt, now);
  const slow = slowStages(record, usual, now);
  const at = getOwn(expected, id)?.endsAt ?? null;
  const stage = activeStage(record);
  const spread = stage === null ? null : (getOwn(usual?.stages ?? {}, stage) ?? null);
  return [
    ...(silent >= SILENT ? wait(`it has reported nothing for ${Math.round(silent)} s`, null) : []),
    ...slow.flatMap(({ name, before, now: took }) =>
      wait(`the stage ${name} is slower than usual: ${took}, usually ${before}`, null),
    ),
    ...(slow.length === 0 &&
    stage !== null &&
    spread !== null &&
    stageRanSeconds(record, stage, now) > spread.p90
      ? wait(`the stage ${stage} runs longer than in nine of ten earlier runs`, null)
      : []),
  ].map((each) => ({ ...each, at }));
}

function awaitedText(
  { queue, slot, host }: Operation,
  awaited: Operation | null,
  id: string,
): string {
  if (awaited === null) return id;
  const isLent = awaited.queue === queue && awaited.slot === slot && awaited.host === host;
  if (waitsForApproval(awaited))
    return `${id} (${awaited.op}), which waits for the answer of a person`;
  const where = isLent && awaited.state === "running" ? ", which runs in its slot" : "";
  return `${id} (${awaited.op}, ${awaited.state})${where}`;
}
