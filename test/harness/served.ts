/**
 * All routes with a real store, hub and lifecycle in a temporary directory. The test plays the other processes: loader
 * and workers. Requests go through `inject`, or over a socket after `listen`.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from "fastify";
import pino from "pino";
import { Submissions } from "../../daemon/admission/submissions.js";
import { Backups } from "../../daemon/backup/backups.js";
import type { Context } from "../../daemon/context.js";
import { EmbeddedHosts } from "../../daemon/hosts/embedded-hosts.js";
import { hostCounters } from "../../daemon/hosts/host-counters.js";
import { buildServer } from "../../daemon/http/server.js";
import type { Loader } from "../../daemon/loader/loader.js";
import { AuditLog } from "../../daemon/log/audit-log.js";
import { Metrics } from "../../daemon/metrics/metrics.js";
import { findOperation, operationView, withVariables } from "../../daemon/operation-view.js";
import { linesAfter } from "../../daemon/run-files/log-slices.js";
import { LOCAL_RUNS } from "../../daemon/run-files/runs.js";
import { Attempt } from "../../daemon/scheduler/attempt.js";
import { Durations } from "../../daemon/scheduler/durations.js";
import type { BlockedTypes } from "../../daemon/scheduler/holds/blocked-types.js";
import { placeOf, Queue } from "../../daemon/scheduler/queue.js";
import { Queues, queuesFile } from "../../daemon/scheduler/queues.js";
import type { Scheduler } from "../../daemon/scheduler/scheduler.js";
import { Schedules, schedulesFile } from "../../daemon/schedules/schedules.js";
import type { Settings } from "../../daemon/settings.js";
import type { Entry } from "../../daemon/store/decision.js";
import { attemptDir, runDir } from "../../daemon/store/layout.js";
import type { Change } from "../../daemon/store/ledger.js";
import { TrustedClock } from "../../daemon/store/trusted-clock.js";
import { Hub } from "../../daemon/watch/hub.js";
import { fits } from "../../daemon/watch/scope.js";
import { Containment } from "../../daemon/worker/containment.js";
import { RunWriter } from "../../daemon/worker/run-writer.js";
import type { Client } from "../../protocol/client/client.js";
import type { Submission } from "../../protocol/event.js";
import { type FinalState, isFinal } from "../../protocol/state.js";
import { LIMITS } from "../../protocol/system/config-types.js";
import { CheckedClient } from "./checked-client.js";
import { FakeLoader } from "./fake-loader.js";
import { expectPublished } from "./published.js";
import { OpenStore, outcome } from "./store.js";

/** The part of the scheduler that routes use. */
class FakeScheduler {
  readonly stopped: string[] = [];
  readonly attempts = new Map<string, Attempt>();
  readonly pool = { counts: () => ({ busy: 0, idle: 1, starting: 0 }), blocked: null };
  /** In the order of the requests. */
  readonly drains: boolean[] = [];
  drain(isDraining: boolean): void {
    this.drains.push(isDraining);
  }
  stopOperation(id: string): void {
    this.stopped.push(id);
  }
}

export class Served {
  readonly app: FastifyInstance;
  readonly context: Context;
  readonly scheduler = new FakeScheduler();
  readonly containment = new Containment({ setting: "off", log: pino({ level: "silent" }) });
  readonly loader = new FakeLoader();
  readonly hub: Hub;
  readonly queue = new Queue();
  readonly stops: boolean[] = [];
  /** Resolves when a route asks the daemon to stop. */
  readonly ended = Promise.withResolvers<void>();
  readonly #sinks = new Map<string, RunWriter>();

  private constructor(
    readonly open: OpenStore,
    limits: Partial<Settings>,
  ) {
    const { bus, store, layout, lifecycle } = open;
    this.hub = new Hub(bus, {
      record: (id) => {
        const entry = store.find(id);
        return entry ? this.#shown(entry) : null;
      },
      matching: (scope) => {
        const live = [...store.ledger.entries.values()].filter(({ record }) => !isFinal(record.state));
        const finished = [...store.recent.values()].filter(({ record }) => fits(scope, record));
        const newest = finished.slice(Math.max(0, finished.length - scope.limit));
        return [...newest, ...live.filter(({ record }) => fits(scope, record))]
          .sort((a, b) => a.order - b.order)
          .map((entry) => this.#shown(entry));
      },
      queued: () => [],
      counts: () => store.counts(),
      linesAfter: (id, after, limit) => linesAfter(runDir(layout, id), after, limit).lines,
    });
    const defaults = Object.fromEntries(Object.entries(LIMITS).map(([name, limit]) => [name, limit.default]));
    const settings = {
      ...defaults,
      stateDir: layout.root,
      socket: join(layout.root, "liveopsd.sock"),
      opsDirs: ["/ops"],
      shippedDirs: ["/ops"],
      flags: {
        ops: [],
        concurrency: null,
        logLevel: null,
        metrics: null,
        traces: null,
        fleet: { url: null, host: null, tags: null },
      },
      fleet: null,
      logLevel: "info",
      metrics: null,
      traces: null,
      concurrency: 2,
      ...limits,
    } as Settings;
    const queues = new Queues({
      saved: queuesFile(layout.queues, (problem) => {
        throw new Error(problem);
      }),
      concurrency: settings.concurrency,
      isFlag: false,
      configured: {},
      bus,
    });
    const find = (typed: string) => findOperation(store, typed);
    const hosts = new EmbeddedHosts({
      name: "here",
      running: () => this.scheduler.attempts.size,
      slots: () => queues.slots,
      types: () => this.loader.ops.length,
      counters: hostCounters(bus),
      onDrain: (isDraining) => this.scheduler.drain(isDraining),
    });
    const submissions = new Submissions({
      ...{ store, lifecycle, settings, queues, hosts, find },
      loader: this.loader as unknown as Loader,
      waiting: this.queue,
      isStopping: () => this.stops.length > 0,
    });
    const schedules = new Schedules({
      saved: schedulesFile(layout.schedules, (problem) => {
        throw new Error(problem);
      }),
      log: pino({ level: "silent" }),
      archive: store.archive,
      submit: async (draft, key) =>
        (await submissions.submit([draft], { isBatch: false, key })).entries[0]!.record.id,
      cancel: (id) => lifecycle.cancel(id),
    });
    this.context = {
      submissions,
      schedules,
      queues,
      dependencies: { liveLinks: () => [] },
      waiting: { length: 0, isPlanned: () => false },
      loadProblems: { list: async () => [] },
      hooks: { problems: () => [] },
      hosts,
      metrics: new Metrics(bus, (id) => store.ledger.get(id)),
      tracing: { report: () => null },
      now: Date.now,
      countsOf: () => ({ queued: this.queue.length, running: this.scheduler.attempts.size }),
      settings,
      config: {
        state: {
          ...{ file: join(layout.root, "config.json"), loadedAt: new Date().toISOString() },
          ...{ changed: false, restart: [], problem: null },
        },
        reload: async () => [],
      },
      layout,
      store,
      lifecycle,
      scheduler: this.scheduler as unknown as Scheduler,
      blockedTypes: { length: 0, list: () => [] } as unknown as BlockedTypes,
      durations: new Durations(store.archive, bus),
      containment: this.containment,
      loader: this.loader as unknown as Loader,
      queue: this.queue,
      hub: this.hub,
      runs: LOCAL_RUNS,
      clock: new TrustedClock(layout.clock),
      log: pino({ level: "silent" }),
      audit: new AuditLog(layout),
      backups: new Backups(store, layout),
      copied: { report: () => null, describe: () => null },
      logProblem: () => null,
      startedAt: new Date().toISOString(),
      address: { path: settings.socket, problem: null },
      bus,
      whole: (entry) => store.payloads.complete(withVariables(this.#shown(entry), entry), () => {}),
      present: (entry) => this.#shown(entry),
      find,
      isStopping: () => this.stops.length > 0,
      prepareStop: async (now) => {
        this.stops.push(now);
        return { running: 0, cancelled: 0 };
      },
      stop: () => this.ended.resolve(),
    };
    bus.on("decided", (changes) => this.#decided(changes));
    this.app = buildServer(this.context);
  }

  static async start(dir: string, limits: Partial<Settings> = {}): Promise<Served> {
    return new Served(await OpenStore.open(dir), limits);
  }

  /** Handles a change as the daemon does. */
  #decided(changes: readonly Change[]): void {
    for (const { id, before, after } of changes) {
      const entry = this.open.store.ledger.get(id);
      if (entry && after?.state === "queued") this.queue.add(id, placeOf(entry));
      else if (entry && before?.state === "queued") this.queue.remove(id, placeOf(entry));
    }
  }

  /** Checks every reply against `/openapi.json`. */
  async inject(options: InjectOptions): Promise<LightMyRequestResponse> {
    const reply = await this.app.inject({ headers: {}, ...options });
    const { method = "GET", url } = options;
    const type = String(reply.headers["content-type"]);
    expectPublished(method, String(url), { status: reply.statusCode, type, body: reply.body });
    return reply;
  }

  /** Listens on a socket, for a real client. */
  async listen(): Promise<Client> {
    await this.app.listen({ path: this.context.settings.socket });
    return new CheckedClient(this.context.settings.socket);
  }

  submit(over: Partial<Submission> = {}): Promise<string> {
    return this.open.submit(over);
  }

  /** Starts an attempt with the test as its worker. The test writes through the sink; `read` reads the files. */
  async run(id: string): Promise<RunWriter> {
    const { store, layout } = this.open;
    await this.open.start(id);
    const entry = store.ledger.get(id)!;
    const { attempt, seq, logLines } = entry.record;
    const dir = attemptDir(layout, id, attempt);
    mkdirSync(dir, { recursive: true });
    const sink = new RunWriter(dir, attempt, seq, logLines, Number.POSITIVE_INFINITY);
    this.#sinks.get(id)?.close();
    this.#sinks.set(id, sink);
    const attempted = new Attempt(entry, entry.run!, dir, null, this.open.bus, {
      onOutcome: () => {},
      onStop: () => {},
      onKill: () => {},
      onPause: () => {},
      onDamage: (_attempt, message) => {
        throw new Error(message);
      },
    });
    this.scheduler.attempts.set(id, attempted);
    return sink;
  }

  /** Reads the worker's new events and lines. */
  read(id: string): void {
    this.scheduler.attempts.get(id)?.read();
  }

  async finish(id: string, state: FinalState, next: Submission | null = null): Promise<void> {
    const attempt = this.scheduler.attempts.get(id)!;
    attempt.read();
    const { number, seq } = attempt;
    await this.open.lifecycle.conclude(id, number, seq, () => ({ finish: outcome(state, next) }));
    attempt.close();
    this.scheduler.attempts.delete(id);
  }

  async finished(state: FinalState, over: Partial<Submission> = {}): Promise<string> {
    const id = await this.submit(over);
    await this.run(id);
    await this.finish(id, state);
    return id;
  }

  async close(): Promise<void> {
    for (const attempt of this.scheduler.attempts.values()) attempt.close();
    for (const sink of this.#sinks.values()) sink.close();
    this.hub.stop();
    await this.app.close();
    await this.context.audit.stop();
    await this.open.close();
  }

  #shown(entry: Entry) {
    return operationView(entry, this.queue, undefined);
  }
}
