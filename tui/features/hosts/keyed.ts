/** Records, lines and replies of one daemon among several: every id becomes a key, and every operation has its host. Pure. */
import { isPlainObject } from "../../../protocol/objects.js";
import type { RouteName } from "../../../protocol/paths.js";
import type { ForecastReply } from "../../../protocol/replies.js";
import { keyAt } from "../../dashboard/core/key.js";

type Leaf = (text: string, host: string) => string;
/** By member: how its texts change, also those of a list. */
interface Shape {
  readonly [member: string]: Shape | Leaf;
}

/** A host of a fleet behind the daemon is told as `box/build-2`. */
const place: Leaf = (inner, host) => (inner === "" ? host : `${host}/${inner}`);
const withHost: Leaf = (message, host) => `${message} (${host})`;

const OPERATION: Shape = {
  id: keyAt,
  chain: { id: keyAt, previous: keyAt, next: keyAt },
  after: keyAt,
  afterAny: keyAt,
  waitsFor: keyAt,
  againOf: keyAt,
  parent: { id: keyAt },
  host: place,
};
const HISTORY: Shape = { recent: { id: keyAt }, next: { op: keyAt } };
const NAMED: Shape = { name: keyAt };

/** Lines of the streams, by type. */
const LINES: Readonly<Record<string, Shape>> = {
  snapshot: { operations: OPERATION },
  chained: { from: keyAt, to: keyAt, operation: OPERATION },
  log: { id: keyAt },
  removed: { id: keyAt },
  end: { id: keyAt },
  history: { ...HISTORY, op: keyAt },
  // The one of a selection has the record in place of the patch.
  changed: { id: keyAt, patch: OPERATION, operation: OPERATION },
  "operation:submitted": { operation: OPERATION },
  "operation:finished": { next: keyAt },
  "attempt:started": { host: place },
  "attempt:finished": { next: OPERATION },
};

/** Replies that are no record, by route. */
const REPLIES: Partial<Record<RouteName, Shape>> = {
  list: { operations: OPERATION },
  history: HISTORY,
  types: {
    ops: { op: keyAt },
    errors: { message: withHost },
    withoutType: { message: withHost },
    notLoaded: { op: keyAt },
  },
  queues: { queues: NAMED },
  schedules: { schedules: NAMED },
};

function keyed(value: unknown, shape: Shape | Leaf, host: string): unknown {
  if (Array.isArray(value)) return value.map((each) => keyed(each, shape, host));
  if (typeof shape === "function") return typeof value === "string" ? shape(value, host) : value;
  if (!isPlainObject(value)) return value;
  // A whole record has a host, also that of a daemon alone; a patch has what changed.
  const all = shape === OPERATION && "chain" in value && "id" in value ? { host: "", ...value } : value;
  const members = Object.entries(shape).filter(([member]) => Object.hasOwn(all, member));
  return {
    ...all,
    ...Object.fromEntries(
      members.map(([member, inner]) => [
        member,
        keyed((all as Record<string, unknown>)[member], inner, host),
      ]),
    ),
  };
}

/** The line with the keys of the host. */
export const lineAt = <L extends { readonly type: string }>(line: L, host: string): L =>
  // Only texts change.
  keyed(line, LINES[line.type] ?? {}, host) as L;

/** The reply of one host to the route. Any other route than those of the table replies with a record, or with no key. */
export const replyAt = <T>(name: RouteName, reply: T, host: string): T => {
  const isRecord = isPlainObject(reply) && "chain" in reply;
  // Only texts change.
  return keyed(reply, REPLIES[name] ?? (isRecord ? OPERATION : {}), host) as T;
};

type Replies = ReadonlyArray<readonly [host: string, reply: unknown]>;

/** Routes that all hosts are asked, with how one reply is made of theirs. */
export const MERGED: Partial<Record<RouteName, (replies: Replies) => unknown>> = {
  types: lists,
  queues: lists,
  schedules: lists,
  forecast: (replies) => forecast(replies as ReadonlyArray<readonly [string, ForecastReply]>),
};

/** Each list of the replies, one host after the other. */
function lists(replies: Replies): Record<string, unknown[]> {
  const all: Record<string, unknown[]> = {};
  for (const [, reply] of replies)
    for (const [name, list] of Object.entries(reply as Record<string, unknown[]>))
      all[name] = [...(all[name] ?? []), ...list];
  return all;
}

/** The queues are empty when the last one is. */
function forecast(replies: ReadonlyArray<readonly [string, ForecastReply]>): ForecastReply {
  const told = replies.map(([, reply]) => reply);
  const isKnown = told.every(
    ({ emptyAt, operations }) =>
      emptyAt !== null || Object.values(operations).every(({ startsAt }) => startsAt !== null),
  );
  const ends = told.flatMap(({ emptyAt }) => emptyAt ?? []).sort();
  const delayed = told.flatMap((each) => each.delayed ?? []);
  const operations = replies.flatMap(([host, reply]) =>
    Object.entries(reply.operations).map(([id, expected]) => [keyAt(id, host), expected] as const),
  );
  return {
    at: new Date().toISOString(),
    emptyAt: isKnown ? (ends.at(-1) ?? null) : null,
    ...(delayed.length > 0 && {
      delayed: {
        operations: delayed.reduce((sum, each) => sum + each.operations, 0),
        startsAt: delayed.map(({ startsAt }) => startsAt).sort()[0]!,
      },
    }),
    operations: Object.fromEntries(operations),
  };
}
