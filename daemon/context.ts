/** The context of the HTTP routes: the daemon's parts, and the functions that find and show an operation. */
import type { Operation } from "../protocol/operation.js";
import type { StopReply } from "../protocol/replies.js";
import type { Submissions } from "./admission/submissions.js";
import type { Bus } from "./bus.js";
import type { ConfigReload } from "./config-reload.js";
import type { BackupMaker } from "./engine.js";
import type { Hooks } from "./hooks/hooks.js";
import type { Hosts } from "./hosts/hosts.js";
import type { Lifecycle } from "./lifecycle.js";
import type { LoadProblems } from "./loader/load-problems.js";
import type { Types } from "./loader/loader.js";
import type { AuditLog } from "./log/audit-log.js";
import type { Log } from "./log/log.js";
import type { Metrics } from "./metrics/metrics.js";
import type { CopiedState } from "./recovery/copied-state.js";
import type { Runs } from "./run-files/runs.js";
import type { Durations } from "./scheduler/durations.js";
import type { BlockedTypes } from "./scheduler/holds/blocked-types.js";
import type { Dependencies } from "./scheduler/holds/dependencies.js";
import type { Queue } from "./scheduler/queue.js";
import type { Queues } from "./scheduler/queues.js";
import type { Scheduler } from "./scheduler/scheduler.js";
import type { Waiting } from "./scheduler/waiting.js";
import type { Schedules } from "./schedules/schedules.js";
import type { Settings } from "./settings.js";
import type { Entry } from "./store/decision.js";
import type { Layout } from "./store/layout.js";
import type { Store } from "./store/store.js";
import type { TrustedClock } from "./store/trusted-clock.js";
import type { Tracing } from "./traces/tracing.js";
import type { Hub } from "./watch/hub.js";
import type { Containment } from "./worker/containment.js";

export interface Context {
  settings: Settings;
  config: Pick<ConfigReload, "state" | "reload">;
  layout: Layout;
  store: Store;
  lifecycle: Lifecycle;
  scheduler: Scheduler;
  blockedTypes: BlockedTypes;
  durations: Durations;
  containment: Containment;
  loader: Types;
  loadProblems: Pick<LoadProblems, "list">;
  queue: Queue;
  queues: Queues;
  dependencies: Pick<Dependencies, "liveLinks">;
  waiting: Pick<Waiting, "length" | "isPlanned">;
  schedules: Schedules;
  submissions: Submissions;
  /** The live operations of a queue. */
  countsOf(queue: string): { queued: number; running: number };
  hooks: Pick<Hooks, "problems">;
  hosts: Hosts;
  metrics: Metrics;
  tracing: Pick<Tracing, "report">;
  /** The clock that all hosts share, in ms since 1970. */
  now(): number;
  hub: Hub;
  runs: Runs;
  clock: TrustedClock;
  log: Log;
  audit: AuditLog;
  backups: BackupMaker;
  /** Whether the state directory is a copy. */
  copied: Pick<CopiedState, "report" | "describe">;
  /** Why the log file cannot be written now; null while writing works. */
  logProblem(): string | null;
  startedAt: string;
  /** The socket on which the daemon answers; `problem`: why not on its own. */
  address: { readonly path: string; readonly problem: string | null };
  bus: Bus;
  /** The record as shown, with its queue position. */
  present(entry: Entry): Operation;
  /** As `present`, with the large values that lists and streams leave out. */
  whole(entry: Entry): Operation;
  /** @throws Refusal where the id, or prefix of 3 or more characters, matches none or several */
  find(idOrPrefix: string): Promise<Entry>;
  /** Whether the daemon refuses new operations, since it stops. */
  isStopping(): boolean;
  /** With `now`, cancels running operations and waits for their end. Counts those that continue without the daemon. */
  prepareStop(now: boolean): Promise<StopReply>;
  stop(): void;
}
