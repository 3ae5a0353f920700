/** Finds operations, and shows them with their momentary values, such as their queue positions. */
import { Refusal } from "../../protocol/errors.js";
import { ID_LENGTH, MIN_PREFIX } from "../../protocol/id.js";
import { FIRST_QUEUED } from "../../protocol/limits.js";
import { pick } from "../../protocol/objects.js";
import type { LogLine, Operation } from "../../protocol/operation.js";
import { shellLine } from "../../protocol/text/shell-quote.js";
import type { Counts } from "../../protocol/watch.js";
import type { Bus } from "../bus.js";
import type { Feature } from "../feature.js";
import type { Log } from "../log/log.js";
import { linesAfter } from "../run-files/log-slices.js";
import type { Runs } from "../run-files/runs.js";
import { isUnreadable } from "../run-files/unreadable.js";
import type { Attempt } from "../scheduler/attempt.js";
import type { Dependencies } from "../scheduler/holds/dependencies.js";
import { placeOf, type Queue } from "../scheduler/queue.js";
import type { WaitEdges } from "../scheduler/wait-edges.js";
import type { Waiting } from "../scheduler/waiting.js";
import type { Entry } from "../store/decision.js";
import { jsonSize } from "../store/json-size.js";
import type { Store } from "../store/store.js";
import { fits, isUnfiltered, type Scope } from "./scope.js";

/** Bytes of JSON above which lists and streams leave a value out. */
const LARGE_VALUE = 16 * 1024;

const MAYBE_LARGE = ["params", "result"] as const;

/** What stands for a value that is left out. */
const NO_VALUES = { params: {}, result: null };

/** Candidates shown for an ambiguous prefix. */
const MAX_CANDIDATES = 8;

interface ViewParts {
  bus: Bus;
  log: Log;
  runs: Pick<Runs, "of">;
  store: Store;
  queue: Queue;
  waiting: Pick<Waiting, "why">;
  dependencies: Pick<Dependencies, "waitsFor">;
  edges: Pick<WaitEdges, "waitsFor">;
  /** Running attempts, by operation id. */
  attempts: ReadonlyMap<string, Attempt>;
  features: readonly Feature[];
}

export class OperationView {
  constructor(private readonly parts: ViewParts) {}

  /**
   * @param typed - an id, a prefix of 3 or more characters, or the label of a live or recent
   *   operation
   * @throws Refusal where it matches none or several
   */
  async find(typed: string): Promise<Entry> {
    const { archive } = this.parts.store;
    const exact = await archive.find(typed);
    if (exact) return exact;
    const isPrefix = typed.length >= MIN_PREFIX && typed.length < ID_LENGTH;
    const ids = isPrefix ? await archive.idsWithPrefix(typed, MAX_CANDIDATES + 1) : [];
    const labelled = this.#labelled(typed);
    const all = [...new Set([...ids, ...labelled])];
    if (all.length > 1) throw ids.length > 0 ? ambiguous(typed, all) : ambiguousLabel(typed, all);
    const entry = all[0] === undefined ? null : await archive.find(all[0]);
    if (!entry) throw noSuchOperation(typed);
    return entry;
  }

  /** Ids with this label, newest first. One that is live goes before those that are finished. */
  #labelled(label: string): string[] {
    const { ledger, recent } = this.parts.store;
    const idsOf = (entries: Iterable<Entry>) =>
      [...entries]
        .filter(({ record }) => record.label === label)
        .sort((a, b) => b.order - a.order)
        .map(({ record }) => record.id);
    const live = idsOf([...ledger.inState("queued"), ...ledger.inState("running")]);
    return live.length === 1 ? live : [...live, ...idsOf(recent.values())];
  }

  /** The record as lists and streams show it. */
  present(entry: Entry): Operation {
    return withoutLarge(this.#shown(entry));
  }

  /**
   * As `present`, with what lists and streams leave out: large values, and the names of the
   * submit's variables.
   */
  presentWhole(entry: Entry): Operation {
    const record = { ...this.#shown(entry), env: Object.keys(entry.env).sort() };
    for (const feature of this.parts.features)
      Object.assign(record, feature.shownWhole?.(entry.record.id));
    return record;
  }

  #shown(entry: Entry): Operation {
    let shown = this.#withMomentary(entry);
    for (const feature of this.parts.features) {
      const more = feature.shown?.(entry.record.id) ?? null;
      if (more !== null) shown = { ...shown, ...more };
    }
    return shown;
  }

  /** As `present`, of an operation wherever it is stored. */
  record(id: string): Operation | null {
    const entry = this.parts.store.find(id);
    return entry ? this.present(entry) : null;
  }

  /**
   * What runs, the newest finished ones and the first queued ones that fit the scope; oldest first.
   */
  matching(scope: Scope): Operation[] {
    const { recent, ledger } = this.parts.store;
    const fitting = (entries: Iterable<Entry>) =>
      [...entries].filter(({ record }) => fits(scope, record));
    const finished = fitting(recent.values());
    const newest = finished.slice(Math.max(0, finished.length - scope.limit));
    // A question is on the screen however long the queue is.
    const asking = fitting(ledger.questions);
    const live = [...fitting(ledger.inState("running")), ...this.#firstQueued(scope), ...asking];
    return this.#inOrder([...newest, ...new Set(live)]);
  }

  /** The first queued operations that fit the scope, as they are stored. */
  firstQueued(scope: Scope): Operation[] {
    return this.#firstQueued(scope).map(({ record }) => record);
  }

  /** The first operations of the queues, by queue, in the order of their turns. */
  places(): ReadonlyMap<string, string[]> {
    const { queue, store } = this.parts;
    return Map.groupBy(queue.first(FIRST_QUEUED), (id) => store.ledger.get(id)?.record.queue ?? "");
  }

  /** Number of queued operations that fit the scope. */
  queuedCount(scope: Scope): number {
    const { ledger } = this.parts.store;
    if (isUnfiltered(scope)) return ledger.countIn("queued");
    let n = 0;
    for (const { record } of ledger.inState("queued")) if (fits(scope, record)) n++;
    return n;
  }

  /** In the order of their turns; after them those that wait outside the queues, oldest first. */
  #firstQueued(scope: Scope): Entry[] {
    const { queue, store } = this.parts;
    const first = new Set<Entry>();
    const add = (entry: Entry | undefined) => {
      if (entry?.record.state === "queued" && fits(scope, entry.record)) first.add(entry);
      return first.size < scope.queued;
    };
    for (const id of queue.first(isUnfiltered(scope) ? scope.queued : queue.length))
      if (!add(store.ledger.get(id))) return [...first];
    for (const entry of store.ledger.inState("queued")) if (!add(entry)) break;
    return [...first];
  }

  /** Queued operations of the queue; null: of all queues. */
  *queued(queue: string | null): Iterable<Operation> {
    for (const { record } of this.parts.store.ledger.inState("queued"))
      if (queue === null || record.queue === queue) yield record;
  }

  /** What runs inside of another operation counts with that one. */
  counts(): Counts {
    const { store } = this.parts;
    return store.ledger.withAsking(store.counts("none"));
  }

  linesAfter(id: string, after: number, limit: number): LogLine[] {
    const { runs, log } = this.parts;
    try {
      return linesAfter(runs.of(id), after, limit).lines;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      // A stream of many operations continues with the others; a request for this log is answered
      // with the reason.
      log.warn({ err: error, id }, "log lines of a watch stream cannot be read");
      return [];
    }
  }

  #withMomentary(entry: Entry): Operation {
    const { queue, waiting, dependencies, edges, attempts } = this.parts;
    const { record } = entry;
    if (record.state === "queued")
      return {
        ...record,
        queuePosition: queue.position(record.id, placeOf(entry)),
        blocked: waiting.why(entry),
        waitsFor: dependencies.waitsFor(record.id),
      };
    const attempt = attempts.get(record.id);
    if (record.state !== "running" || !attempt) return record;
    const { stalledSince, noRoomSince, sampler } = attempt;
    const { resources, usage } = sampler;
    const waitsFor = edges.waitsFor(record.id);
    const values = { stalledSince, noRoomSince, resources, usage, waitsFor };
    const isPaused = record.pause !== null && record.pause.since !== null;
    if (stalledSince === null && noRoomSince === null && !isPaused) return { ...record, ...values };
    // The remaining time of an operation that does not progress is unknown.
    const progress = record.progress && { ...record.progress, etaSeconds: null };
    return { ...record, ...values, progress };
  }

  #inOrder(entries: Entry[]): Operation[] {
    return entries.sort((a, b) => a.order - b.order).map((entry) => this.present(entry));
  }
}

/** The record without its large values, so that lists and streams do not grow with them. */
function withoutLarge(record: Operation): Operation {
  const large = MAYBE_LARGE.filter((name) => jsonSize(record[name], LARGE_VALUE) > LARGE_VALUE);
  if (large.length === 0) return record;
  return { ...record, ...pick(NO_VALUES, large), large };
}

function noSuchOperation(typed: string): Refusal {
  const short =
    typed.length < MIN_PREFIX ? ` (a prefix needs ${MIN_PREFIX} characters or more)` : "";
  return new Refusal(
    "LIVEOPS_NO_SUCH_OPERATION",
    `there is no operation ${JSON.stringify(typed)}${short}; liveops ls lists them`,
  );
}

function ambiguousLabel(label: string, ids: string[]): Refusal {
  return new Refusal(
    "LIVEOPS_AMBIGUOUS_ID",
    `${ids.length} operations have the label ${JSON.stringify(label)}; give an id. ${shellLine(["liveops", "ls", "--label", label])} lists them`,
    { candidates: ids.slice(0, MAX_CANDIDATES) },
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
