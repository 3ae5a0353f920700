/**
 * Performs one order: accepts it durably, prepares the process, runs the attempt, writes the
 * outcome, and cleans up.
 *
 * Whatever happens to this process in between, an outcome is written once: by the runner, by the
 * handler of an uncaught exception, or during `process.exit`. If none is written, the daemon sees a
 * dead worker.
 */
import { currentStep, type StepPlace } from "../../ops/attempt/current-step.js";
import { toOperationError } from "../../ops/attempt/failure.js";
import { operationVariables, setStageVariable } from "../../ops/attempt/operation-variables.js";
import { cwdGone, runAttempt } from "../../ops/attempt/run-attempt.js";
import type { Order, StageValues } from "../../ops/attempt/sink.js";
import { fileStageValues } from "../../ops/attempt/stage-values.js";
import { OwnUsage } from "../../ops/attempt/usage.js";
import { loadType, typeFinder } from "../../ops/loading/catalogue.js";
import { notLoading, retryOnceMended } from "../../ops/loading/type-names.js";
import { typeOfText } from "../../ops/pipeline/type.js";
import { captureOutput } from "../../ops/programs/capture-output.js";
import { handSecrets } from "../../ops/secrets/handed-secrets.js";
import type { FailureCode } from "../../protocol/errors.js";
import type { Outcome } from "../../protocol/event.js";
import type { AppendFile } from "../../protocol/system/append-file.js";
import { Cgroup } from "../os/cgroup.js";
import { commitAround } from "../os/git-checkout.js";
import { allEvents, keptItems, keptValues } from "../run-files/attempt-files.js";
import type { Entry } from "../store/decision.js";
import { sourceOf } from "../store/entry-events.js";
import { RemovedFiles } from "./end-worker.js";
import { enterEnvironment, leaveEnvironment } from "./environment.js";
import { WORKER_FEATURES } from "./features.js";
import type { Lease } from "./lease.js";
import type { OrderMessage, WorkerSetup } from "./messages.js";
import { childrenOf } from "./nested.js";
import type { OwnOutput } from "./own-output.js";
import { PausableClock } from "./pausable-clock.js";
import { ActivityBaseline } from "./recycling.js";
import { type RetryWhileDiskFull, waitingAt } from "./retry-while-disk-full.js";
import { RunWriter } from "./run-writer.js";
import type { StatePaths } from "./state-paths.js";
import { StopFile } from "./stop-file.js";
import { TerminalServer } from "./terminal-server.js";

export class AttemptRunner {
  readonly #entry: Entry;
  readonly #order: Order;
  readonly #stop: StopFile;
  readonly #retryWhileFull: RetryWhileDiskFull;
  #writer: RunWriter | null = null;
  #removed: RemovedFiles | null = null;
  #held: Lease | null = null;
  #closers: Array<() => void> = [];
  readonly #clock: PausableClock;
  readonly #started: number;
  /** The measure of the attempt before, whose end is the start of this one. */
  static #lastUsage: OwnUsage | null = null;
  readonly #usage = new OwnUsage(AttemptRunner.#lastUsage);
  #finished = false;
  #running = false;
  /** The operation's code may still be running in this process. */
  #faulty = false;

  private readonly message: OrderMessage;

  constructor(
    private readonly paths: StatePaths,
    order: OrderMessage,
    private readonly setup: WorkerSetup,
    private readonly output: Record<"stdout" | "stderr", OwnOutput>,
    /** The worker's own file of events. */
    private readonly events: AppendFile,
  ) {
    const message = paths.order(order);
    this.message = message;
    this.#entry = message.entry;
    const fields = Object.assign({}, ...WORKER_FEATURES.map((feature) => feature.fields(message)));
    this.#order = { ...orderOf(this.#entry), stepSeconds: message.stepSeconds, fields };
    this.#clock = new PausableClock(message.attemptDir);
    this.#started = this.#clock.now();
    this.#stop = new StopFile(message.attemptDir);
    this.#retryWhileFull = waitingAt(setup.lockFile);
  }

  /** Resolves when the outcome is on disk: true if this process may run another operation. */
  async perform(): Promise<boolean> {
    const leases = WORKER_FEATURES.map((feature) => feature.lease(this.message, this.setup));
    this.#held = (await leases.find((lease) => lease !== null)) ?? null;
    this.#held?.hold();
    this.#stop.checkLease = this.#held?.check;
    const { attemptDir, maxLog } = this.message;
    const baseline = new ActivityBaseline();
    const { id, attempt, seq, logLines } = this.#order;
    const writer = new RunWriter({
      events: this.events,
      dir: attemptDir,
      id,
      attempt,
      seq,
      lines: logLines,
      maxLog,
      isResumable: this.message.valuesDir !== null,
      retryWhileFull: this.#retryWhileFull,
    });
    writer.checkLease = this.#held?.check ?? null;
    const commit = commitAround(this.#order.cwd);
    writer.event(
      {
        type: "attempt:accepted",
        pid: process.pid,
        commit: commit ?? undefined,
        entry: withoutEvents(this.#entry),
        used: this.#usage.before,
      },
      true,
    );
    this.#writer = writer;
    this.#removed = new RemovedFiles(this.setup.eventsFile, this.setup, this.events);
    const outcome = await this.#run(writer);
    await this.#removed.stop();
    this.#finish(outcome);
    const isFault =
      this.#faulty || FAULTS.has(outcome.error?.code ?? "") || this.#stop.signal.aborted;
    return !isFault && (await baseline.isQuiet()) && this.#isAlone();
  }

  stopRequested(): void {
    this.#stop.signalled();
  }

  /** The process was stopped, and runs again. */
  continued(): void {
    this.#clock.continued();
  }

  /**
   * Handles an uncaught error. True: the runner handles it, while it runs the attempt. Else the
   * attempt fails here.
   */
  takesFault(thrown: unknown, origin: NodeJS.UncaughtExceptionOrigin): boolean {
    this.#faulty = true;
    if (this.#running) return true;
    const cause = origin === "unhandledRejection" ? "unhandled-rejection" : "uncaught-exception";
    if (this.#writer !== null) {
      const error = { ...toOperationError(thrown, this.#writer.masker), cause } as const;
      this.#finish({ state: "failed", result: null, error, next: null });
    }
    return false;
  }

  /** The operation's code called `process.exit`. */
  exited(code: number): void {
    const message = `the operation ended its process with exit code ${code}`;
    const error = { code: "LIVEOPS_WORKER_LOST", message, stack: null, cause: "exited" } as const;
    this.#finish({ state: "failed", result: null, error, next: null });
  }

  /**
   * Whether the cgroup holds no process that the operation left running, however it was started.
   */
  #isAlone(): boolean {
    const { cgroup } = this.setup;
    return cgroup === null || new Cgroup(cgroup).pids().every((pid) => pid === process.pid);
  }

  async #run(writer: RunWriter): Promise<Outcome> {
    const { file, valuesDir } = this.message;
    const order = this.#order;
    writer.onStage = setStageVariable;
    const gone = cwdGone(order.cwd);
    if (gone !== null) return gone;
    this.#stop.signal.addEventListener("abort", () =>
      writer.line(
        "liveops",
        writer.stage,
        this.#stop.signal.reason === "timeout"
          ? "timed out; stopping"
          : "cancel requested; stopping",
      ),
    );
    this.#captureOutput(writer);
    this.#enter(order);
    let Type: Awaited<ReturnType<typeof loadType>>;
    try {
      const source = sourceOf(this.#entry);
      Type = source === null ? await loadType(file, order.op) : await typeOfText(source);
    } catch (error) {
      const { message, stack } = error as Error;
      const reason = retryOnceMended(notLoading(file, message), order.id);
      return failed("LIVEOPS_LOAD_FAILED", reason, stack ?? null);
    }
    const values = valuesDir === null ? null : this.#values(valuesDir, writer);
    this.#running = true;
    // The channel to the daemon must not keep the event loop alive: an empty one is an operation
    // that never settles.
    process.channel?.unref();
    const findType = typeFinder(this.setup.opsDirs, []);
    if (this.message.secrets !== undefined) this.#closers.push(handSecrets(this.message.secrets));
    const terminals = new TerminalServer(this.message.attemptDir, (reason) =>
      writer.line(
        "liveops",
        writer.stage,
        `nobody can attach to the terminal: ${this.paths.shown(reason)}`,
      ),
    );
    const options = {
      clock: this.#clock,
      findType,
      stampsDir: this.setup.stampsDir,
      children: childrenOf(order, this.setup),
    };
    const outcome = await runAttempt(Type, order, writer, this.#stop, values, options, terminals);
    if (outcome.state === "succeeded") this.#leaseEnds();
    await terminals.close();
    process.channel?.ref();
    this.#running = false;
    return outcome;
  }

  /**
   * The operation has done all within the lease. What is left is to record that, which may wait for
   * the disk: a lease that ends meanwhile must not make a failure of it. Whoever took the operation
   * over refuses the outcome.
   */
  #leaseEnds(): void {
    this.#held?.check();
    this.#held?.release();
  }

  /**
   * Storing a stage's value waits for disk space, as the stage itself does, so that the value is
   * not lost.
   */
  #values(dir: string, writer: RunWriter): StageValues {
    const order = this.#order;
    const { attempt, op } = order;
    // A pipeline itself compares what each stage can see, so that a retry with another text
    // resumes.
    const isPipeline = op === "pipeline" || sourceOf(this.#entry) !== null;
    const params = isPipeline ? {} : order.params;
    const earlier = allEvents(this.#entry, this.message.earlier);
    const values = fileStageValues(dir, params, attempt, {
      earlier: () => keptValues(earlier),
      earlierItems: () => keptItems(earlier),
      forgotten: this.#entry.forgotten ?? [],
      byHand: this.#entry.byHand ?? [],
      ...(this.message.valuesInEvents && { recordItems: (event) => writer.event(event, false) }),
    });
    return {
      items: (...place) => values.items(...place),
      load: (...place) => values.load(...place),
      byHand: (...place) => values.byHand(...place),
      keep: (...value) =>
        this.#retryWhileFull(() => {
          this.#held?.check();
          return values.keep(...value);
        }),
    };
  }

  /**
   * Writes by JavaScript go to the log at once; output that bypasses JavaScript comes through the
   * output files.
   */
  #captureOutput(writer: RunWriter): void {
    const { stdout, stderr } = this.output;
    // Both files together take no more space than the log.
    const most = this.message.maxLog / 2;
    for (const name of ["stdout", "stderr"] as const) {
      const onLines = (texts: readonly string[], end: number) =>
        writer.outputLines(name, writer.stage, texts, undefined, end);
      const onLost = (text: string) => writer.line("liveops", writer.stage, text);
      this.output[name].start(
        { onLines, onLost, cut: (...line) => writer.masker.cut(...line) },
        most,
      );
    }
    const files = [stdout, stderr];
    writer.beforeStage = () => {
      for (const file of files) file.read();
    };
    const captured = captureOutput(
      (stream, text, at: StepPlace | undefined) =>
        writer.line(stream, at?.stage ?? writer.stage, text, at?.step),
      (...line) => writer.masker.cut(...line),
      currentStep,
    );
    this.#closers.push(
      () => captured.restore(),
      () => {
        for (const file of files) file.stop();
      },
    );
  }

  #enter(order: Order): void {
    const cwdBefore = process.cwd();
    process.chdir(order.cwd);
    enterEnvironment(order.env, operationVariables(order));
    this.#closers.push(() => {
      leaveEnvironment();
      process.chdir(cwdBefore);
    });
  }

  #finish(outcome: Outcome): void {
    if (this.#finished || !this.#writer) return;
    this.#finished = true;
    for (const close of this.#closers) close();
    const seconds = Math.round(this.#clock.now() - this.#started) / 1000;
    const resources = this.#usage.end();
    AttemptRunner.#lastUsage = this.#usage;
    this.#writer.finish({
      type: "attempt:finished",
      seconds,
      resources: resources ?? undefined,
      ...outcome,
    });
    this.#held?.release();
    this.#removed?.writeAnew();
    this.#writer.close();
  }
}

/** After these failures the operation's code may still be running. */
const FAULTS = new Set<string>([
  "LIVEOPS_LOAD_FAILED",
  "LIVEOPS_STAGE_ACTIVE",
  "LIVEOPS_NEVER_SETTLED",
] satisfies FailureCode[]);

function failed(code: FailureCode, message: string, stack: string | null = null): Outcome {
  return { state: "failed", result: null, error: { code, message, stack }, next: null };
}

function orderOf({ record, env, forgotten }: Entry): Order {
  const { id, op, attempt, params, title, label, stages, cwd, chain, seq, logLines, slot } = record;
  const { force, approvals } = record;
  const order = {
    id,
    op,
    attempt,
    params,
    title,
    label,
    stages,
    cwd,
    env,
    chain,
    seq,
    logLines,
    force,
  };
  const from = forgotten?.at(-1)?.from;
  return { ...order, slot: slot ?? 1, from, approvals };
}

/**
 * An entry without the events of earlier attempts, which the events of this attempt must not
 * repeat.
 */
function withoutEvents({ attemptEvents: _, ...entry }: Entry): Entry {
  return entry;
}
