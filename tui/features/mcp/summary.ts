/** An operation in few words: what an agent needs to go on. */
import type { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ForecastReply } from "../../../protocol/replies.js";
import { isFinal } from "../../../protocol/state.js";
import { firstLine } from "../../../protocol/text/first-line.js";
import { exitStatusOf } from "../../cli/follow/exit-status.js";
import { elapsedOf } from "../../describe/duration.js";
import { formatDuration } from "../../terminal/format.js";
import { expectedLeft, expectedProgress } from "../../terminal/time-left.js";
import { WAIT } from "./arguments.js";
import { cutText } from "./plain.js";
import { needsOf } from "./wait.js";

const MAX_MESSAGE = 300;
const MAX_TITLE = 120;

type Expected = ForecastReply["operations"];

/** What the daemon expects of the operations; empty where it cannot be asked. */
export async function expectedOf(
  client: Client,
  operations: readonly Operation[],
): Promise<Expected> {
  if (operations.every(({ state }) => isFinal(state))) return {};
  return (await client.forecast().catch(() => null))?.operations ?? {};
}

/** Whether it has ended; else what it needs from a person, and the next step. */
export function endOf(operation: Operation) {
  if (isFinal(operation.state)) return { finished: true };
  const waits = needsOf(operation);
  const next = `${operation.id} continues. Call ${WAIT} again to wait longer.`;
  return { finished: false, waits, next };
}

/** The state, its figures and the next step. */
export async function shortState(client: Client, operation: Operation) {
  const figures = summaryOf(operation, await expectedOf(client, [operation]), client.now());
  return { ...figures, ...endOf(operation) };
}

/** One operation of a list. Keys without a value are absent. */
export function summaryOf(operation: Operation, expected: Expected, now: number, lastLine = "") {
  const { id, op, title, label, state, stages, currentStage, error, odd, chain, parent } =
    operation;
  const { untrackedStage, attempt, result } = operation;
  const isLive = !isFinal(state);
  const seconds = elapsedOf(operation, now);
  const left = isLive ? expectedLeft(expected[id], now) : "";
  const hasExit = !isLive && Object(result).exitCode !== undefined;
  const stage = untrackedStage ?? stages[currentStage];
  return {
    id,
    op,
    title: cutText(title, MAX_TITLE),
    label: label ?? undefined,
    state,
    ...(isLive && stage !== undefined && { stage }),
    ...(state === "running" && {
      percent: Math.floor(expectedProgress(operation, expected[id], now).percent),
    }),
    ...(seconds !== null && { elapsed: formatDuration(seconds) }),
    ...(left !== "" && { left }),
    ...(hasExit && { exitCode: exitStatusOf(operation) }),
    ...(error && {
      error: { code: error.code, message: cutText(firstLine(error.message), MAX_MESSAGE) },
    }),
    ...(odd?.length && { odd }),
    ...(attempt > 1 && { attempt }),
    ...((chain.previous ?? chain.next) !== null && { chain }),
    parent,
    ...(lastLine !== "" && { lastLine }),
  };
}
