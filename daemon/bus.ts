/**
 * The events inside a daemon. The store and the tails of run files emit them; each part of the
 * daemon subscribes where it is made. A listener runs at once, in the order of the subscriptions.
 */
import { EventEmitter } from "node:events";
import type { WorkerEvent } from "../protocol/event.js";
import type { LogLine, Operation } from "../protocol/operation.js";
import type { Decision, Entry } from "./store/decision.js";
import type { Change } from "./store/ledger.js";

interface Events {
  /** A decision is durable and applied. `isOwn`: this daemon made it. */
  decided: [changes: readonly Change[], decision: Decision, isOwn: boolean];
  /** A finished operation left memory. */
  forgotten: [id: string];
  /**
   * An event of a running attempt was read, and is not in the record yet. `isOwn`: the attempt runs
   * on this host.
   */
  event: [entry: Entry, event: WorkerEvent, isOwn: boolean];
  /**
   * New log lines of a running attempt, whose log somebody reads. `isOwn`: the attempt runs on this
   * host.
   */
  lines: [entry: Entry, lines: readonly LogLine[], isOwn: boolean];
  /** A stream begins to read the log of an operation that nobody has read until now. */
  logRead: [id: string];
  /** Events or lines of a running attempt changed its record. */
  record: [entry: Entry, before: Operation];
  /**
   * A running operation of this host reports nothing, or its worker is stopped; once for each
   * silence.
   */
  stalled: [entry: Entry];
  /** A run of a schedule is missing. Only the host that finds it emits it. */
  missed: [missed: MissedRun];
  /** An action ran. */
  action: [event: string, hasFailed: boolean];
  /** Keys changed that are computed when the record is shown. */
  shown: [record: Operation, ...keys: Array<keyof Operation>];
  /** Something is wrong that `liveopsd status` must show. */
  problem: [problem: string];
  /** The state can no longer be written: the daemon must stop. */
  broken: [error: Error];
  /** The queues moved: queued operations have other places, and others may be among the first. */
  moved: [];
  /** Why operations of the queue, or of all queues, cannot start changed. */
  blocked: [queue: string | null];
}

export interface MissedRun {
  schedule: string;
  op: string;
  reason: string;
  /** Commands to type next. */
  next: string[];
}

export class Bus extends EventEmitter<Events> {
  constructor() {
    super();
    this.setMaxListeners(0);
  }
}
