/** Finds an operation by an id or prefix, and shows it with its momentary values, such as its queue position. */
import { Refusal } from "../protocol/errors.js";
import { MIN_PREFIX } from "../protocol/id.js";
import type { Blocked, Operation } from "../protocol/operation.js";
import { placeOf, type Queue } from "./scheduler/queue.js";
import type { Entry } from "./store/decision.js";
import type { Store } from "./store/store.js";

/** Candidates shown for an ambiguous prefix. */
const MAX_CANDIDATES = 8;

/** The values of a running attempt that are not part of the stored record. */
export interface MomentaryValues extends Pick<Operation, "stalledSince" | "noRoomSince"> {
  sampler: Pick<Operation, "resources" | "usage">;
}

export function operationView(
  entry: Entry,
  queue: Queue,
  momentary: MomentaryValues | undefined,
  blocked: (entry: Entry) => Blocked | null = () => null,
  waitsFor: (id: string) => string[] | null = () => null,
): Operation {
  const { record } = entry;
  if (record.state === "queued")
    return {
      ...record,
      queuePosition: queue.position(record.id, placeOf(entry)),
      blocked: blocked(entry),
      waitsFor: waitsFor(record.id),
    };
  if (record.state !== "running" || !momentary) return record;
  const { stalledSince, noRoomSince, sampler } = momentary;
  const { resources, usage } = sampler;
  const values = { stalledSince, noRoomSince, resources, usage };
  const isPaused = record.pause !== null && record.pause.since !== null;
  if (stalledSince === null && noRoomSince === null && !isPaused) return { ...record, ...values };
  // The remaining time of an operation that does not progress is unknown.
  const progress = record.progress && { ...record.progress, etaSeconds: null };
  return { ...record, ...values, progress };
}

/** The record with the names of the submit's variables, which lists and streams leave out. */
export function withVariables(record: Operation, { env }: Entry): Operation {
  return { ...record, env: Object.keys(env).sort() };
}

/** @throws Refusal where the id, or prefix, matches none or several */
export async function findOperation({ archive }: Pick<Store, "archive">, typed: string): Promise<Entry> {
  const exact = await archive.find(typed);
  if (exact) return exact;
  if (typed.length < MIN_PREFIX || typed.length >= 12) throw noSuchOperation(typed);
  const ids = await archive.idsWithPrefix(typed, MAX_CANDIDATES + 1);
  if (ids.length > 1) throw ambiguous(typed, ids);
  const entry = ids[0] === undefined ? null : await archive.find(ids[0]);
  if (!entry) throw noSuchOperation(typed);
  return entry;
}

function noSuchOperation(typed: string): Refusal {
  const short = typed.length < MIN_PREFIX ? ` (a prefix needs ${MIN_PREFIX} characters or more)` : "";
  return new Refusal(
    "LIVEOPS_NO_SUCH_OPERATION",
    `there is no operation ${JSON.stringify(typed)}${short}; liveops ls lists them`,
  );
}

function ambiguous(typed: string, ids: string[]): Refusal {
  const shown = ids.slice(0, MAX_CANDIDATES);
  const more = ids.length > shown.length ? " and more" : "";
  return new Refusal(
    "LIVEOPS_AMBIGUOUS_ID",
    `${JSON.stringify(typed)} matches ${shown.join(", ")}${more}; type more characters`,
    {
      candidates: shown,
    },
  );
}
