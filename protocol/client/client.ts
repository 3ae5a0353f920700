/**
 * The typed client of the daemon: a method for each route, with its name. Commands, dashboard and
 * tests use it.
 */
import { Refusal } from "../errors.js";
import { LineSplitter } from "../ndjson.js";
import { PATHS, type Path, type RouteName } from "../paths.js";
import type { LogQuery } from "../requests.js";
import { DEADLINES, type Deadlines } from "./deadline.js";
import { ConnectionLostError, NoDaemonError, UnreachableError } from "./errors.js";
import { type Methods, type RequestOptions, Requests, requestOf } from "./methods.js";
import { askJson, open, readPieces } from "./request.js";

/** What a client knows of its daemon beyond the socket. All are optional. */
export interface DaemonHints {
  /**
   * Finds the socket on which the daemon answers now; null: no other socket is known. Default: only
   * this socket.
   */
  findSocket?: (() => Promise<string | null>) | undefined;
  /** Starts the daemon where the first request finds none. Default: none is started. */
  startDaemon?: (() => Promise<void>) | undefined;
  /** The command that starts the daemon, for `NoDaemonError`. Default: `liveops start`. */
  startCommand?: string;
  /**
   * Why a daemon that was lost does not come back; null: it may. The error replaces that of the
   * connection.
   */
  whyGone?: (() => Error | null) | undefined;
}

class DaemonRequests extends Requests {
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
  /** Called with each line that the daemon warns with at its reply. */
  onWarning: (line: string) => void = () => {};

  /**
   * Every method throws `NoDaemonError` if nothing listens on the socket, and `NoAnswerError` if
   * the daemon does not reply in time.
   *
   * @param deadlines in ms; default: `DEADLINES`
   */
  constructor(
    private readonly firstSocket: string,
    deadlines: Partial<Deadlines> = {},
    private readonly hints: DaemonHints = {},
  ) {
    super();
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

  /**
   * The daemon's clock, which all its hosts share, in ms since 1970. It decides when operations
   * start, and their times are its. This machine's own before the first reply.
   */
  now(): number {
    return Date.now() + this.#ahead;
  }

  /** A time of the daemon between the request and the reply shows no difference of the clocks. */
  #tell(sent: number, time: number): void {
    const got = Date.now();
    this.#ahead = Math.min(0, time - sent) + Math.max(0, time - got);
    this.onClock(time);
  }

  /** A request with a key is repeated if the connection breaks. */
  async request(name: RouteName, args: readonly unknown[]): Promise<unknown> {
    const options = requestOf(name, args);
    const { key, isSlow }: Path = PATHS[name];
    const deadlines = { ...this.#deadlines, ...(isSlow && { request: Number.POSITIVE_INFINITY }) };
    const ask = () =>
      this.#reach((socket) => {
        const sent = Date.now();
        const onClock = (time: number) => this.#tell(sent, time);
        const onWarning = (text: string) => {
          for (const line of text.split("\n")) this.onWarning(line);
        };
        return askJson(socket, { deadlines, onClock, onWarning, ...options });
      });
    try {
      return await ask();
    } catch (error) {
      if (key && error instanceof ConnectionLostError) return ask();
      throw error;
    }
  }

  /**
   * @throws ConnectionLostError if the connection breaks, or if no line or ping arrives for
   *   `deadlines.stream` ms
   */
  async *lines(name: RouteName, args: readonly unknown[]): AsyncGenerator<unknown> {
    const options = requestOf(name, args);
    const isEndless = name === "events" && options.query?.follow !== true;
    const { lastLine }: Path = PATHS[name];
    for await (const line of this.#lines(options, isEndless ? undefined : lastLine)) {
      if (line.type !== "ping" || name === "watch") yield line;
    }
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
      const isRemote = error instanceof UnreachableError;
      if (isRemote && error.kind !== "no-daemon") throw error;
      const next = (await this.hints.findSocket?.()) ?? (await this.#started());
      this.#socket = next ?? this.firstSocket;
      if (next === null && isRemote) throw error;
      if (next === null)
        throw new NoDaemonError(error.socket, error.reason, this.hints.startCommand);
      return ask(next);
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
  async *#lines(options: RequestOptions, lastType: string | undefined): AsyncGenerator<Line> {
    const all = { deadlines: this.#deadlines, isStream: true, ...options };
    const response = await this.#reach((socket) => open(socket, all));
    const ready: Line[] = [];
    const splitter = new LineSplitter((line) => ready.push(JSON.parse(line) as Line));
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
    if (lastType !== undefined && last !== lastType)
      throw this.#whyGone() ?? new ConnectionLostError("the connection to the daemon was lost");
  }

  /** Reads the log as plain text, in pieces of any length. */
  async *logText(id: string, query: LogQuery = {}): AsyncGenerator<string> {
    const headers = { accept: "text/plain" };
    const options = { ...requestOf("log", [id, query]), headers, deadlines: this.#deadlines };
    const response = await this.#reach((socket) => open(socket, { ...options, isStream: true }));
    yield* readPieces(this.#socket, response, options);
  }
}

interface Line {
  type: string;
}

export type Client = DaemonRequests & Methods;
export const Client = DaemonRequests as new (
  ...args: ConstructorParameters<typeof DaemonRequests>
) => Client;
