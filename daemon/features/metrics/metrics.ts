/**
 * Counts decisions, events and actions for `GET /metrics`.
 *
 * prom-client is loaded by the first request, or at the start with `--metrics`. Counting begins
 * then: before, each call returns at once.
 */

import { waitsForApproval } from "../../../protocol/approval.js";
import type { WorkerEvent } from "../../../protocol/event.js";
import type { LogLine, Operation } from "../../../protocol/operation.js";
import type { HostReply } from "../../../protocol/replies.js";
import { isFinal } from "../../../protocol/state.js";
import type { Bus } from "../../bus.js";
import { earliestStart } from "../../scheduler/holds/start-time.js";
import type { Decision, Entry } from "../../store/decision.js";
import { MOST_QUEUES, MOST_STAGES, MOST_TYPES } from "./definitions.js";
import { LabelBound, MetricRegistry, type Put } from "./registry.js";

/** The text format of Prometheus. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Most characters of the name of a stage in a label. */
const MOST_NAME = 120;

export class Metrics {
  /** Address of the TCP server; null without `--metrics`. */
  address: string | null = null;
  /** As the last scrape showed them. */
  hosts: readonly HostReply[] = [];
  readonly #types = new LabelBound(MOST_TYPES);
  readonly #stages = new LabelBound(MOST_STAGES);
  readonly #queues = new LabelBound(MOST_QUEUES);
  #registry: MetricRegistry | null = null;
  #beginning: Promise<MetricRegistry> | null = null;
  /**
   * In ms since 1970. An adopted attempt is read from its start, with events that an earlier daemon
   * counted.
   */
  #since = 0;

  /** @param find an entry in memory */
  constructor(bus: Bus, find: (id: string) => Entry | undefined) {
    bus.on("decided", (changes, { kind }, isOwn) => {
      // A restored operation was counted before it was lost.
      if (!isOwn || this.#registry === null || kind === "restored") return;
      for (const { id, before, after } of changes)
        if (after) this.#changed(kind, before, after, find(id));
    });
    bus.on("event", ({ record }, event, isOwn) => {
      if (isOwn) this.#eventRead(record, event);
    });
    bus.on("action", (event, hasFailed) => {
      this.#registry?.count("liveops_actions_total", {
        event,
        outcome: hasFailed ? "failed" : "succeeded",
      });
    });
    bus.on("lines", (_entry, lines, isOwn) => {
      if (isOwn) this.#linesRead(lines);
    });
  }

  /** Begins to count. */
  async begin(): Promise<void> {
    await this.#begun();
  }

  /** All metrics, in the text format of Prometheus. */
  async text(sample: (put: Put) => void): Promise<string> {
    return (await this.#begun()).text(sample);
  }

  typeOf({ op }: Pick<Operation, "op">): string {
    return this.#types.of(op);
  }

  queueOf({ queue }: Pick<Operation, "queue">): string {
    return this.#queues.of(queue);
  }

  #changed(
    kind: Decision["kind"],
    before: Operation | null,
    after: Operation,
    entry: Entry | undefined,
  ): void {
    const registry = this.#registry!;
    const type = this.typeOf(after);
    const queue = this.queueOf(after);
    if (before === null) registry.count("liveops_operations_submitted_total", { type, queue });
    if (kind === "requeued" && waitsForApproval(after) === null)
      registry.count("liveops_operations_requeued_total", { type });
    if (kind === "retried") registry.count("liveops_operations_retried_total", { type });
    if (kind === "started" && before && entry && after.startedAt !== null) {
      const wait = Date.parse(after.startedAt) - dueSince(entry, before);
      registry.observe("liveops_queue_wait_seconds", { queue }, wait / 1000);
    }
    if (!isFinal(after.state) || (before && isFinal(before.state))) return;
    const outcome = after.state;
    registry.count("liveops_operations_finished_total", { type, queue, outcome });
    if (after.odd?.length) registry.count("liveops_operations_odd_total", { type });
    const seconds = secondsOf(after);
    if (seconds !== null)
      registry.observe("liveops_operation_duration_seconds", { type, outcome }, seconds);
  }

  #eventRead(record: Pick<Operation, "op">, event: WorkerEvent): void {
    const registry = this.#registry;
    if (registry === null) return;
    const at = Date.parse(event.at);
    if (at < this.#since) return;
    registry.observe("liveops_tail_lag_seconds", { file: "events" }, (Date.now() - at) / 1000);
    const isTracked = event.type === "stage:left" && event.index !== null;
    if ((!isTracked && event.type !== "step:finished") || event.resumed) return;
    const type = this.typeOf(record);
    const name = event.stage.slice(0, MOST_NAME);
    const stage = this.#stages.of(name, JSON.stringify([type, name]));
    const isStep = event.type === "step:finished";
    if (isStep)
      registry.count("liveops_steps_finished_total", { type, stage, outcome: event.state });
    if (event.state !== "done") return;
    const metric = isStep ? "liveops_step_duration_seconds" : "liveops_stage_duration_seconds";
    registry.observe(metric, { type, stage }, event.seconds);
  }

  #linesRead([first]: readonly LogLine[]): void {
    if (this.#registry === null || first === undefined) return;
    const at = Date.parse(first.at);
    if (at < this.#since) return;
    this.#registry.observe("liveops_tail_lag_seconds", { file: "log" }, (Date.now() - at) / 1000);
  }

  #begun(): Promise<MetricRegistry> {
    this.#beginning ??= import("./prometheus.js").then((library) => {
      this.#since = Date.now();
      this.#registry = new MetricRegistry(library);
      return this.#registry;
    });
    return this.#beginning;
  }
}

const QUEUES_AGAIN: ReadonlySet<string> = new Set([
  "attempt:requeued",
  "approval:answered",
  "operation:retried",
]);

/** Since when a queued operation may start, as far as its own times say, in ms since 1970. */
export function dueSince({ events }: Entry, record: Operation): number {
  const queued = events.findLast(({ type }) => QUEUES_AGAIN.has(type));
  return Math.max(Date.parse(queued?.at ?? record.createdAt), earliestStart(record) ?? 0);
}

/**
 * Null: the operation did not run. The worker measures the time; a worker that died did not say it.
 */
function secondsOf({ seconds, startedAt, finishedAt }: Operation): number | null {
  if (seconds !== null || startedAt === null || finishedAt === null) return seconds;
  return (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
}
