/**
 * What a daemon runs on: its store, its settings, its hosts and its run files. The embedded engine
 * keeps all of them on this machine (`embedded-engine.ts`). A feature may bring an engine that
 * shares them with other machines.
 */
import type { Bus } from "./bus.js";
import type { Hosts } from "./hosts/hosts.js";
import type { Lifecycle } from "./lifecycle.js";
import type { Loader, Types } from "./loader/loader.js";
import type { DaemonLog } from "./log/daemon-log.js";
import type { Runs } from "./run-files/runs.js";
import type { WorkerEvents } from "./run-files/worker-events.js";
import type { Outbox } from "./scheduler/outbox.js";
import type { Queues, SavedQueues } from "./scheduler/queues.js";
import type { Scheduler } from "./scheduler/scheduler.js";
import type { OperationStarter, StarterOptions } from "./scheduler/starter.js";
import type { Settings } from "./settings.js";
import type { Entry } from "./store/decision.js";
import type { Layout } from "./store/layout.js";
import type { FileSettingOptions, Setting } from "./store/setting.js";
import type { Store } from "./store/store.js";
import type { Hub } from "./watch/hub.js";
import type { OperationView } from "./watch/operation-view.js";
import type { WorkerSetup } from "./worker/messages.js";

/** What an engine uses of the daemon. They are complete once the engine is started. */
export interface EngineParts {
  readonly bus: Bus;
  readonly settings: Settings;
  readonly layout: Layout;
  readonly log: DaemonLog;
  readonly lifecycle: Lifecycle;
  readonly scheduler: Scheduler;
  readonly loader: Loader;
  readonly queues: Queues;
  readonly hub: Hub;
  readonly view: Pick<OperationView, "present">;
}

export interface Engine {
  readonly store: Store;
  readonly runs: Runs;
  readonly workerEvents: WorkerEvents;
  readonly hosts: Hosts;
  /** What commands have set of the queues. */
  readonly queues: Setting<SavedQueues>;
  /**
   * A setting of a feature: in a file of this machine, or under the name where the engine keeps its
   * state.
   *
   * @param parse - reads the value where it is not in the file
   */
  setting<T>(name: string, file: FileSettingOptions<T>, parse: (json: unknown) => T): Setting<T>;
  /** The clock that all hosts share, in ms since 1970. */
  now(): number;
  /** Most operations that run at the same time on this host, of all queues together. */
  slots(): number;
  /** Absent: the daemon decides alone what starts. */
  readonly makeStarter?: (options: StarterOptions) => OperationStarter;
  readonly outbox: Outbox;
  /** What it adds to the setup of this host's workers. Absent: nothing. */
  readonly workerSetup?: Partial<WorkerSetup>;
  /** Why the workers of this host have ended themselves; null: they have not. */
  whyLeaseEnded(): string | null;
  /** Whether a running operation belongs to this daemon. */
  runsHere(entry: Entry): boolean;
  /** Whether this daemon acts on the end of the operation. */
  isOurs(entry: Entry): boolean;
  /** The operation types, for submits and lists. */
  typesOf(loader: Loader): Types;
  /** Loads the state: afterwards the ledger holds every live operation. */
  start(): Promise<void>;
  /** The daemon answers: begins what the first answer does not need. */
  begin(): void;
  stop(): Promise<void>;
}

/** @throws the error that prevents the start */
export type MakeEngine = (parts: EngineParts) => Engine;
