/**
 * The attributes of spans, by name. The names are stable. `npm run docs` writes the table of docs/traces.md from this
 * module.
 *
 * Parameters, results, log lines, working directories and variables are no attributes: they may hold secrets.
 */

import type { Operation } from "../../../protocol/operation.js";

/** Which spans have the attribute. */
type On = "operation" | "queue" | "attempt" | "stage" | "step" | "link";

type Value = string | number | boolean | string[] | undefined;

interface Attribute {
  on: readonly On[];
  meaning: string;
  /** The value, where the record has it. */
  of?: (record: Operation) => Value;
}

export const ATTRIBUTES = {
  "liveops.operation.id": {
    on: ["operation", "queue", "attempt", "stage", "step"],
    meaning: "Id of the operation",
    of: ({ id }) => id,
  },
  "liveops.operation.type": {
    on: ["operation", "queue", "attempt", "stage", "step"],
    meaning: "Name of the operation type",
    of: ({ op }) => op,
  },
  "liveops.operation.label": {
    on: ["operation"],
    meaning: "Label of the submit; absent without one",
    of: ({ label }) => label ?? undefined,
  },
  "liveops.operation.state": { on: ["operation"], meaning: "`succeeded`, `failed` or `cancelled`" },
  "liveops.operation.attempts": {
    on: ["operation"],
    meaning: "Number of attempts",
    of: ({ attempt }) => attempt,
  },
  "liveops.operation.retries": {
    on: ["operation"],
    meaning: "Number of the retry by a command, from 1; absent for the run of the submit",
  },
  "liveops.operation.priority": {
    on: ["operation"],
    meaning: "Priority in the queue",
    of: ({ priority }) => priority,
  },
  "liveops.operation.tags": {
    on: ["operation"],
    meaning: "Tags that a host must have; absent without any",
    of: ({ tags = [] }) => (tags.length === 0 ? undefined : [...tags]),
  },
  "liveops.chain.id": {
    on: ["operation"],
    meaning: "Id of the first operation of the chain",
    of: ({ chain }) => chain.id,
  },
  "liveops.chain.index": {
    on: ["operation"],
    meaning: "Position in the chain, from 0",
    of: ({ chain }) => chain.index,
  },
  "liveops.schedule.name": {
    on: ["operation"],
    meaning: "Schedule that submitted the operation, if one did",
    of: ({ schedule }) => schedule,
  },
  "liveops.queue.name": {
    on: ["operation", "queue"],
    meaning: "Name of the queue",
    of: ({ queue }) => queue,
  },
  "liveops.attempt.number": { on: ["attempt", "stage", "step"], meaning: "Number of the attempt, from 1" },
  "liveops.attempt.outcome": {
    on: ["attempt"],
    meaning: "`succeeded`, `failed` or `cancelled`; `requeued`: the operation was queued again",
  },
  "liveops.attempt.reason": { on: ["attempt"], meaning: "Why the operation was queued again" },
  "liveops.attempt.slot": { on: ["attempt"], meaning: "Number of the slot of the queue, from 1" },
  "liveops.attempt.stages_not_exported": {
    on: ["attempt"],
    meaning: "Number of stages and steps beyond the first 1,000, which have no span; absent without any",
  },
  "liveops.stage.name": { on: ["stage", "step"], meaning: "Name of the stage" },
  "liveops.stage.index": { on: ["stage"], meaning: "Index in the stages of the type; absent: untracked" },
  "liveops.stage.state": {
    on: ["stage"],
    meaning: "`done`, `up-to-date`, `allowed-failure`, `skipped`, `failed` or `cancelled`",
  },
  "liveops.stage.resumed": {
    on: ["stage"],
    meaning: "`true`: the block did not run; an earlier attempt has done the stage",
  },
  "liveops.stage.reason": { on: ["stage"], meaning: "Why the block did not run" },
  "liveops.step.name": { on: ["step"], meaning: "Name of the step" },
  "liveops.step.state": {
    on: ["step"],
    meaning: "As of a stage, or `ended`: another step of the stage failed",
  },
  "liveops.step.resumed": {
    on: ["step"],
    meaning: "`true`: the step did not run; an earlier attempt has done it",
  },
  "liveops.step.reason": { on: ["step"], meaning: "Why the step was ended, or did not run" },
  "liveops.link.kind": {
    on: ["link"],
    meaning:
      "`chain`: the operation before in the chain; `after`: an operation that this one waited for; `again`: the operation that this one repeats; `submit`: the span that was active at the submit",
  },
  "error.type": {
    on: ["operation", "attempt", "stage", "step"],
    meaning: "Code of the error; absent without one",
  },
  "process.pid": { on: ["attempt"], meaning: "Pid of the worker" },
  "process.exit.code": { on: ["step"], meaning: "Exit code of the last program of the step" },
  "host.name": { on: ["attempt"], meaning: "Host of the fleet that ran the attempt" },
} as const satisfies Record<string, Attribute>;

export type AttributeName = keyof typeof ATTRIBUTES;

/** An undefined value is left out. */
export type Attributes = Partial<Record<AttributeName, Value>>;

/** The attributes of a span that the record has. */
export function attributesOf(on: On, record: Operation): Attributes {
  const all: Array<[string, Attribute]> = Object.entries(ATTRIBUTES);
  return Object.fromEntries(
    all.flatMap(([name, { on: spans, of }]) => (of && spans.includes(on) ? [[name, of(record)]] : [])),
  );
}

/** Attributes of the resource: what runs the operations. The standard variables may override them. */
export const RESOURCE_ATTRIBUTES = {
  "service.name": "`liveops`, or `OTEL_SERVICE_NAME`",
  "service.version": "Version of liveops",
  "service.instance.id": "Name of the host of the fleet; without a fleet that of the machine",
  "host.name": "The same name",
} as const;
