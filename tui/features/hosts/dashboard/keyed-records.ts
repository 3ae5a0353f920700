/** Records and replies of one daemon among several: every id becomes a key, and every operation has its host. Pure. */

import type { Submission } from "../../../../protocol/event.js";
import type { Operation } from "../../../../protocol/operation.js";
import type { RouteName } from "../../../../protocol/paths.js";
import type {
  ForecastReply,
  HistoryReply,
  OperationPage,
  QueuesReply,
  SchedulesReply,
  TypesReply,
} from "../../../../protocol/replies.js";
import type { EventLine, SelectionLine } from "../../../../protocol/stream-lines.js";
import type { WatchLine } from "../../../../protocol/watch.js";
import { keyAt } from "../../../dashboard/core/key.js";

type Ids = Pick<
  Operation,
  "id" | "chain" | "after" | "afterAny" | "waitsFor" | "againOf" | "parent" | "host"
>;

const keyOrNull = (id: string | null, host: string) => (id === null ? null : keyAt(id, host));
const keys = (ids: readonly string[], host: string) => ids.map((id) => keyAt(id, host));

/** Adds the host to the ids of a record, or of a patch. */
function qualified<T extends Partial<Ids>>(record: T, host: string): T {
  const { id, chain, after, afterAny, waitsFor, againOf, parent } = record;
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
    ...(parent !== undefined && { parent: { ...parent, id: keyAt(parent.id, host) } }),
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
    case "moved":
      return { ...line, ids: keys(line.ids, host) };
    case "log":
    case "removed":
    case "end":
      return { ...line, id: keyAt(line.id, host) };
    case "history":
      return { ...line, ...historyAt(line, host), op: keyAt(line.op, host) };
    default:
      return line;
  }
}

function eventAt(line: EventLine, host: string): EventLine {
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

function historyAt(reply: HistoryReply, host: string): HistoryReply {
  return {
    ...reply,
    recent: reply.recent.map((run) => ({ ...run, id: keyAt(run.id, host) })),
    next: reply.next.map((next) => ({ ...next, op: keyAt(next.op, host) })),
  };
}

function typesAt(reply: TypesReply, host: string): TypesReply {
  const { ops, errors, withoutType, notLoaded, shadowed } = reply;
  const withHost = (each: { file: string; message: string }) => ({
    ...each,
    message: `${each.message} (${host})`,
  });
  return {
    ops: ops.map((type) => ({ ...type, op: keyAt(type.op, host) })),
    errors: errors.map(withHost),
    withoutType: withoutType.map(withHost),
    notLoaded: notLoaded.map((each) => ({ ...each, op: keyAt(each.op, host) })),
    shadowed,
  };
}

const named = <T extends { name: string }>(each: T, host: string): T => ({
  ...each,
  name: keyAt(each.name, host),
});

const pageAt = (page: OperationPage, host: string): OperationPage => ({
  ...page,
  operations: page.operations.map((operation) => operationAt(operation, host)),
});

const selectionAt = (line: SelectionLine, host: string): SelectionLine =>
  line.type === "changed" ? { ...line, operation: operationAt(line.operation, host) } : line;

type At = Partial<Record<RouteName, (value: never, host: string) => unknown>>;
type OfAll = Partial<Record<RouteName, (replies: never) => unknown>>;

/** The reply of one host, by route. */
export const REPLIES_AT = {
  submit: operationAt,
  submitChild: operationAt,
  again: operationAt,
  edit: operationAt,
  cancel: operationAt,
  pause: operationAt,
  resume: operationAt,
  approve: operationAt,
  reject: operationAt,
  runSchedule: operationAt,
  remove: operationAt,
  retry: operationAt,
  show: operationAt,
  list: pageAt,
  history: historyAt,
} satisfies At as Partial<Record<RouteName, (reply: unknown, host: string) => unknown>>;

/** A line of one host's stream, by route. */
export const LINES_AT = {
  events: eventAt,
  watch: watchLineAt,
  cancelAll: selectionAt,
  retryAll: selectionAt,
  removeAll: selectionAt,
} satisfies At as Partial<Record<RouteName, (line: unknown, host: string) => unknown>>;

type Replies<T> = ReadonlyArray<readonly [host: string, reply: T]>;

/** The replies of all hosts as one, by route. */
export const MERGED = {
  types: (replies: Replies<TypesReply>): TypesReply => {
    const all = replies.map(([host, reply]) => typesAt(reply, host));
    return {
      ops: all.flatMap(({ ops }) => ops),
      errors: all.flatMap(({ errors }) => errors),
      withoutType: all.flatMap(({ withoutType }) => withoutType),
      notLoaded: all.flatMap(({ notLoaded }) => notLoaded),
      shadowed: all.flatMap(({ shadowed }) => shadowed),
    };
  },
  /** The queues are empty when the last one is. */
  forecast: (replies: Replies<ForecastReply>): ForecastReply => {
    const ends = replies.flatMap(([, { emptyAt }]) => emptyAt ?? []);
    const isKnown = replies.every(([, { emptyAt, operations: all }]) =>
      emptyAt !== null ? true : Object.values(all).every(({ startsAt }) => startsAt !== null),
    );
    const delayed = replies.flatMap(([, each]) => each.delayed ?? []);
    const operations = replies.flatMap(([host, reply]) =>
      Object.entries(reply.operations).map(([id, expected]) => [keyAt(id, host), expected] as const),
    );
    return {
      at: new Date().toISOString(),
      emptyAt: isKnown ? (ends.sort().at(-1) ?? null) : null,
      ...(delayed.length > 0 && {
        delayed: {
          operations: delayed.reduce((sum, { operations: count }) => sum + count, 0),
          startsAt: delayed.map(({ startsAt }) => startsAt).sort()[0]!,
        },
      }),
      operations: Object.fromEntries(operations),
    };
  },
  queues: (replies: Replies<QueuesReply>): QueuesReply => ({
    queues: replies.flatMap(([host, { queues }]) => queues.map((queue) => named(queue, host))),
  }),
  schedules: (replies: Replies<SchedulesReply>): SchedulesReply => ({
    schedules: replies.flatMap(([host, { schedules }]) => schedules.map((each) => named(each, host))),
  }),
} satisfies OfAll as Partial<Record<RouteName, (replies: Replies<unknown>) => unknown>>;
