/**
 * The `Why` of an operation that has not failed: what it waits for, what is unusual, which stages
 * did not run.
 */
import { answerCommand, rejectCommand, waitsForApproval } from "../../../protocol/approval.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ForecastReply } from "../../../protocol/replies.js";
import type { Why } from "../../../protocol/why.js";
import type { Reason } from "../../scheduler/holds/hold.js";
import type { Entry } from "../../store/decision.js";
import { leftStages, ranStages, savedBy } from "./decisions.js";
import { headOf, RUNS_LEAST, type WhyParts } from "./sources.js";
import { waitsOfQueued, waitsOfRunning } from "./waits.js";

/** What only the present can tell of an operation. */
export interface Present {
  /** As clients see it. */
  record: Operation;
  reasons: readonly Reason[];
  /** Ids of the operations that wait for its end. */
  waiters: readonly string[];
  expected: ForecastReply["operations"];
}

export async function whyPresent(
  entry: Entry,
  { record, reasons, waiters, expected }: Present,
  { durations, now, store }: Pick<WhyParts, "durations" | "now" | "store">,
): Promise<Why> {
  const usual = (await durations.usual([entry], RUNS_LEAST))(record);
  let waits: Why["waits"] = [];
  if (record.state === "queued") waits = waitsOfQueued(record, reasons, waiters, expected);
  else if (record.state === "running")
    waits = waitsOfRunning(record, usual, expected, now(), (id) => store.find(id)?.record ?? null);
  const left = leftStages(record);
  return {
    ...headOf(record, now()),
    waits,
    left,
    ran: ranStages(record),
    summary: summaryOf(record, waits, left),
    savedSeconds: savedBy(record, left, usual),
    next: nextOf(record),
  };
}

function summaryOf(
  { state, error, id, odd = [] }: Operation,
  [first]: Why["waits"],
  left: Why["left"],
): string {
  // A question of a person has its own sign at the end.
  if (first !== undefined)
    return `${first.what[0]!.toUpperCase()}${first.what.slice(1)}${/[.?!]$/.test(first.what) ? "" : "."}`;
  if (state === "queued") return "It starts now.";
  if (state === "running") return "It runs as usual.";
  if (state === "cancelled")
    return error === null ? "Somebody cancelled it." : `It was cancelled: ${error.message}`;
  if (odd.length > 0) return "It succeeded, with unusual numbers.";
  if (left.length === 0) return "It succeeded.";
  const stages = left.filter(({ step }) => step === undefined).length;
  const what = stages > 0 ? counted(stages, "stage") : counted(left.length, "step");
  return `It succeeded; ${what} did not run: liveops show ${id}`;
}

function counted(count: number, of: string): string {
  return count === 1 ? `one ${of}` : `${count} ${of}s`;
}

function nextOf(record: Operation): Why["next"] {
  const { id, state, blocked } = record;
  const open = waitsForApproval(record);
  const cancel = { command: `liveops cancel ${id}`, does: "ends it" };
  if (open !== null)
    return [
      { command: answerCommand(id, open), does: `answers it: ${open.choices.join(", ")}` },
      { command: rejectCommand(id, open), does: "rejects it: its stage fails" },
      cancel,
    ];
  if (state === "queued")
    return blocked === null
      ? [{ command: `liveops watch ${id}`, does: "follows it" }, cancel]
      : [cancel];
  if (state === "running")
    return [{ command: `liveops logs -f ${id}`, does: "follows its log" }, cancel];
  const again = { command: `liveops again ${id}`, does: "runs it again" };
  return state === "cancelled"
    ? [{ command: `liveops retry ${id}`, does: "goes on with it" }, again]
    : [again];
}
