/** The typed client of the daemon: one method per route, with the route's name. Used by commands, dashboard, tests. */
import { Refusal } from "../errors.js";
import { LineSplitter } from "../ndjson.js";
import type { Operation } from "../operation.js";
import type {
  DaemonReply,
  ForecastReply,
  HistoryReply,
  HostsReply,
  InputReply,
  LogPage,
  OperationPage,
  QueueReply,
  QueuesReply,
  ReloadReply,
  ScheduleReply,
  SchedulesReply,
  StopReply,
  TypesReply,
} from "../replies.js";
import type {
  AgainBody,
  EditBody,
  EventsQuery,
  InputBody,
  ListQuery,
  LogQuery,
  QueueBody,
  RetryBody,
  RetrySelectionBody,
  ScheduleBody,
  SelectionBody,
  SubmitBody,
  WatchQuery,
} from "../requests.js";
import type { BackupLine, EventLine, SelectionLine, TerminalLine } from "../stream-lines.js";
import type { WatchLine } from "../watch.js";
import { DEADLINES, type Deadlines } from "./deadline.js";
import { ConnectionLostError, NoDaemonError } from "./errors.js";
import { askJson, open, readText } from "./http.js";
import type { RequestOptions } from "./request.js";
import { UnreachableHostError } from "./ssh/errors.js";

/** Sent every 15 s on every open stream: the daemon is alive. */
interface PingLine {
  type: "ping";
}

/** What a client knows of its daemon beyond the socket. All are optional. */
export interface DaemonHints {
  /** Finds the socket on which the daemon answers now; null: no other socket is known. Default: only this socket. */
  findSocket?: (() => Promise<string | null>) | undefined;
  /** Starts the daemon where the first request finds none. Default: none is started. */
  startDaemon?: (() => Promise<void>) | undefined;
  /** The command that starts the daemon, for `NoDaemonError`. Default: `liveopsd start`. */
  startCommand?: string;
  /** Why a daemon that was lost does not come back; null: it may. The error replaces that of the connection. */
  whyGone?: (() => Error | null) | undefined;
}

export class Client {
  readonly #deadlines: Deadlines;
  /** Where the daemon answered last. */
  #socket: string;
  /** The daemon answered before: one that was lost is not started again. */
  #wasReached = false;
  #starting: Promise<void> | null = null;
  /** Milliseconds that the daemon's clock is ahead of this machine's, by the last reply. */
  #ahead = 0;
  /** Called with the daemon's clock at each reply, in ms since 1970. */
  onClock: (time: number) => void = () => {};

  /**
   * Every method throws `NoDaemonError` if nothing listens on the socket, and `NoAnswerError` if the daemon does not
   * reply in time.
   *
   * @param deadlines in ms; default: `DEADLINES`
   */
  constructor(
    private readonly firstSocket: string,
    deadlines: Partial<Deadlines> = {},
    private readonly hints: DaemonHints = {},
  ) {
    this.#deadlines = { ...DEADLINES, ...deadlines };
    this.#socket = firstSocket;
  }

  #whyGone(): Error | null {
    return this.hints.whyGone?.() ?? null;
  }

  /** The socket of the next request. */
  get socket(): string {
    return this.#socket;
  }

  /** Cancels many operations in one step. The last line is `end`. */
  cancelAll(selection: SelectionBody, signal?: AbortSignal): AsyncGenerator<SelectionLine> {
    return this.#lines({ method: "POST", path: "/v1/cancel", body: selection, signal }, "end");
  }

  retryAll(selection: RetrySelectionBody, signal?: AbortSignal): AsyncGenerator<SelectionLine> {
    return this.#lines({ method: "POST", path: "/v1/retry", body: selection, signal }, "end");
  }

  removeAll(selection: SelectionBody, signal?: AbortSignal): AsyncGenerator<SelectionLine> {
    return this.#lines({ method: "POST", path: "/v1/remove", body: selection, signal }, "end");
  }

  /**
   * The daemon's clock, which all hosts of a fleet share, in ms since 1970. It decides when operations start, and their
   * times are its. This machine's own before the first reply.
   */
  now(): number {
    return Date.now() + this.#ahead;
  }

  /** A daemon that replies between the two times of this machine has the same time, as far as anybody can tell. */
  #tell(sent: number, time: number): void {
    const got = Date.now();
    this.#ahead = time < sent ? time - sent : time > got ? time - got : 0;
    this.onClock(time);
  }

  /**
   * Submits an operation once: for the same key, the daemon returns the same operation. Retries once if the connection
   * breaks.
   */
  submit(body: SubmitBody, key: string, signal?: AbortSignal): Promise<Operation> {
    return this.#submit(body, key, signal);
  }

  /** As `submit`, for up to `MAX_BATCH` operations: all are recorded, or none. */
  submitAll(bodies: SubmitBody[], key: string, signal?: AbortSignal): Promise<Operation[]> {
    return this.#submit(bodies, key, signal);
  }

  /** Submits a finished operation again, as a new operation. Retries once if the connection breaks, as `submit`. */
  again(id: string, body: AgainBody, key: string, signal?: AbortSignal): Promise<Operation> {
    return this.#submit(body, key, signal, `/v1/operations/${encodeURIComponent(id)}/again`);
  }

  async #submit<T>(
    body: SubmitBody | SubmitBody[] | AgainBody | Record<string, never>,
    key: string,
    signal: AbortSignal | undefined,
    path = "/v1/operations",
  ): Promise<T> {
    const options = { method: "POST", path, body, headers: { "idempotency-key": key }, signal } as const;
    try {
      return await this.#json(options);
    } catch (error) {
      if (error instanceof ConnectionLostError) return this.#json(options);
      throw error;
    }
  }

  list(query: ListQuery = {}, signal?: AbortSignal): Promise<OperationPage> {
    return this.#json({ method: "GET", path: "/v1/operations", query: { ...query }, signal });
  }

  /** `id` may be a unique prefix of 3 or more characters. */
  show(id: string, signal?: AbortSignal): Promise<Operation> {
    return this.#json({ method: "GET", path: `/v1/operations/${encodeURIComponent(id)}`, signal });
  }

  /**
   * Changes a queued operation; an absent key changes nothing.
   *
   * @throws Refusal `LIVEOPS_WRONG_STATE` if the operation is no longer queued; `LIVEOPS_PARAMS_INVALID`
   */
  edit(id: string, body: EditBody, signal?: AbortSignal): Promise<Operation> {
    return this.#json({ method: "PATCH", path: `/v1/operations/${encodeURIComponent(id)}`, body, signal });
  }

  remove(id: string, signal?: AbortSignal): Promise<Operation> {
    return this.#json({ method: "DELETE", path: `/v1/operations/${encodeURIComponent(id)}`, signal });
  }

  cancel(id: string, signal?: AbortSignal): Promise<Operation> {
    return this.#json({ method: "POST", path: `/v1/operations/${encodeURIComponent(id)}/cancel`, signal });
  }

  /**
   * Stops the processes of a running operation, until `resume`.
   *
   * @throws Refusal `LIVEOPS_WRONG_STATE` if the operation is not running
   */
  pause(id: string, signal?: AbortSignal): Promise<Operation> {
    return this.#json({ method: "POST", path: `/v1/operations/${encodeURIComponent(id)}/pause`, signal });
  }

  resume(id: string, signal?: AbortSignal): Promise<Operation> {
    return this.#json({ method: "POST", path: `/v1/operations/${encodeURIComponent(id)}/resume`, signal });
  }

  queues(signal?: AbortSignal): Promise<QueuesReply> {
    return this.#json({ method: "GET", path: "/v1/queues", signal });
  }

  /** Creates a queue, or changes how many of its operations may run at the same time. */
  setQueue(queue: string, body: QueueBody, signal?: AbortSignal): Promise<QueueReply> {
    return this.#json({ method: "POST", path: `/v1/queues/${encodeURIComponent(queue)}`, body, signal });
  }

  /** @throws Refusal `LIVEOPS_WRONG_STATE` if the queue has operations, or is the default queue */
  removeQueue(queue: string, signal?: AbortSignal): Promise<QueueReply> {
    return this.#json({ method: "DELETE", path: `/v1/queues/${encodeURIComponent(queue)}`, signal });
  }

  /** No operation of the queue starts, until `resumeQueue`. Default: all queues. */
  pauseQueue(queue?: string, signal?: AbortSignal): Promise<QueuesReply> {
    return this.#json({
      method: "POST",
      path: "/v1/pause",
      body: queue === undefined ? {} : { queue },
      signal,
    });
  }

  resumeQueue(queue?: string, signal?: AbortSignal): Promise<QueuesReply> {
    return this.#json({
      method: "POST",
      path: "/v1/resume",
      body: queue === undefined ? {} : { queue },
      signal,
    });
  }

  schedules(signal?: AbortSignal): Promise<SchedulesReply> {
    return this.#json({ method: "GET", path: "/v1/schedules", signal });
  }

  /** @throws Refusal `LIVEOPS_BAD_REQUEST` for a wrong expression; `LIVEOPS_WRONG_STATE` if the name is used */
  addSchedule(body: ScheduleBody, signal?: AbortSignal): Promise<ScheduleReply> {
    return this.#json({ method: "POST", path: "/v1/schedules", body, signal });
  }

  removeSchedule(name: string, signal?: AbortSignal): Promise<ScheduleReply> {
    return this.#json({ method: "DELETE", path: `/v1/schedules/${encodeURIComponent(name)}`, signal });
  }

  pauseSchedule(name: string, signal?: AbortSignal): Promise<ScheduleReply> {
    return this.#json({ method: "POST", path: `/v1/schedules/${encodeURIComponent(name)}/pause`, signal });
  }

  resumeSchedule(name: string, signal?: AbortSignal): Promise<ScheduleReply> {
    return this.#json({ method: "POST", path: `/v1/schedules/${encodeURIComponent(name)}/resume`, signal });
  }

  /** Submits the operation of the schedule now, once for each key. */
  runSchedule(name: string, key: string, signal?: AbortSignal): Promise<Operation> {
    return this.#submit({}, key, signal, `/v1/schedules/${encodeURIComponent(name)}/run`);
  }

  retry(id: string, body: RetryBody = {}, signal?: AbortSignal): Promise<Operation> {
    return this.#json({
      method: "POST",
      path: `/v1/operations/${encodeURIComponent(id)}/retry`,
      body,
      signal,
    });
  }

  log(id: string, query: LogQuery = {}, signal?: AbortSignal): Promise<LogPage> {
    return this.#json({
      method: "GET",
      path: `/v1/operations/${encodeURIComponent(id)}/log`,
      query: { ...query },
      signal,
    });
  }

  /** Reads page after page in the query's direction. A page may be short or empty before the end of the log. */
  async *logPages(id: string, query: LogQuery = {}, signal?: AbortSignal): AsyncGenerator<LogPage> {
    const { after, before, tail, ...rest } = query;
    const backwards = before !== undefined || tail !== undefined;
    for (let bounds: LogQuery = { after, before, tail }; ; ) {
      const page = await this.log(id, { ...bounds, ...rest }, signal);
      yield page;
      if (page.next === null) return;
      bounds = backwards ? { before: page.next } : { after: page.next };
    }
  }

  /** The hosts of the fleet; without a fleet, this one. */
  hosts(signal?: AbortSignal): Promise<HostsReply> {
    return this.#json({ method: "GET", path: "/v1/hosts", signal });
  }

  /**
   * Peers take over the operations of the host at once.
   *
   * @throws Refusal `LIVEOPS_NO_SUCH_HOST`; `LIVEOPS_NOT_A_FLEET`; `LIVEOPS_WRONG_STATE` if the host is this one
   */
  declareLost(host: string, signal?: AbortSignal): Promise<HostsReply> {
    return this.#json({ method: "POST", path: `/v1/hosts/${encodeURIComponent(host)}/lost`, signal });
  }

  /** No more operations start on the daemon's host; with false, they start again. */
  drain(draining: boolean, signal?: AbortSignal): Promise<HostsReply> {
    return this.#json({ method: "POST", path: "/v1/drain", body: { draining }, signal });
  }

  types(signal?: AbortSignal): Promise<TypesReply> {
    return this.#json({ method: "GET", path: "/v1/ops", signal });
  }

  /** @param key - the `historyKey` of a record; without it, all runs of the type count */
  history(op: string, key?: string, signal?: AbortSignal): Promise<HistoryReply> {
    const query = { key };
    return this.#json({ method: "GET", path: `/v1/ops/${encodeURIComponent(op)}/history`, query, signal });
  }

  /** When live operations start and end, as expected from earlier runs. */
  forecast(signal?: AbortSignal): Promise<ForecastReply> {
    return this.#json({ method: "GET", path: "/v1/forecast", signal });
  }

  daemon(signal?: AbortSignal): Promise<DaemonReply> {
    return this.#json({ method: "GET", path: "/v1/daemon", signal, anyVersion: true });
  }

  /** The daemon reads its config file again. */
  reload(signal?: AbortSignal): Promise<ReloadReply> {
    return this.#json({ method: "POST", path: "/v1/daemon/reload", signal, anyVersion: true });
  }

  /** With `now`, waits for running operations to finish, as long as the daemon replies to other requests. */
  stop(now = false): Promise<StopReply> {
    const deadlines = { ...this.#deadlines, ...(now && { request: Number.POSITIVE_INFINITY }) };
    return this.#json({
      method: "POST",
      path: "/v1/daemon/stop",
      body: { now },
      anyVersion: true,
      deadlines,
    });
  }

  /**
   * Backs up the state to a new directory. The last line is `done`.
   *
   * @throws Refusal if the backup cannot be written; ConnectionLostError if the connection breaks
   */
  async *backup(dir: string, signal?: AbortSignal): AsyncGenerator<BackupLine> {
    const options = {
      method: "POST",
      path: "/v1/daemon/backup",
      body: { dir },
      signal,
      anyVersion: true,
    } as const;
    for await (const line of this.#lines<BackupLine>(options, "done")) {
      if (line.type === "failed") throw Refusal.fromProblem(line.problem);
      yield line;
    }
  }

  /**
   * Attaches to the terminal of the program that runs on one. The last line is `end`.
   *
   * @throws Refusal `LIVEOPS_NO_TERMINAL`; ConnectionLostError if the connection breaks
   */
  async *attach(id: string, signal?: AbortSignal): AsyncGenerator<TerminalLine> {
    const path = `/v1/operations/${encodeURIComponent(id)}/terminal`;
    for await (const line of this.#lines<TerminalLine | PingLine>({ method: "GET", path, signal }, "end"))
      if (line.type !== "ping") yield line;
  }

  /** Types into the terminal of the program that runs on one. */
  input(id: string, body: InputBody, signal?: AbortSignal): Promise<InputReply> {
    const path = `/v1/operations/${encodeURIComponent(id)}/terminal`;
    return this.#json({ method: "POST", path, body, signal });
  }

  /** Reads the stored events; with `follow`, also new events until the operation finishes. */
  async *events(id: string, query: EventsQuery = {}, signal?: AbortSignal): AsyncGenerator<EventLine> {
    const path = `/v1/operations/${encodeURIComponent(id)}/events`;
    const options = { method: "GET", path, query: { ...query }, signal } as const;
    for await (const line of this.#lines<EventLine | PingLine>(options, query.follow === true ? "end" : null))
      if (line.type !== "ping") yield line;
  }

  /**
   * Watches changes of state. With `operation`, ends after the `end` line.
   *
   * @throws ConnectionLostError if the connection breaks, or if no line or ping arrives for `deadlines.stream` ms
   */
  watch(query: WatchQuery = {}, signal?: AbortSignal): AsyncGenerator<WatchLine> {
    return this.#lines<WatchLine>({ method: "GET", path: "/v1/watch", query: { ...query }, signal }, "end");
  }

  #json<T>(options: RequestOptions): Promise<T> {
    return this.#reach((socket) => {
      const sent = Date.now();
      const onClock = (time: number) => this.#tell(sent, time);
      return askJson<T>(socket, { deadlines: this.#deadlines, onClock, ...options });
    });
  }

  /** A request that found no daemon was not sent, so it can be repeated on another socket. */
  async #reach<T>(ask: (socket: string) => Promise<T>): Promise<T> {
    try {
      const answer = await ask(this.#socket);
      this.#wasReached = true;
      return answer;
    } catch (error) {
      const isLost = error instanceof ConnectionLostError || error instanceof NoDaemonError;
      const gone = isLost ? this.#whyGone() : null;
      if (gone !== null) throw gone;
      if (!(error instanceof NoDaemonError)) throw error;
      const isRemote = error instanceof UnreachableHostError;
      if (isRemote && error.kind !== "no-daemon") throw error;
      const found = (await this.hints.findSocket?.()) ?? (await this.#started());
      this.#socket = found ?? this.firstSocket;
      if (found === null && isRemote) throw error;
      if (found === null) throw new NoDaemonError(error.socket, error.reason, this.hints.startCommand);
      return ask(found);
    }
  }

  /** The socket of a daemon that is started for this client; null if none may be started. */
  async #started(): Promise<string | null> {
    const { startDaemon, findSocket } = this.hints;
    if (startDaemon === undefined || this.#wasReached) return null;
    // Requests at the same time start one daemon.
    this.#starting ??= startDaemon();
    await this.#starting;
    this.#wasReached = true;
    return (await findSocket?.()) ?? this.firstSocket;
  }

  /** `lastType`: type of the last line; a stream that ends without it is a lost connection. */
  async *#lines<T extends { type: string }>(
    options: RequestOptions,
    lastType: T["type"] | null,
  ): AsyncGenerator<T> {
    const all = { deadlines: this.#deadlines, isStream: true, ...options };
    const response = await this.#reach((socket) => open(socket, all));
    const ready: T[] = [];
    const splitter = new LineSplitter((line) => ready.push(JSON.parse(line) as T));
    let last = "";
    // False while the caller handles lines: a slow caller does not mean that the daemon is silent.
    let waiting = true;
    const ms = this.#deadlines.stream;
    const silence = setTimeout(() => {
      if (waiting) response.destroy(new Error(`the daemon sent nothing for ${ms / 1000} s`));
      else silence.refresh();
    }, ms);
    try {
      for await (const chunk of response) {
        waiting = false;
        splitter.push(chunk as Buffer);
        for (const line of ready.splice(0)) {
          last = line.type;
          yield line;
        }
        waiting = true;
        silence.refresh();
      }
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason;
      if (error instanceof Refusal) throw error;
      throw this.#whyGone() ?? new ConnectionLostError((error as Error).message);
    } finally {
      clearTimeout(silence);
      response.destroy();
    }
    if (lastType !== null && last !== lastType)
      throw this.#whyGone() ?? new ConnectionLostError("the connection to the daemon was lost");
  }

  /** Reads the log as plain text. */
  async logText(id: string, query: LogQuery = {}): Promise<string> {
    const path = `/v1/operations/${encodeURIComponent(id)}/log`;
    const options: RequestOptions = {
      method: "GET",
      path,
      query: { ...query },
      headers: { accept: "text/plain" },
      deadlines: this.#deadlines,
    };
    return this.#reach(async (socket) => readText(socket, await open(socket, options), options));
  }
}
