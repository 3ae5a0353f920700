/**
 * Runs the actions of what happens, a few at a time and beside the work of the daemon. An action
 * never changes the outcome of an operation. Each is tried three times; a failure is in the record
 * and in `liveopsd status`.
 *
 * The actions of an end and of an approval run at least once: those that a daemon did not finish
 * are run by the next one. An action of the config file waits for the end of the chain, one of a
 * pipeline file for the end of the pipeline.
 */
import { homedir } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Masker } from "../../../ops/secrets/masker.js";
import { type Action, type ActionEvent, actionsOf } from "../../../protocol/actions.js";
import { waitsForApproval } from "../../../protocol/approval.js";
import type { ActionFailure, Operation } from "../../../protocol/operation.js";
import type { QueueReply } from "../../../protocol/replies.js";
import { isFinal } from "../../../protocol/state.js";
import type { Bus } from "../../bus.js";
import type { Log } from "../../log/log.js";
import { childEnvironment } from "../../os/child-environment.js";
import { sharedNow, sharedTime } from "../../os/shared-clock.js";
import type { Settings } from "../../settings.js";
import type { Entry } from "../../store/decision.js";
import type { Change } from "../../store/ledger.js";
import type { Store } from "../../store/store.js";
import { ActionFile } from "./action-file.js";
import { runCommand } from "./command.js";
import {
  emptyMessage,
  type Message,
  missedMessage,
  operationMessage,
  variablesOf,
} from "./message.js";
import { post } from "./post.js";

/** Actions that run at the same time. */
const MOST_RUNNING = 4;

/** How long an action may take, in ms. */
const TIMEOUT_MS = 30_000;

/** Pauses before the second and the third try, in ms. */
const PAUSES_MS = [1000, 5000];

/** How long a question waits before an action tells of it, in ms. */
const WAITS_MS = 10_000;

/**
 * How long a stop waits for actions that run, in ms; then they are ended, and run again under the
 * next daemon.
 */
const STOP_MS = 3000;

const DAY_MS = 24 * 3600 * 1000;

/** Operations that are looked at after a start. */
const MOST_EARLIER = 10_000;

interface ActionsOptions {
  bus: Bus;
  file: string;
  log: Log;
  store: Pick<Store, "archive" | "journalNumber" | "ledger" | "find">;
  /** The queue as a command shows it, where none of its operations is queued or runs. */
  emptyQueue(name: string): QueueReply | null;
  /** Whether this daemon runs the actions of the operation. */
  isOurs(entry: Entry): boolean;
  runsHere(entry: Entry): boolean;
  /** Why it failed, in lines. */
  reasonOf(record: Operation): string[];
  /** Knows the secrets of an operation. */
  maskerOf(entry: Entry): Masker;
  settings: Pick<Settings, "config" | "fromDaemon" | "stallAfter">;
  /** Default: pauses before another try and before a question is told, as above. */
  pauses?: { tries: readonly number[]; waits: number };
}

interface Job {
  action: Action;
  source: ActionFailure["source"];
  message: Message;
  /** Null: of a queue or a schedule. */
  entry: Entry | null;
  settled(): void;
}

export class Actions {
  readonly #file: ActionFile;
  readonly #waiting: Job[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #questions = new Map<string, NodeJS.Timeout>();
  readonly #stop = new AbortController();
  #isStopped = false;

  constructor(private readonly options: ActionsOptions) {
    const { bus } = options;
    this.#file = new ActionFile(options.file, (problem) => bus.emit("problem", problem));
    bus.on("stalled", (entry) => this.#happened("stall", entry));
    bus.on("decided", (changes, _decision, isOwn) => {
      for (const change of isOwn ? changes : []) this.#decided(change);
    });
    bus.on("record", (entry, before) => this.#prompted(entry, before));
    bus.on("missed", (missed) => this.#tell(missedMessage(missed)));
  }

  /** Runs the actions that an earlier daemon did not finish. */
  async start(): Promise<void> {
    const { store, isOurs } = this.options;
    const { after } = this.#file;
    if (after === null) {
      this.#write(() => this.#file.begin(store.journalNumber));
      return;
    }
    const earlier = await store.archive.list({ finishedAfter: after }, MOST_EARLIER);
    for (const entry of earlier.reverse())
      if (isOurs(entry) && !this.#file.isDone(entry.finishedBy)) this.#finished(entry);
    for (const entry of store.ledger.entries.values())
      if (entry.queuedAt > after && isOurs(entry) && !this.#file.isDone(entry.queuedAt))
        this.#asked(entry);
  }

  failuresOf(id: string): ActionFailure[] | undefined {
    return this.#file.failures[id];
  }

  /** What `liveopsd status` says of the actions that failed in the last day. */
  problems(): string[] {
    const since = new Date(sharedNow() - DAY_MS).toISOString();
    const failed = Object.entries(this.#file.failures).flatMap(([of, failures]) =>
      failures.filter(({ at }) => at > since).map((failure) => ({ of, ...failure })),
    );
    const last = failed.at(-1);
    if (last === undefined) return [];
    const actions =
      failed.length === 1 ? "an action has failed" : `${failed.length} actions have failed`;
    return [
      `${actions} in the last day; the last: ${last.event} of ${last.of} at ${last.at}: ${last.message}`,
    ];
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#questions.values()) clearTimeout(timer);
    const timer = setTimeout(() => this.#stop.abort(), STOP_MS);
    await Promise.allSettled(this.#running);
    clearTimeout(timer);
    this.#write(() => this.#file.write());
  }

  #decided({ id, before, after }: Change): void {
    const entry = after && this.options.store.ledger.get(id);
    if (!entry) return;
    if (isFinal(after.state) && isFinal(entry.record.state)) {
      this.#finished(entry);
      this.#emptied(entry.record.queue);
    }
    const asked = waitsForApproval(after)?.since;
    if (asked !== undefined && asked !== (before && waitsForApproval(before)?.since))
      this.#asked(entry);
  }

  #finished(entry: Entry): void {
    const { record, finishedBy } = entry;
    const events: ActionEvent[] = record.odd?.length ? ["odd"] : [];
    if (record.state === "succeeded") events.push("success");
    if (record.state === "failed") events.push("failure");
    events.push("finish");
    let left = 0;
    const settled = () => {
      left--;
      if (left === 0) this.#write(() => this.#file.settle(finishedBy));
    };
    const jobs = events.flatMap((event) => this.#jobs(event, entry, settled));
    this.#write(() => this.#file.open(finishedBy, jobs.length > 0));
    left = jobs.length;
    for (const job of jobs) this.#add(job);
  }

  /** The question of an operation that is queued waits for a person. */
  #asked(entry: Entry): void {
    const { record, queuedAt } = entry;
    const asked = waitsForApproval(record)?.since;
    if (asked === undefined) return;
    const isWanted = this.#jobs("waits", entry).length > 0;
    this.#write(() => this.#file.open(queuedAt, isWanted));
    if (!isWanted) return;
    this.#later(record.id, () => {
      const now = this.options.store.ledger.get(record.id);
      const isAnswered = !now || waitsForApproval(now.record)?.since !== asked;
      if (!isAnswered) this.#happened("waits", now);
      this.#write(() => this.#file.settle(queuedAt));
    });
  }

  #prompted(entry: Entry, before: Operation): void {
    const { id, waitingForInput } = entry.record;
    if (waitingForInput?.since === before.waitingForInput?.since || !this.options.runsHere(entry))
      return;
    clearTimeout(this.#questions.get(id));
    this.#questions.delete(id);
    if (waitingForInput === null || this.#jobs("waits", entry).length === 0) return;
    this.#later(id, () => {
      const now = this.options.store.ledger.get(id);
      if (now?.record.waitingForInput?.since === waitingForInput.since)
        this.#happened("waits", now);
    });
  }

  #later(id: string, act: () => void): void {
    clearTimeout(this.#questions.get(id));
    const timer = setTimeout(() => {
      this.#questions.delete(id);
      act();
    }, this.options.pauses?.waits ?? WAITS_MS);
    this.#questions.set(id, timer.unref());
  }

  #emptied(name: string): void {
    const { emptyQueue, settings } = this.options;
    const queue = settings.config.on?.queueEmpty === undefined ? null : emptyQueue(name);
    if (queue !== null) this.#tell(emptyMessage(queue));
  }

  /** Of a queue or a schedule. */
  #tell(message: Message): void {
    for (const action of actionsOf(this.options.settings.config.on, message.event))
      this.#add({ action, source: "config", message, entry: null, settled: () => {} });
  }

  #happened(event: ActionEvent, entry: Entry): void {
    for (const job of this.#jobs(event, entry)) this.#add(job);
  }

  #jobs(event: ActionEvent, entry: Entry, settled = () => {}): Job[] {
    const { record } = entry;
    const { settings, maskerOf, reasonOf } = this.options;
    const sources: Array<[Job["source"], Action[]]> = [
      ["pipeline", actionsOf(record.actions, event)],
    ];
    // The operation around it, or the next one of the chain, tells the end.
    if (record.parent === undefined && (isLast(record) || !ENDS.has(event)))
      sources.push(["config", actionsOf(settings.config.on, event)]);
    if (sources.every(([, actions]) => actions.length === 0)) return [];
    const reasons = event === "failure" || event === "finish" ? reasonOf(record) : [];
    const message = operationMessage(event, record, {
      reasons,
      stallAfter: settings.stallAfter,
      masker: maskerOf(entry),
    });
    return sources.flatMap(([source, actions]) =>
      actions.map((action) => ({ action, source, message, entry, settled })),
    );
  }

  #add(job: Job): void {
    this.#waiting.push(job);
    this.#next();
  }

  #next(): void {
    while (!this.#isStopped && this.#running.size < MOST_RUNNING) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      const run = this.#run(job).finally(() => {
        this.#running.delete(run);
        this.#next();
      });
      this.#running.add(run);
    }
  }

  async #run(job: Job): Promise<void> {
    const { signal } = this.#stop;
    let problem = await this.#try(job);
    for (const pause of this.options.pauses?.tries ?? PAUSES_MS) {
      if (problem === null) break;
      if (!this.#isStopped) await delay(pause, undefined, { signal, ref: false }).catch(() => {});
      // The next daemon runs it again.
      if (this.#isStopped) return;
      problem = await this.#try(job);
    }
    if (signal.aborted) return;
    const { message, source, entry, settled } = job;
    this.options.bus.emit("action", message.event, problem !== null);
    if (problem !== null) this.#failed(message, source, entry, problem);
    settled();
  }

  /** @returns why it failed; null: it did not */
  #try({ action, source, message, entry }: Job): Promise<string | null> {
    const { signal } = this.#stop;
    const submitted = source === "pipeline" ? entry : null;
    if (typeof action === "object" && "post" in action) {
      const until = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
      return post(action, message, submitted?.env ?? process.env, until);
    }
    return runCommand({
      command: action,
      cwd: submitted?.record.cwd ?? homedir(),
      env: { ...(submitted ? envWithin(submitted) : this.#env), ...variablesOf(message) },
      input: `${JSON.stringify(message.about)}\n`,
      timeout: TIMEOUT_MS,
      signal,
    });
  }

  /**
   * Actions of the config file run in the daemon's name: they get its environment as operations may
   * get it.
   */
  get #env(): Record<string, string> {
    const { env, startOnly } = childEnvironment(process.env, this.options.settings.fromDaemon);
    for (const name of startOnly) delete env[name];
    return env;
  }

  #failed(
    { event, of }: Message,
    source: ActionFailure["source"],
    entry: Entry | null,
    message: string,
  ): void {
    const { log, bus, store } = this.options;
    this.#file.addFailure(of, { event, source, at: sharedTime(), message });
    log.warn({ ...(entry && { id: of }), event, source, reason: message }, "an action failed");
    const record = entry && store.find(of)?.record;
    if (record) bus.emit("shown", record, "actionFailures");
  }

  /** Without the file, actions are run again after a restart. */
  #write(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.options.log.warn({ err: error }, "it could not be recorded which actions have run");
    }
  }
}

/**
 * What the command asks of the daemon is asked by the operation: an agent that submitted it answers
 * no approval so.
 */
function envWithin({ env, record }: Entry): Record<string, string> {
  return { ...env, LIVEOPS_ATTEMPT: String(record.attempt) };
}

const ENDS = new Set<ActionEvent>(["success", "failure", "finish"]);

/** Whether no operation follows in the chain. */
function isLast({ state, chain }: Operation): boolean {
  return isFinal(state) && (state !== "succeeded" || chain.next === null);
}
