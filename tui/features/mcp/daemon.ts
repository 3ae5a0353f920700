/** The daemon behind the server: a client for each call, and the calls that are open. */
import type { Client } from "../../../protocol/client/client.js";
import { commandPlaces, type GlobalOptions } from "../../../protocol/client/daemon-address.js";
import { starterFor, waitingClient } from "../../../protocol/client/find-daemon.js";
import { LiveopsError } from "../../../protocol/errors.js";
import { UsageError } from "../../../protocol/failures.js";
import type { Config } from "../../../protocol/system/config-settings.js";
import type { ReportTo } from "../../kit/report.js";

export interface Connected {
  client: Client;
  config: Config;
}

export class Daemon {
  readonly #ended = new AbortController();
  readonly #open = new Set<Promise<unknown>>();

  constructor(
    private readonly options: GlobalOptions,
    readonly to: ReportTo,
    /** The server has no tool that changes something. */
    readonly readOnly: boolean,
  ) {}

  /**
   * A client of its own for each call: a call sees the present config file and state directory, however old the server
   * is.
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
