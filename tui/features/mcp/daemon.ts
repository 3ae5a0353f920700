/** The daemon behind the server: a client for each call, and the calls that are open. */
import { setTimeout as delay } from "node:timers/promises";
import { remoteOf } from "../../../protocol/client/address.js";
import type { Client } from "../../../protocol/client/client.js";
import { commandPlaces, type GlobalOptions } from "../../../protocol/client/daemon-address.js";
import { starterFor, waitingClient } from "../../../protocol/client/find-daemon.js";
import type { Origin } from "../../../protocol/client/submit-place.js";
import { LiveopsError } from "../../../protocol/errors.js";
import { UsageError } from "../../../protocol/failures.js";
import type { Config } from "../../../protocol/system/config-settings.js";
import type { ReportTo } from "../../kit/report.js";

/** What the command line says of the server. */
export interface ServerRules {
  /** It has no tool that changes something. */
  readOnly: boolean;
  /** Commands that `run_command` may run, as their first words; null: any, and every type. */
  allow: readonly string[] | null;
  /** An agent may answer approvals. */
  allowApprove: boolean;
  /** An agent may not type into programs. */
  noInput: boolean;
  /** What the server submits is cancelled when it ends. */
  endsWithSession: boolean;
}

export interface Connected {
  client: Client;
  config: Config;
}

/** Milliseconds between two tries to open the session; the daemon gives a client 10 seconds. */
const SESSION_AGAIN_MS = 500;

export class Daemon {
  readonly #ended = new AbortController();
  readonly #open = new Set<Promise<unknown>>();

  constructor(
    private readonly options: GlobalOptions,
    readonly to: ReportTo,
    readonly rules: ServerRules,
  ) {}

  /** The name of the client, once it has told it. */
  clientName = "agent";
  readonly #began = new Date().toISOString();
  /** By operation: number of the last line that the client has seen. */
  readonly seen = new Map<string, number>();

  /** The session of the operations that the server submits. */
  get session(): string {
    return process.env.LIVEOPS_SESSION || `${this.clientName} ${this.#began}`;
  }

  /**
   * Whose operation it is: fields of a submit, beside those of `submitPlace`, which knows the
   * directory.
   */
  get origin(): Pick<Origin, "session"> & { endsWithSession?: true } {
    return {
      session: this.session,
      ...(this.rules.endsWithSession && { endsWithSession: true as const }),
    };
  }

  /**
   * What `mine` lists: the session that the environment names, else what was started in this
   * directory.
   */
  mine(socket: string): { session: string } | { here: string } {
    const isLocal = remoteOf(socket) === null;
    return process.env.LIVEOPS_SESSION || !isLocal
      ? { session: this.session }
      : { here: process.cwd() };
  }

  /** Holds the session open until the server ends, over restarts of the daemon. */
  async holdSession(): Promise<void> {
    while (!this.ended.aborted) {
      try {
        const { client } = await this.connect();
        for await (const _ of client.openSession(this.session, this.ended));
      } catch {
        // No daemon, or it has gone: what was submitted waits for it to come back.
      }
      await delay(SESSION_AGAIN_MS, undefined, { signal: this.ended }).catch(() => {});
    }
  }

  /**
   * A client of its own for each call: a call sees the present config file and state directory,
   * however old the server is.
   *
   * @param starts - start the daemon where none answers (`autostart`)
   * @throws LiveopsError `LIVEOPS_CONFIG_INVALID`
   */
  async connect(starts = false): Promise<Connected> {
    try {
      const places = await commandPlaces(this.options, process.env, "throw");
      const startDaemon = starts ? starterFor(places, this.options) : null;
      return { client: waitingClient(places, this.options, startDaemon), config: places.config };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new LiveopsError("LIVEOPS_CONFIG_INVALID", error.message, null, { cause: error });
    }
  }

  /** Aborted at the end of the server. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Aborts what waits for operations. Other calls finish. */
  endWaits(): void {
    this.#ended.abort();
  }

  /** Counts the call as open until it is settled. */
  async track<T>(call: Promise<T>): Promise<T> {
    this.#open.add(call);
    try {
      return await call;
    } finally {
      this.#open.delete(call);
    }
  }

  /** Resolves when no call is open, and the replies are handed to stdout. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#open);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
