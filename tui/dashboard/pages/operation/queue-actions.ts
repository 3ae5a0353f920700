/** The actions on queues and on places in them: pause, resume, priority, edit. */

import { isFinal } from "../../../../protocol/state.js";
import { MAX_PRIORITY } from "../../../../protocol/submit-fields.js";
import { ask, busy, free, hasSelected, inGroup, send, targets } from "../../core/action-parts.js";
import { isPaused, selectedOperation } from "../../core/chain.js";
import { emit, isLive, type State } from "../../core/model.js";
import { isQueuePaused, queueOf } from "../../core/queue-view.js";

const running = (state: State) => targets(state).filter((operation) => operation.state === "running");
const pausable = (state: State) =>
  running(state).filter((operation) => !isPaused(operation) && !operation.cancelRequested);
const resumable = (state: State) => running(state).filter(isPaused);
const queued = (state: State) => targets(state).filter((operation) => operation.state === "queued");
/** In the log the same key holds the log still. */
const onList = ({ pane }: State) => pane === "list";
const idsOf = (operations: readonly { id: string }[]) => operations.map(({ id }) => id);

function noPause(state: State): string | null {
  if (pausable(state).length > 0) return busy(state);
  if (resumable(state).length > 0) return "already paused";
  if (running(state).length > 0) return "already cancelling";
  return queued(state).length > 0 ? "not started yet; pause its queue instead" : "already finished";
}

function noResume(state: State): string | null {
  if (resumable(state).length > 0)
    return pausable(state).length === 0 ? busy(state) : "some of the marked operations are not paused";
  return running(state).length > 0 ? "not paused" : "only a paused operation can be resumed";
}

/** The queue of the targets; undefined: they are in several. */
function queueName(state: State): string | undefined {
  const all = queued(state).length > 0 ? queued(state) : targets(state);
  const names = new Set(all.map(queueOf));
  if (names.size > 1) return undefined;
  return [...names][0] ?? queueOf(null);
}

/** Why its queue cannot be paused, or resumed. */
function noSwitch(state: State, toPaused: boolean): string | null {
  // The key pauses what runs first.
  const isForRunning =
    running(state).length > 0 || (queued(state).length === 0 && state.view.counts.running > 0);
  if (isForRunning) return "select a queued operation, or press Q for all queues";
  const name = queueName(state);
  if (name === undefined) return "the marked operations are in different queues";
  if (isQueuePaused(state, name) === toPaused)
    return toPaused ? `queue ${name} is already paused` : `queue ${name} is not paused`;
  return busy(state);
}

const queueHint = (state: State, word: string) =>
  queued(state).length > 0 && running(state).length === 0 ? word : null;

const noPriority = (state: State): string | null =>
  queued(state).length > 0 ? busy(state) : "only a queued operation has a place in its queue";

function prioritize(state: State, next: (priority: number) => number): State {
  const all = queued(state);
  const changes = all.map(({ priority }) => ({ priority: next(priority) }));
  const done =
    all.length === 1
      ? `priority ${changes[0]!.priority}`
      : `changed the priority of ${all.length} operations`;
  return send(state, { kind: "edit", ids: idsOf(all), changes, done });
}

const raised = (by: number) => (priority: number) =>
  Math.max(-MAX_PRIORITY, Math.min(MAX_PRIORITY, priority + by));

const priorityOf = (state: State) => selectedOperation(state)?.priority ?? 0;

export const QUEUE_ACTIONS = inGroup("operation", hasSelected, [
  {
    name: "pause",
    keys: ["p"],
    description: "pause (asks first) or resume the operation, or its queue",
    command: "pause",
    hint: () => "pause",
    rank: 5,
    when: (state) => hasSelected(state) && onList(state),
    disabledReason: noPause,
    // In the log the same key only holds the log still, so a person may press it by mistake.
    run: (state) => ask(state, { kind: "pause", ids: idsOf(pausable(state)) }),
  },
  {
    name: "resume",
    keys: ["p"],
    description: "continue the paused operation",
    unlisted: true,
    command: "resume",
    hint: () => "resume",
    rank: 5,
    when: (state) => hasSelected(state) && onList(state),
    disabledReason: noResume,
    run: (state) => send(state, { kind: "resume", ids: idsOf(resumable(state)) }),
  },
  {
    name: "pause-queue",
    keys: ["p"],
    description: "pause the queue of the operation: nothing starts (asks first)",
    unlisted: true,
    commandWords: (state) => ["pause", "--queue", queueName(state) ?? "<queue>"],
    hint: (state) => queueHint(state, "pause queue"),
    rank: 5,
    when: (state) => free(state) && onList(state),
    disabledReason: (state) => noSwitch(state, true),
    run: (state) => ask(state, { kind: "pause-queue", name: queueName(state)! }),
  },
  {
    name: "resume-queue",
    keys: ["p"],
    description: "resume the queue of the operation (asks first)",
    unlisted: true,
    commandWords: (state) => ["resume", "--queue", queueName(state) ?? "<queue>"],
    hint: (state) => queueHint(state, "resume queue"),
    rank: 5,
    when: (state) => free(state) && onList(state),
    disabledReason: (state) => noSwitch(state, false),
    run: (state) => ask(state, { kind: "resume-queue", name: queueName(state)! }),
  },
  {
    name: "priority-up",
    keys: ["+", "="],
    helpKeys: "+ -",
    description: "raise or lower the priority of the queued operation",
    commandWords: (state) => [
      "edit",
      state.selected ?? "",
      "--priority",
      String(raised(1)(priorityOf(state))),
    ],
    disabledReason: noPriority,
    run: (state) => prioritize(state, raised(1)),
  },
  {
    name: "priority-down",
    keys: ["-"],
    disabledReason: noPriority,
    run: (state) => prioritize(state, raised(-1)),
  },
  {
    name: "priority-top",
    keys: ["T"],
    description: "make the queued operation the next of its queue",
    commandWords: (state) => ["edit", state.selected ?? "", "--top"],
    disabledReason: noPriority,
    // The one that is moved last is the next: so the marked ones keep their order.
    run: (state) => {
      const ids = idsOf(queued(state)).toReversed();
      const done = ids.length === 1 ? "next in its queue" : `next: ${ids.length} operations`;
      return send(state, { kind: "edit", ids, changes: ids.map(() => ({ top: true as const })), done });
    },
  },
  {
    name: "edit",
    keys: ["e"],
    description: "change the queued operation: a form with its parameters",
    command: "edit",
    hint: (state) => (selectedOperation(state)?.state === "queued" ? "edit" : null),
    rank: 5,
    disabledReason: (state) => {
      const operation = selectedOperation(state);
      if (operation?.state === "queued") return busy(state);
      return operation !== null && isFinal(operation.state)
        ? "already finished; run it again with changes (r)"
        : "already started";
    },
    run: (state) =>
      state.selected === null ? state : emit(state, { type: "prepare-form", id: state.selected }),
  },
  {
    name: "queues",
    keys: ["Q"],
    description: "queues and schedules",
    command: "queue",
    aliases: ["schedule"],
    hint: () => null,
    when: (state) => free(state) && isLive(state),
    run: (state) => ({ ...state, page: { kind: "queues", at: 0 } }),
  },
]);
