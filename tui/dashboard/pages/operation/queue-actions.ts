/** The actions on queues and on queued operations. */

import { isPaused } from "../../core/chain.js";
import {
  actionsIn,
  ask,
  free,
  hasSelected,
  requests,
  send,
  targets,
} from "../../core/keys/action-parts.js";
import { isLive, type State } from "../../core/model.js";
import { isQueuePaused, queueOf } from "../../core/queues/queue-view.js";
import type { Request } from "../../core/request.js";

const queued = (state: State) => targets(state).filter((operation) => operation.state === "queued");
const idsOf = (operations: readonly { id: string }[]) => operations.map(({ id }) => id);

/** Pauses what runs, resumes what is paused; without either, the queue of the targets. */
function turned(state: State): Request | string {
  const running = targets(state).filter((operation) => operation.state === "running");
  const resumable = running.filter(isPaused);
  const pausable = running.filter(
    (operation) => !isPaused(operation) && !operation.cancelRequested,
  );
  if (pausable.length > 0) return { kind: "pause", ids: idsOf(pausable) };
  if (resumable.length > 0) return { kind: "resume", ids: idsOf(resumable) };
  if (running.length > 0) return "already cancelling";
  return queued(state).length > 0 ? turnedQueue(state) : "already finished";
}

/** The queue of the targets, paused or resumed. */
function turnedQueue(state: State): Request | string {
  const all = queued(state).length > 0 ? queued(state) : targets(state);
  const names = new Set(all.map(queueOf));
  if (names.size > 1) return "the marked operations are in different queues";
  const name = [...names][0] ?? queueOf(null);
  return { kind: isQueuePaused(state, name) ? "resume-queue" : "pause-queue", name };
}

/** A resume stops nothing: it is not asked about. */
const begin = (state: State, request: Request) =>
  (request.kind === "resume" ? send : ask)(state, request);

function turnHint(state: State): string | null {
  const request = turned(state);
  return typeof request === "string" ? null : request.kind.replace("-", " ");
}

export const QUEUE_ACTIONS = actionsIn(hasSelected, [
  {
    name: "pause",
    keys: ["p"],
    aliases: ["resume"],
    description: "pause, resume (its queue)",
    hint: turnHint,
    rank: 7,
    ...requests(turned, begin),
  },
  {
    name: "pause-queue",
    keys: [],
    description: "pause or resume the queue: nothing starts (asks first)",
    aliases: ["resume-queue"],
    when: free,
    ...requests(turnedQueue),
  },
  {
    name: "queues",
    keys: ["Q"],
    description: "queues and schedules",
    command: "queue",
    aliases: ["schedule"],
    when: (state) => free(state) && isLive(state),
    run: (state) => ({ ...state, page: { kind: "queues", at: 0 } }),
  },
]);
