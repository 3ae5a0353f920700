/** The public client `liveops/client`: typed submits, streams that reconnect, and waiting. */
import { resolve } from "node:path";
import { LiveopsError } from "../errors.js";
import { UsageError } from "../failures.js";
import type { LogLine, Operation } from "../operation.js";
import type { OperationPage } from "../replies.js";
import { isFinal, type State } from "../state.js";
import { readConfig } from "../system/config.js";
import type { Client } from "./client.js";
import { addressedDaemon, placesWith } from "./daemon-address.js";
import type { Deadlines } from "./deadline.js";
import { clientFor } from "./find-daemon.js";
import { newKey } from "./idempotency-key.js";
import { endOfLog, type LineFilter, lastLines, newLines, storedLines } from "./log-lines.js";
import {
  type RequestSettings,
  type SubmissionOptions,
  type SubmitArguments,
  type SubmitSettings,
  type SubmittableType,
  submitBodyOf,
} from "./submission.js";
import { lastOfChain, untilFinished } from "./until-finished.js";
import { type WatchFilter, type WatchState, watchOperation, watchStates } from "./watching.js";

/** Which daemon to use. All are optional. */
export interface ConnectOptions {
  /**
   * The socket. Default: as for the commands, `$LIVEOPS_SOCKET`, the config file, or the state
   * directory.
   */
  socket?: string;
  /** The state directory. Default: as for the commands. */
  stateDir?: string;
  /** Address of a daemon on another machine: `ssh://user@host`. Default: `$LIVEOPS_HOST`. */
  host?: string;
  /**
   * How long to wait for the daemon, in milliseconds: `answer` (10,000), `request` (60,000),
   * `stream` (45,000).
   */
  deadlines?: Partial<Deadlines>;
}

/** Which operations to list; all are optional. */
export interface ListFilter {
  state?: State[];
  /** Name of an operation type. */
  op?: string;
  /** Id of a chain. */
  chain?: string;
  /** Text to find in id, type, title or label. */
  q?: string;
  /** Operations in a page, at most 1000. Default: 50. */
  limit?: number;
  /** Which operations come first. Default: `newest`. */
  order?: "newest" | "oldest";
  /** `next` of the previous page. Default: the first page of the order. */
  before?: string;
  /** Only operations that finished at this time (ISO 8601) or later. */
  finishedSince?: string;
}

/** Which log lines to read; all are optional. */
export interface LogFilter extends LineFilter {
  /** Only this many lines from the end. Default: all. */
  tail?: number;
  /** Continue with new lines until the operation is finished. Default: false. */
  follow?: boolean;
}

export interface StreamSettings extends RequestSettings {
  /** Called once when the connection is lost; the stream reconnects. */
  onLost?: () => void;
  /** Called once when the stream continues. */
  onBack?: () => void;
}

export interface WaitSettings extends StreamSettings {
  /** Seconds; 0: look, and do not wait. Default: no limit. */
  timeout?: number;
  /** Wait for the last operation of the chain. Default: true. */
  chain?: boolean;
}

/**
 * A client of the daemon. Opens a connection for each call, so that a client that is not used costs
 * nothing.
 *
 * Every method throws {@link LiveopsError}: a `Refusal` if the daemon refuses, `NoDaemonError` if
 * no daemon answers, `NoAnswerError` if the daemon does not reply in time, `ConnectionLostError` if
 * the connection breaks. An aborted call rejects with the reason of its signal. Ids may be unique
 * prefixes of 3 characters or more.
 */
export class LiveopsClient implements AsyncDisposable {
  readonly #client: Client;
  /** `env.allow` of the config file. */
  readonly #allow: readonly string[] | undefined;
  readonly #closed = new AbortController();

  /**
   * @throws LiveopsError `LIVEOPS_CONFIG_INVALID` if the config file or the address of the host is
   * not valid
   */
  constructor({ socket, stateDir, host, deadlines }: ConnectOptions = {}) {
    const places = {
      ...(socket && { socket: resolve(socket) }),
      ...(stateDir && { stateDir: resolve(stateDir) }),
    };
    try {
      const flags = addressedDaemon(host, Object.keys(places).length > 0) ?? places;
      const daemonPlaces = placesWith(readConfig(), flags);
      this.#client = clientFor(daemonPlaces, flags, deadlines);
      this.#allow = daemonPlaces.config.env?.allow;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new LiveopsError("LIVEOPS_CONFIG_INVALID", error.message, null, { cause: error });
    }
  }

  /** The socket of the daemon. */
  get socket(): string {
    return this.#client.socket;
  }

  /**
   * Submits an operation. Resolves with its record once the operation is on disk.
   *
   * @param type - the class, which types the parameters; or the name of the type
   * @throws Refusal `LIVEOPS_NO_SUCH_TYPE`; `LIVEOPS_PARAMS_INVALID`; `LIVEOPS_QUEUE_FULL`;
   *   `LIVEOPS_STORE_FULL`
   */
  submit<T extends SubmittableType>(type: T, ...args: SubmitArguments<T>): Promise<Operation>;
  submit(
    type: string,
    params?: Record<string, unknown>,
    options?: SubmissionOptions & SubmitSettings,
  ): Promise<Operation>;
  async submit(
    type: SubmittableType | string,
    params?: unknown,
    options: SubmissionOptions & SubmitSettings = {},
  ): Promise<Operation> {
    const { idempotencyKey = newKey() } = options;
    return this.#client.submit(
      submitBodyOf(type, params, options, this.#allow, this.socket),
      idempotencyKey,
      this.#signal(options),
    );
  }

  /** @throws Refusal `LIVEOPS_NO_SUCH_OPERATION`; `LIVEOPS_AMBIGUOUS_ID` */
  async get(id: string, settings: RequestSettings = {}): Promise<Operation> {
    return this.#client.show(id, this.#signal(settings));
  }

  /**
   * A page of operations, newest first unless `order` says otherwise. `next` is the `before` of the
   * next page; null at the end.
   */
  async list(filter: ListFilter = {}, settings: RequestSettings = {}): Promise<OperationPage> {
    return this.#client.list(filter, this.#signal(settings));
  }

  /**
   * Yields the record of an operation at the start and after each change, until its chain is
   * finished.
   *
   * The stream reconnects over restarts of the daemon, and the state is complete afterwards. It is
   * state, not history: fast changes are merged, and a record may come twice.
   *
   * @param options - `chain`: continue with the next operations of the chain. Default: true
   */
  watch(
    id: string,
    options?: StreamSettings & { chain?: boolean },
  ): AsyncGenerator<Operation, void>;
  /**
   * Yields all operations that fit at the start and after each change, without an end. After a
   * reconnect, the state is complete again.
   */
  watch(filter?: WatchFilter, options?: StreamSettings): AsyncGenerator<WatchState, void>;
  async *watch(
    what: string | WatchFilter = {},
    options: StreamSettings & { chain?: boolean } = {},
  ): AsyncGenerator<Operation | WatchState, void> {
    const reconnect = this.#reconnect(options);
    if (typeof what === "string")
      yield* watchOperation(this.#client, what, options.chain ?? true, reconnect);
    else yield* watchStates(this.#client, what, reconnect);
  }

  /**
   * Yields the stored log lines, oldest first; with `follow`, also new lines until the operation is
   * finished.
   */
  async *log(
    id: string,
    filter: LogFilter = {},
    settings: StreamSettings = {},
  ): AsyncGenerator<LogLine, void> {
    const { tail, follow = false, ...rest } = filter;
    const reconnect = this.#reconnect(settings);
    const { signal } = reconnect;
    const end = follow ? await endOfLog(this.#client, id, signal) : undefined;
    const stored = { client: this.#client, id, filter: rest, end, signal };
    if (tail === undefined) yield* storedLines(stored);
    else yield* await lastLines(stored, tail);
    if (end !== undefined) yield* newLines({ ...stored, end }, reconnect);
  }

  /**
   * Waits until the last operation of the chain is finished, also over restarts of the daemon.
   *
   * @returns the record of the operation that finished last; look at its `state`
   * @throws LiveopsError `LIVEOPS_WAIT_TIMEOUT`
   */
  async wait(id: string, settings: WaitSettings = {}): Promise<Operation> {
    const { timeout, chain = true } = settings;
    const late = new AbortController();
    const reconnect = this.#reconnect(settings);
    const signal = AbortSignal.any([reconnect.signal, late.signal]);
    const error = new LiveopsError(
      "LIVEOPS_WAIT_TIMEOUT",
      `${id} was not finished after ${timeout} s`,
    );
    if (timeout === 0) {
      const operation = await this.#client.show(id, reconnect.signal);
      const last = chain ? await lastOfChain(this.#client, operation, reconnect.signal) : operation;
      if (isFinal(last.state)) return last;
      throw error;
    }
    const ms = timeout === undefined ? undefined : Math.min(timeout * 1000, LONGEST_MS);
    const timer = ms === undefined ? undefined : setTimeout(() => late.abort(error), ms);
    try {
      return await untilFinished(this.#client, id, { ...reconnect, signal, chain });
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Ends every open call and stream with `LIVEOPS_CLIENT_CLOSED`; later calls too. Operations
   * continue.
   */
  close(): void {
    if (!this.#closed.signal.aborted)
      this.#closed.abort(new LiveopsError("LIVEOPS_CLIENT_CLOSED", "the client was closed"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #signal({ signal }: RequestSettings): AbortSignal {
    const closed = this.#closed.signal;
    const any = signal === undefined ? closed : AbortSignal.any([closed, signal]);
    any.throwIfAborted();
    return any;
  }

  #reconnect({ onLost, onBack, ...settings }: StreamSettings) {
    return { onLost, onBack, signal: this.#signal(settings) };
  }
}

/** Longest delay that setTimeout accepts. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * A client for the daemon that the commands would use.
 *
 * ```ts
 * await using liveops = connect();
 * const { id } = await liveops.submit(Backup, { source: ".", target: "/srv/backups" });
 * const last = await liveops.wait(id);
 * ```
 */
export function connect(options: ConnectOptions = {}): LiveopsClient {
  return new LiveopsClient(options);
}
