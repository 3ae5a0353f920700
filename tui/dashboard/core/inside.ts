/** The operations inside of an operation, and what they do as rows below the stage that waits for them. */

import { overallProgress } from "../../../protocol/estimate/overall-progress.js";
import { getOwn, pick } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import { type Inside, insideOf } from "../../describe/inside.js";
import { placeIn } from "../../describe/operation.js";
import { nameOf, operationOf } from "./chain.js";
import type { State } from "./model.js";
import { perObject } from "./per-object.js";
import type { StepRow } from "./steps.js";

type Known = Pick<State, "view" | "fetched">;

const grouped = perObject((all: ReadonlyMap<string, Operation>): Inside => insideOf(all.values()));

/** Of what the watch stream brought: it has all that runs. */
export const watchedInside = ({ view }: Known): Inside => grouped(view.operations);

/** The known operations inside of the operation, in the order of their begin. */
export function childrenOf({ view, fetched }: Known, id: string): Operation[] {
  const older = (grouped(fetched).get(id) ?? []).filter((it) => !view.operations.has(it.id));
  const all = [...older, ...(grouped(view.operations).get(id) ?? [])];
  return all.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}

export const parentOf = (state: Known, { parent }: Operation): Operation | null =>
  operationOf(state, parent?.id ?? null);

/** What a person wants to see of those inside: the one that runs, else the one that failed, else the newest. */
export function childToOpen(state: Known, operation: Operation | null): Operation | null {
  const all = operation === null ? [] : childrenOf(state, operation.id);
  const last = all.findLast(({ state: is }) => is === "failed") ?? all.at(-1) ?? null;
  return all.find(({ state: is }) => is === "running") ?? last;
}

/** `Release › Build › lint`: where the operation runs. Untrusted text. */
export function placeText(state: Known, operation: Operation): string {
  const around = parentOf(state, operation);
  if (around === null) return operation.parent === undefined ? "" : operation.parent.id;
  const outer = placeText(state, around) || nameOf(state, around);
  return [outer, placeIn(operation.parent!)].filter(Boolean).join(" › ");
}

/** The stages of the one operation inside of the stage or step; of several ones, below the title of each. */
export function rowsInside(
  state: Known,
  { id }: Operation,
  stage: string,
  step: string | undefined,
  depth: number,
): StepRow[] {
  const all = childrenOf(state, id).filter(
    ({ parent, chain }) =>
      parent!.stage === stage && parent!.step === step && operationOf(state, chain.next) === null,
  );
  return all.flatMap((child) => {
    const isAlone = all.length === 1 && child.stages.length > 0;
    const isOpen =
      child.state === "running" || (isAlone && child.state !== "succeeded" && child.state !== "queued");
    const under = isAlone ? depth : depth + 1;
    const rows = isOpen ? child.stages.flatMap((name) => stageRows(state, child, name, under)) : [];
    return isAlone ? rows : [operationRow(child, depth), ...rows];
  });
}

const BLANK = {
  percent: 0,
  progress: null,
  status: null,
  startedAt: "",
  finishedAt: null,
  seconds: null,
  resumed: false,
  exitCode: null,
};

function stageRows(state: Known, child: Operation, name: string, depth: number): StepRow[] {
  const is = getOwn(child.stageStates, name);
  const times = getOwn(child.stageTimes, name);
  const isShown = is === "active" && child.untrackedStage === null;
  const row: StepRow = {
    ...BLANK,
    ...times,
    ...(isShown && pick(child, ["percent", "progress", "status"])),
    name,
    depth,
    state: is,
    reason: times?.reason ?? times?.error ?? null,
  };
  if (is !== "active" && is !== "failed") return [row];
  return [row, ...rowsInside(state, child, name, undefined, depth + 1)];
}

function operationRow(child: Operation, depth: number): StepRow {
  const { title, state, startedAt, error } = child;
  return {
    ...BLANK,
    ...pick(child, ["status", "finishedAt", "seconds"]),
    name: title,
    depth,
    state: STAGE_STATE[state],
    percent: overallProgress(child, null).percent,
    startedAt: startedAt ?? "",
    reason: error?.message ?? (state === "queued" ? state : null),
  };
}

const STAGE_STATE: Record<Operation["state"], StepRow["state"]> = {
  queued: undefined,
  running: "active",
  succeeded: "done",
  failed: "failed",
  cancelled: "cancelled",
};
