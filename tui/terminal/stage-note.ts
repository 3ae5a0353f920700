/** The notes of a stage: why it ran or did not run, the error that was allowed, and odd numbers. */

import { getOwn } from "../../protocol/objects.js";
import type { Operation, StageTimes } from "../../protocol/operation.js";
import { isUnrun, knownStageState, type StageState } from "../../protocol/stage-state.js";
import { firstLine } from "../../protocol/text/first-line.js";
import { oddText } from "../../protocol/text/odd-text.js";
import { sanitize } from "../../protocol/text/sanitize.js";
import { formatDuration } from "./format.js";

/** One line, safe for a terminal; empty: there is nothing to say. */
export function stageNote(state: StageState | undefined, times: StageTimes | undefined): string {
  if (state === undefined || times === undefined) return "";
  if (times.resumed) return sanitize(times.reason ?? "done in an earlier attempt");
  const known = knownStageState(state);
  if (known === "skipped") return joined("skipped", times.reason);
  if (known === "allowed-failure") return joined("allowed failure", times.error);
  return sanitize([firstLine(times.reason ?? ""), savedText(times)].filter(Boolean).join(", "));
}

/** `saved 42s`; empty: nothing was. */
export function savedText({ saved = 0 }: { saved?: number | undefined }): string {
  return saved < LEAST_SAVED ? "" : `saved ${formatDuration(saved)}`;
}

/** Seconds; less is not worth a word. */
export const LEAST_SAVED = 0.5;

/** Whether the stage ran in this attempt, so that its duration means something. */
export function ranHere(state: StageState | undefined, times: StageTimes | undefined): boolean {
  return times !== undefined && !times.resumed && !isUnrun(state);
}

/** Names of the stages whose failure was allowed. */
export function allowedFailures({
  stages,
  stageStates,
}: Pick<Operation, "stages" | "stageStates">): string[] {
  return stages.filter((stage) => getOwn(stageStates, stage) === "allowed-failure");
}

/** `▲ size 0.7 GiB, usually 1.9 to 2.1 GiB` of each odd number. Untrusted text. */
export function oddNotes({ odd = [] }: Pick<Operation, "odd">): string[] {
  return odd.map((each) => `▲ ${oddText(each)}`);
}

function joined(word: string, text: string | undefined): string {
  return text === undefined || text === "" ? word : `${word}: ${sanitize(firstLine(text))}`;
}
