/** Records and replies of one daemon among several: every id becomes a key, and every operation has its host. Pure. */

import type { Submission } from "../../../protocol/event.js";
import type { Operation } from "../../../protocol/operation.js";
import type {
  ForecastReply,
  HistoryReply,
  QueueReply,
  ScheduleReply,
  TypesReply,
} from "../../../protocol/replies.js";
import type { EventLine } from "../../../protocol/stream-lines.js";
import type { WatchLine } from "../../../protocol/watch.js";
import { keyAt } from "../state/host-key.js";

type Ids = Pick<Operation, "id" | "chain" | "after" | "afterAny" | "waitsFor" | "againOf" | "host">;

const keyOrNull = (id: string | null, host: string) => (id === null ? null : keyAt(id, host));
const keys = (ids: readonly string[], host: string) => ids.map((id) => keyAt(id, host));

/** Of a patch, the keys that it has. */
function qualified<T extends Partial<Ids>>(record: T, host: string): T {
  const { id, chain, after, afterAny, waitsFor, againOf } = record;
  return {
    ...record,
    ...(id !== undefined && { id: keyAt(id, host) }),
    ...(chain !== undefined && {
      chain: {
        ...chain,
        id: keyAt(chain.id, host),
        previous: keyOrNull(chain.previous, host),
        next: keyOrNull(chain.next, host),
      },
    }),
    ...(after !== undefined && { after: keys(after, host) }),
    ...(afterAny !== undefined && { afterAny: keys(afterAny, host) }),
    ...(waitsFor != null && { waitsFor: keys(waitsFor, host) }),
    ...(againOf !== undefined && { againOf: keyAt(againOf, host) }),
    ...(record.host !== undefined && { host: `${host}/${record.host}` }),
  };
}

/** A host of a fleet behind the daemon is told as `box/build-2`. */
export function operationAt(operation: Operation, host: string): Operation {
  return { ...qualified(operation, host), host: hostWithin(operation.host, host) };
}

const hostWithin = (inner: string | undefined, host: string) =>
  inner === undefined ? host : `${host}/${inner}`;

function patchAt(patch: Partial<Operation>, host: string): Partial<Operation> {
  return patch.id === undefined ? qualified(patch, host) : operationAt(patch as Operation, host);
}

export function watchLineAt(line: WatchLine, host: string): WatchLine {
  switch (line.type) {
    case "snapshot":
      return { ...line, operations: line.operations.map((operation) => operationAt(operation, host)) };
    case "changed":
      return { ...line, id: keyAt(line.id, host), patch: patchAt(line.patch, host) };
    case "chained":
      return {
        ...line,
        from: keyAt(line.from, host),
        to: keyAt(line.to, host),
        operation: operationAt(line.operation, host),
      };
    case "log":
    case "removed":
    case "end":
      return { ...line, id: keyAt(line.id, host) };
    default:
      return line;
  }
}

/** A replay builds records from events: they name the chain. */
export function eventAt(line: EventLine, host: string): EventLine {
  switch (line.type) {
    case "operation:submitted":
      return { ...line, operation: submissionAt(line.operation, host) };
    case "operation:finished":
      return { ...line, next: keyOrNull(line.next, host) };
    case "attempt:finished":
      return line.next === null ? line : { ...line, next: submissionAt(line.next, host) };
    case "attempt:started":
      return { ...line, host: hostWithin(line.host, host) };
    default:
      return line;
  }
}

const submissionAt = (submission: Submission, host: string): Submission => qualified(submission, host);

export function historyAt(reply: HistoryReply, host: string): HistoryReply {
  return {
    ...reply,
    recent: (reply.recent ?? []).map((run) => ({ ...run, id: keyAt(run.id, host) })),
    next: (reply.next ?? []).map((next) => ({ ...next, op: keyAt(next.op, host) })),
  };
}

export function forecastAt({ operations, ...reply }: ForecastReply, host: string): ForecastReply {
  const entries = Object.entries(operations).map(([id, expected]) => [keyAt(id, host), expected]);
  return { ...reply, operations: Object.fromEntries(entries) };
}

export const queueAt = (queue: QueueReply, host: string): QueueReply => ({
  ...queue,
  name: keyAt(queue.name, host),
});

export const scheduleAt = (schedule: ScheduleReply, host: string): ScheduleReply => ({
  ...schedule,
  name: keyAt(schedule.name, host),
});

export function typesAt(reply: TypesReply, host: string): TypesReply {
  const { ops, errors, withoutType, notLoaded, shadowed } = reply;
  const told = (each: { file: string; message: string }) => ({
    ...each,
    message: `${each.message} (${host})`,
  });
  return {
    ops: ops.map((type) => ({ ...type, op: keyAt(type.op, host) })),
    errors: errors.map(told),
    withoutType: withoutType.map(told),
    notLoaded: notLoaded.map((each) => ({ ...each, op: keyAt(each.op, host) })),
    shadowed,
  };
}
