/**
 * A daemon with all routes and a real store in a temporary directory, and without processes: the
 * test plays the loader and the workers. Requests go through `inject`, or over a socket after
 * `listen`.
 */
import { join } from "node:path";
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from "fastify";
import pino from "pino";
import { compose } from "../../daemon/compose.js";
import { embeddedEngine } from "../../daemon/embedded-engine.js";
import { FEATURES } from "../../daemon/features.js";
import type { Context } from "../../daemon/http/route-definition.js";
import { buildServer } from "../../daemon/http/server.js";
import { Scheduler } from "../../daemon/scheduler/scheduler.js";
import { type Settings, settingsFrom } from "../../daemon/settings.js";
import { prepareStateDir } from "../../daemon/store/directories.js";
import { EmbeddedStore } from "../../daemon/store/embedded-store.js";
import { attemptDir, layoutOf } from "../../daemon/store/layout.js";
import type { RunWriter } from "../../daemon/worker/run-writer.js";
import type { Client } from "../../protocol/client/client.js";
import type { Submission } from "../../protocol/event.js";
import type { FinalState } from "../../protocol/state.js";
import { CheckedClient } from "./checked-client.js";
import { FakeLoader } from "./fake-loader.js";
import { FileWriter } from "./file-writer.js";
import { expectPublished } from "./published.js";
import { OpenStore, outcome } from "./store.js";

/** Starts nothing, and keeps what it was asked to stop. */
class IdleScheduler extends Scheduler {
  readonly stopped: string[] = [];
  override kick(): void {}
  override stopOperation(id: string): void {
    this.stopped.push(id);
  }
}

export class Served {
  readonly open: OpenStore;
  readonly app: FastifyInstance;
  readonly context: Context;
  readonly scheduler: IdleScheduler;
  readonly loader = new FakeLoader();
  /** Resolves when a route asks the daemon to stop. */
  readonly ended = Promise.withResolvers<void>();
  readonly #sinks = new Map<string, RunWriter>();

  private constructor(dir: string, over: Partial<Settings>) {
    const layout = layoutOf(dir);
    prepareStateDir(layout);
    const settings: Settings = {
      ...settingsFrom({ stateDir: dir, socket: join(dir, "liveopsd.sock") }, {}, {}),
      opsDirs: ["/ops"],
      shippedDirs: ["/ops"],
      concurrency: 2,
      ...over,
    };
    let scheduler!: IdleScheduler;
    const parts = compose({
      settings,
      layout,
      makeFeatures: FEATURES,
      log: {
        logger: pino({ level: "silent" }),
        problem: () => null,
      },
      makeEngine: (engineParts) => ({ ...embeddedEngine(engineParts), typesOf: () => this.loader }),
      makeScheduler: (options) => {
        scheduler = new IdleScheduler(options);
        return scheduler;
      },
    });
    this.scheduler = scheduler;
    const { bus, lifecycle, store } = parts;
    if (!(store instanceof EmbeddedStore)) throw new Error("not the store of one machine");
    this.open = new OpenStore(dir, { layout, bus, store, lifecycle });
    this.context = {
      ...parts,
      config: {
        state: { file: join(dir, "config.json"), changed: false },
      },
      address: { path: settings.socket, problem: null },
      stop: () => this.ended.resolve(),
    };
    this.app = buildServer(this.context);
  }

  static async start(dir: string, over: Partial<Settings> = {}): Promise<Served> {
    const served = new Served(dir, over);
    await served.open.store.start();
    return served;
  }

  /** Checks every reply against `openapi.json`. */
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

  /**
   * Starts an attempt with the test as its worker. The test writes through the sink; `read` reads
   * the files.
   */
  async run(id: string): Promise<RunWriter> {
    const { store, layout } = this.open;
    await this.open.start(id);
    const entry = store.ledger.get(id)!;
    const { attempt, seq, logLines } = entry.record;
    const dir = attemptDir(layout, id, attempt);
    const attempted = this.open.attempt(entry);
    const sink = new FileWriter(dir, seq, logLines);
    this.#sinks.get(id)?.close();
    this.#sinks.set(id, sink);
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
    const { hub, waiting, features } = this.context;
    for (const attempt of this.scheduler.attempts.values()) attempt.close();
    for (const sink of this.#sinks.values()) sink.close();
    hub.stop();
    await this.app.close();
    waiting.stop();
    for (const feature of features) await feature.stop?.();
    await this.open.close();
  }
}
