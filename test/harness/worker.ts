/**
 * A worker process without a daemon: the test gives it orders and writes its lease.
 *
 * `await using worker = await TestWorker.start(text)` kills what is left at the end of the scope.
 */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, uptime } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { identify, markOf, WORKER_VARIABLE } from "../../daemon/os/process-identity.js";
import { logFile } from "../../daemon/run-files/attempt-files.js";
import { type LogRecord, linesOf } from "../../daemon/run-files/log-tail.js";
import type { Entry, Policy } from "../../daemon/store/decision.js";
import { workerFiles } from "../../daemon/store/layout.js";
import type { FromWorker, OrderMessage, WorkerSetup } from "../../daemon/worker/messages.js";
import { environmentOf, pids, processStat } from "../../ops/programs/proc.js";
import type { OperationEvent } from "../../protocol/event.js";
import { newId } from "../../protocol/id.js";
import type { LogLine } from "../../protocol/operation.js";
import { encodeRecord } from "../../protocol/record-line.js";
import { submittedRecord } from "../../protocol/reduce.js";
import { AT, submission } from "./records.js";
import { POLICY } from "./store.js";

const PROGRAM = fileURLToPath(new URL("../../dist/worker.js", import.meta.url));

export class TestWorker implements AsyncDisposable {
  /** Resolves with the signal that ended the process; null: it ended by itself. */
  readonly ended: Promise<NodeJS.Signals | null>;
  readonly #messages: FromWorker[] = [];
  #attempts = 0;

  private constructor(
    readonly dir: string,
    private readonly workerId: string,
    readonly child: ChildProcess,
  ) {
    this.ended = once(child, "exit").then(([, signal]) => signal);
    child.on("message", (message: FromWorker) => this.#messages.push(message));
  }

  /**
   * Starts a worker whose orders run the only type of a file, `probe`.
   *
   * @param body of its `run`; `p`, `this.params.dir` and all of node:fs are there
   * @param statics of the class, as text
   */
  static async start(
    body: string,
    statics = "",
    setup: Partial<WorkerSetup> = {},
  ): Promise<TestWorker> {
    const dir = mkdtempSync(join(tmpdir(), "liveops-worker-"));
    writeFileSync(
      join(dir, "probe.mjs"),
      `import * as fs from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation } from "liveops";
export class Probe extends LiveOperation { ${statics}
  async run(p) { const dir = ${JSON.stringify(dir)}; ${body} }
}`,
    );
    const workerId = newId();
    const files = workerFiles(dir, workerId);
    const output = [files.stdoutFile, files.stderrFile].map((file) => openSync(file, "a", 0o600));
    const { PATH = "", NODE_COMPILE_CACHE = "" } = process.env;
    const given: WorkerSetup = {
      workerId,
      ...files,
      userCode: false,
      socket: join(dir, "socket"),
      nice: 0,
      opsDirs: [],
      stampsDir: join(dir, "stamps"),
      cgroup: null,
      startOnly: [],
      ...setup,
    };
    const child = fork(PROGRAM, [JSON.stringify(given)], {
      detached: true,
      stdio: ["ignore", ...output, "ipc"],
      env: { PATH, HOME: dir, NODE_COMPILE_CACHE, [WORKER_VARIABLE]: workerId },
    });
    output.forEach(closeSync);
    const worker = new TestWorker(dir, workerId, child);
    await worker.#next("ready");
    return worker;
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  get leaseFile(): string {
    return join(this.dir, "lease");
  }

  /**
   * Writes the lease of the host.
   *
   * @returns its deadline
   */
  lease(secondsFromNow: number): number {
    const deadline = uptime() + secondsFromNow;
    writeFileSync(this.leaseFile, encodeRecord({ deadline }));
    return deadline;
  }

  /** Orders the next attempt. Returns at once. */
  order(over: Partial<OrderMessage> = {}, policy: Partial<Policy> = {}): void {
    const attempt = ++this.#attempts;
    mkdirSync(join(this.dir, "run"), { recursive: true });
    const operation = submission({
      id: "abc123def456",
      op: "probe",
      title: "Probe",
      stages: [],
      cwd: this.dir,
    });
    const record = { ...submittedRecord(operation, AT, 1), state: "running" as const, attempt };
    const entry: Entry = {
      record,
      order: 1,
      version: 1,
      queuedAt: 1,
      finishedBy: 0,
      env: {},
      key: null,
      events: [],
      bytes: 0,
      nextAttempt: attempt + 1,
      tries: 0,
      run: {
        worker: { workerId: this.workerId, directory: "0:0", ...identify(this.pid) },
        policy: { ...POLICY, ...policy },
        stopReason: null,
        stopRequestedAt: null,
        startedAt: AT,
        startedUptime: 0,
        accepted: false,
      },
    };
    this.#send({
      type: "order",
      entry,
      file: join(this.dir, "probe.mjs"),
      attemptDir: this.attemptDir,
      earlier: [],
      maxLog: 2 ** 26,
      valuesDir: null,
      ...over,
    });
  }

  /** Orders an attempt under the lease. */
  orderLeased(policy: Partial<Policy> = {}, fence = 7): void {
    this.order({ lease: this.leaseFile, fence, valuesInEvents: true }, policy);
  }

  get attemptDir(): string {
    return join(this.dir, "run", String(this.#attempts));
  }

  /** Events of the last attempt, in order. */
  get events(): OperationEvent[] {
    const { eventsFile } = workerFiles(this.dir, this.workerId);
    return recordsIn<OperationEvent>(eventsFile).filter(
      ({ attempt }) => attempt === this.#attempts,
    );
  }

  get lines(): LogLine[] {
    return recordsIn<LogRecord>(logFile(this.attemptDir)).flatMap(linesOf);
  }

  /** Text of a file that the operation writes in its directory; empty: there is none. */
  text(name: string): string {
    const file = join(this.dir, name);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  async idle(): Promise<void> {
    await this.#next("idle");
  }

  /**
   * Pids of living processes that the worker started, whatever their session.
   *
   * @param word in their command lines; default: any
   */
  processes(word = ""): number[] {
    return pids().filter((pid) => {
      const state = processStat(pid)?.state;
      if (pid === this.pid || state === undefined || state === "Z") return false;
      return environmentOf(pid).includes(markOf(this.workerId)) && commandLine(pid).includes(word);
    });
  }

  /** Number of threads of the process. */
  get threads(): number {
    return readdirSync(`/proc/${this.pid}/task`).length;
  }

  /** Bytes that the process has read, from files and otherwise. */
  get bytesRead(): number {
    return Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${this.pid}/io`, "utf8"))![1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
    for (const pid of this.processes()) process.kill(pid, "SIGKILL");
    rmSync(this.dir, { recursive: true, force: true });
  }

  #send(message: OrderMessage): void {
    this.child.send(message);
  }

  async #next(type: FromWorker["type"]): Promise<void> {
    for (;;) {
      const message = this.#messages.shift();
      if (message?.type === type) return;
      const isOver = await Promise.race([
        once(this.child, "message").then(() => false),
        this.ended.then(() => true),
      ]);
      if (isOver) throw new Error(`the worker ended before it was ${type}`);
    }
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** Complete lines only: what a reader sees. */
function recordsIn<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  const complete = readFileSync(file, "utf8").replaceAll("\t", "").split("\n").slice(0, -1);
  return complete.map((line) => JSON.parse(line) as T);
}
