/**
 * The metrics: kind, meaning and labels by name. `npm run docs` writes the table of
 * docs/operating.md from this module.
 *
 * Gauges are read from the daemon at each scrape. The others grow with decisions and events.
 */

interface Definition {
  kind: "counter" | "gauge" | "histogram";
  help: string;
  labels: readonly string[];
  /** Upper bounds of a histogram, in seconds. */
  buckets?: readonly number[];
}

/** From a short command to a day. */
const RUN_BUCKETS = [0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 14_400, 86_400];
const LAG_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];

const gauge = <const L extends readonly string[]>(help: string, labels: L) =>
  ({ kind: "gauge", help, labels }) as const;
const counter = <const L extends readonly string[]>(help: string, labels: L) =>
  ({ kind: "counter", help, labels }) as const;
const histogram = <const L extends readonly string[]>(
  help: string,
  labels: L,
  buckets: readonly number[],
) => ({ kind: "histogram", help, labels, buckets }) as const;

export const METRICS = {
  liveops_operations: gauge("Queued and running operations", ["state", "type", "queue"]),
  liveops_stored_operations: gauge("All operations of the store, with the finished ones", [
    "state",
  ]),
  liveops_operations_submitted_total: counter(
    "Submitted operations, with the next operations of chains",
    ["type", "queue"],
  ),
  liveops_operations_finished_total: counter("Finished operations", ["type", "queue", "outcome"]),
  liveops_operations_odd_total: counter(
    "Finished operations that told a number far outside of what earlier ones told",
    ["type"],
  ),
  liveops_operations_requeued_total: counter("Operations that the daemon queued again", ["type"]),
  liveops_operations_retried_total: counter("Operations that a command queued again", ["type"]),
  liveops_operation_duration_seconds: histogram(
    "Duration of the last attempt of a finished operation; an operation that never ran is not counted",
    ["type", "outcome"],
    RUN_BUCKETS,
  ),
  liveops_stage_duration_seconds: histogram(
    "Duration of a stage that ran and is done",
    ["type", "stage"],
    RUN_BUCKETS,
  ),
  liveops_step_duration_seconds: histogram(
    "Duration of a step of a stage that ran and is done",
    ["type", "stage"],
    RUN_BUCKETS,
  ),
  liveops_steps_finished_total: counter("Steps of stages that ran and ended", [
    "type",
    "stage",
    "outcome",
  ]),
  liveops_queue_wait_seconds: histogram(
    "Time from the submit, the retry or the chosen time of an operation to its start",
    ["queue"],
    RUN_BUCKETS,
  ),
  liveops_queue_oldest_age_seconds: gauge(
    "Wait of the oldest queued operation that waits for no other operation and no chosen time; 0 without one",
    ["queue"],
  ),
  liveops_schedule_last_success_seconds: gauge(
    "Time of the last success of a schedule, in seconds since 1970; no sample before the first",
    ["schedule"],
  ),
  liveops_schedule_missing: gauge(
    "1 while runs of the schedule are missing, late or without success",
    ["schedule"],
  ),
  liveops_operations_waiting_for_approval: gauge(
    "Operations that wait for the answer of a person",
    [],
  ),
  liveops_queue_slots: gauge("Operations that may run at the same time", ["queue"]),
  liveops_queue_slots_used: gauge("Slots that operations of this host hold", ["queue"]),
  liveops_queue_paused: gauge("1 while the queue is paused", ["queue"]),
  liveops_operations_without_space: gauge("Running operations that wait for disk space", []),
  liveops_operations_resident_memory_bytes: gauge("Memory of the processes of running operations", [
    "type",
  ]),
  liveops_operations_cpu_cores: gauge("Processor cores that running operations use", ["type"]),
  liveops_operations_processes: gauge("Processes of running operations", ["type"]),
  liveops_tail_lag_seconds: histogram(
    "Time from the write of a record by a worker to its read by the daemon; of log lines, the first of each read",
    ["file"],
    LAG_BUCKETS,
  ),
  liveops_workers: gauge("Worker processes", ["state"]),
  liveops_watchers: gauge("Open watch streams", []),
  liveops_actions_total: counter("Actions that have run", ["event", "outcome"]),
  liveops_daemon_info: gauge("Always 1; the labels describe the daemon", [
    "version",
    "node",
    "host",
    "containment",
  ]),
  liveops_daemon_start_time_seconds: gauge("Start of the daemon, in seconds since 1970", []),
  liveops_daemon_resident_memory_bytes: gauge("Memory of the daemon's process", []),
  liveops_daemon_heap_used_bytes: gauge("JavaScript heap of the daemon that is in use", []),
  liveops_disk_free_bytes: gauge("Free bytes on the disk of the state directory", []),
  liveops_store_full: gauge("1 while the disk is full and submits are refused", []),
  liveops_engine_away_seconds: gauge(
    "Time since the engine of the fleet last answered this host; 0 while it answers; absent without a fleet",
    ["host"],
  ),
  liveops_host_state: gauge("1 for the present state of the host, 0 for the others", [
    "host",
    "state",
  ]),
  liveops_host_draining: gauge("1 while no more operations start on the host", ["host"]),
  liveops_host_slots: gauge("Operations that may run on the host at the same time", ["host"]),
  liveops_host_running_operations: gauge("Operations that run on the host", ["host"]),
  liveops_host_load: gauge("Load average of one minute of the host", ["host"]),
  liveops_host_free_memory_bytes: gauge("Free memory of the host", ["host"]),
  liveops_host_clock_skew_seconds: gauge(
    "Time by which the host's clock is ahead of that of the engine",
    ["host"],
  ),
} as const satisfies Record<string, Definition>;

export type MetricName = keyof typeof METRICS;

export type Labels<N extends MetricName> = Record<(typeof METRICS)[N]["labels"][number], string>;

/** Names of the metrics of a kind. */
export type NameOf<K extends Definition["kind"]> = {
  [N in MetricName]: (typeof METRICS)[N] extends { kind: K } ? N : never;
}[MetricName];

/**
 * Most different values of a label, or of the pair of type and stage. Later values count as
 * `OTHER`.
 */
export const MOST_TYPES = 200;
export const MOST_STAGES = 1000;
export const MOST_QUEUES = 1000;

export const OTHER = "other";
