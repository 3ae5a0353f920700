/**
 * Runs the hooks of operations and queues, a few at a time and beside the work of the daemon. A hook never changes the
 * outcome of an operation; its failure is in the record and in `liveopsd status`.
 *
 * The hooks of an operation run when its chain has finished, `onOdd` when the operation has. Each runs at least once: those that a daemon did not
 * finish are run by the next one.
 */

import { homedir } from "node:os";
import type { HOOK_VARIABLES, Hook, OperationHook } from "../../../protocol/hooks.js";
import type { HookFailure, Operation } from "../../../protocol/operation.js";
import type { QueueReply } from "../../../protocol/replies.js";
import { isFinal } from "../../../protocol/state.js";
import { firstLine } from "../../../protocol/text/first-line.js";
import { oddText } from "../../../protocol/text/odd-text.js";
import type { Bus } from "../../bus.js";
import type { Log } from "../../log/log.js";
import { childEnvironment } from "../../os/child-environment.js";
import { runHook } from "../../os/run-hook.js";
import { sharedNow, sharedTime } from "../../os/shared-clock.js";
import type { Settings } from "../../settings.js";
import type { Entry } from "../../store/decision.js";
import type { Store } from "../../store/store.js";
import { HookFile } from "./hook-file.js";

/** Hooks that run at the same time. */
const MOST_RUNNING = 4;

/** How long a stop waits for hooks that run, in ms; then they are killed and run again under the next daemon. */
const STOP_MS = 3000;

const DAY_MS = 24 * 3600 * 1000;

/** Operations that are looked at after a start. */
const MOST_EARLIER = 10_000;

interface HooksOptions {
  bus: Bus;
  file: string;
  log: Log;
  store: Pick<Store, "archive" | "journalNumber" | "ledger" | "find">;
  /** The queue as a command shows it, where none of its operations is queued or runs. */
  emptyQueue(name: string): QueueReply | null;
  /** Whether this daemon runs the hooks of the operation. */
  isOurs(entry: Entry): boolean;
  settings: Pick<Settings, "hooks" | "hookTimeout" | "fromDaemon">;
}

interface Job {
  hook: Hook;
  source: HookFailure["source"];
  command: string;
  /** Null: of a queue. */
  id: string | null;
  cwd: string;
  env: Record<string, string>;
  input: unknown;
  onEnd(problem: string | null): void;
}

export class Hooks {
  readonly #file: HookFile;
  readonly #waiting: Job[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #isStopped = false;

  constructor(private readonly options: HooksOptions) {
    this.#file = new HookFile(options.file, (problem) => options.bus.emit("problem", problem));
    options.bus.on("stalled", (entry) => this.#stalled(entry));
    options.bus.on("decided", (changes, _decision, isOwn) => {
      for (const { id, after } of isOwn ? changes : []) {
        const entry = after && isFinal(after.state) ? options.store.ledger.get(id) : undefined;
        if (entry && isFinal(entry.record.state)) this.#announce(entry);
      }
    });
  }

  /** Runs the hooks that an earlier daemon did not finish. */
  async start(): Promise<void> {
    const { store } = this.options;
    const { after } = this.#file;
    if (after === null) {
      this.#write(() => this.#file.begin(store.journalNumber));
      return;
    }
    const earlier = await store.archive.list({ finishedAfter: after }, MOST_EARLIER);
    for (const entry of earlier.reverse())
      if (this.options.isOurs(entry) && !this.#file.isDone(entry.finishedBy)) this.#finished(entry);
  }

  #announce(entry: Entry): void {
    this.#finished(entry);
    const command = this.options.settings.hooks.onQueueEmpty;
    const queue = command === undefined ? null : this.options.emptyQueue(entry.record.queue);
    if (command !== undefined && queue !== null) this.#queueEmpty(queue, command);
  }

  #finished(entry: Entry): void {
    const { record, finishedBy } = entry;
    const hooks = this.#hooksOf(record);
    this.#write(() => this.#file.finished(finishedBy, hooks.length > 0));
    let left = hooks.length;
    for (const { hook, source, command } of hooks)
      this.#add(entry, hook, source, command, () => {
        left--;
        if (left === 0) this.#write(() => this.#file.settle(finishedBy));
      });
  }

  /** A running operation reports nothing. */
  #stalled(entry: Entry): void {
    for (const [source, commands] of this.#sources(entry.record))
      if (commands.onStall !== undefined) this.#add(entry, "onStall", source, commands.onStall, () => {});
  }

  #queueEmpty(queue: QueueReply, command: string): void {
    const env = { ...this.#env, LIVEOPS_HOOK: "onQueueEmpty", LIVEOPS_QUEUE: queue.name };
    const cwd = homedir();
    this.#push({
      hook: "onQueueEmpty",
      source: "config",
      command,
      id: null,
      cwd,
      env,
      input: queue,
      onEnd: () => {},
    });
  }

  /** Hooks of the config file run in the daemon's name: they get its environment as operations may get it. */
  get #env(): Record<string, string> {
    const { env, startOnly } = childEnvironment(process.env, this.options.settings.fromDaemon);
    for (const name of startOnly) delete env[name];
    return env;
  }

  failuresOf(id: string): HookFailure[] | undefined {
    return this.#file.failures[id];
  }

  /** What `liveopsd status` says of the hooks that failed in the last day. */
  problems(): string[] {
    const since = new Date(sharedNow() - DAY_MS).toISOString();
    const failed = Object.entries(this.#file.failures).flatMap(([id, failures]) =>
      failures.filter(({ at }) => at > since).map((failure) => ({ id, ...failure })),
    );
    const last = failed.at(-1);
    if (last === undefined) return [];
    const hooks = failed.length === 1 ? "a hook has failed" : `${failed.length} hooks have failed`;
    return [`${hooks} in the last day; the last: ${last.hook} of ${last.id} at ${last.at}: ${last.message}`];
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const timer = setTimeout(() => this.#stop.abort(), STOP_MS);
    await Promise.allSettled(this.#running);
    clearTimeout(timer);
    this.#write(() => this.#file.write());
  }

  #hooksOf(
    record: Operation,
  ): Array<{ hook: OperationHook; source: HookFailure["source"]; command: string }> {
    const wanted: OperationHook[] = [];
    if (record.odd?.length) wanted.push("onOdd");
    if (endsChain(record)) {
      if (record.state === "succeeded") wanted.push("onSuccess");
      if (record.state === "failed") wanted.push("onFailure");
      wanted.push("onFinish");
    }
    return this.#sources(record).flatMap(([source, commands]) =>
      wanted.flatMap((hook) => {
        const command = commands[hook];
        return command === undefined ? [] : [{ hook, source, command }];
      }),
    );
  }

  /** Those of the config file run for the operation around it. */
  #sources(record: Operation): Array<[HookFailure["source"], Partial<Record<OperationHook, string>>]> {
    return [
      ["submit", record.hooks ?? {}],
      ["config", record.parent === undefined ? this.options.settings.hooks : {}],
    ];
  }

  #add(entry: Entry, hook: Hook, source: HookFailure["source"], command: string, settled: () => void): void {
    const { record } = entry;
    const ofSubmit = source === "submit";
    this.#push({
      hook,
      source,
      command,
      id: record.id,
      input: record,
      cwd: ofSubmit ? record.cwd : homedir(),
      env: { ...(ofSubmit ? entry.env : this.#env), ...variablesOf(hook, record) },
      onEnd: (problem) => {
        if (problem !== null) this.#failed(record.id, { hook, source, at: sharedTime(), message: problem });
        settled();
      },
    });
  }

  #failed(id: string, failure: HookFailure): void {
    const { hook, source, message } = failure;
    this.#file.addFailure(id, failure);
    this.options.log.warn({ id, hook, source, reason: message }, "a hook failed");
    const record = this.options.store.find(id)?.record;
    if (record) this.options.bus.emit("shown", record, "hookFailures");
  }

  #push(job: Job): void {
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

  async #run({ command, cwd, env, input, onEnd, hook }: Job): Promise<void> {
    const text = `${JSON.stringify(input)}\n`;
    const timeout = this.options.settings.hookTimeout * 1000;
    const { signal } = this.#stop;
    const problem = await runHook({ command, cwd, env, input: text, timeout, signal });
    // It is run again under the next daemon.
    if (signal.aborted) return;
    this.options.bus.emit("hook", hook, problem !== null);
    if (problem !== null && hook === "onQueueEmpty")
      this.options.log.warn({ hook, reason: problem }, "a hook failed");
    onEnd(problem);
  }

  /** Without the file, hooks are run again after a restart. */
  #write(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.options.log.warn({ err: error }, "it could not be recorded which hooks have run");
    }
  }
}

/** Whether no operation follows in the chain. */
function endsChain({ state, chain }: Operation): boolean {
  return isFinal(state) && (state !== "succeeded" || chain.next === null);
}

function variablesOf(hook: Hook, record: Operation): Record<keyof typeof HOOK_VARIABLES, string> {
  const { id, op, title, label, state, chain, queue, seconds, error } = record;
  return {
    LIVEOPS_HOOK: hook,
    LIVEOPS_OPERATION_ID: id,
    LIVEOPS_OP: op,
    LIVEOPS_TITLE: oneLine(title),
    LIVEOPS_LABEL: oneLine(label ?? ""),
    LIVEOPS_STATE: state,
    LIVEOPS_CHAIN: chain.id,
    LIVEOPS_QUEUE: queue,
    LIVEOPS_SECONDS: seconds === null ? "" : String(seconds),
    LIVEOPS_ERROR: oneLine(error === null ? "" : firstLine(error.message)),
    LIVEOPS_ERROR_CODE: error?.code ?? "",
    LIVEOPS_ODD: oneLine((record.odd ?? []).map(oddText).join("\n")),
  };
}

/** A variable of the environment holds no null character. */
function oneLine(text: string): string {
  return text.replaceAll("\0", "");
}
