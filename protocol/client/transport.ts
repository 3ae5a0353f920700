/** What a feature adds to the client, so that it reaches the daemon of another machine. */
import type { RequestOptions } from "node:http";

/**
 * The daemon of another machine: paths, variables and processes of this machine mean nothing to it.
 */
export interface RemoteDaemon {
  /** The address in its one form, which names the daemon to a `Client`. */
  readonly text: string;
  /** For people, such as `ann@box:2222`. */
  readonly name: string;
  /** How node:http reaches the daemon. @param isStream - the reply may last */
  connection(isStream: boolean): RequestOptions;
  /** The line that a person types here to run a command there. */
  commandLine(words: readonly string[]): string;
  /**
   * Runs a command of liveops there, on the terminal of this process. Resolves with the exit code.
   */
  onTerminal(words: readonly string[]): Promise<number>;
  /**
   * Lets the other machine start the daemon, where its configuration has `autostart`.
   *
   * @throws UnreachableError where it does not
   */
  start(): Promise<void>;
  /**
   * Runs this while a person may be asked for a password of this daemon's machine, and of no other
   * one.
   */
  asking<T>(run: () => Promise<T>): Promise<T>;
}

export interface Transport {
  /** The part of an address before `://`. */
  readonly scheme: string;
  /** Addresses as examples, for help and hints; the first one is the usual form. */
  readonly examples: readonly [string, ...string[]];
  /**
   * @param what - names the source of the address in an error, such as `--host`
   * @throws UsageError, which repeats no password
   */
  daemonAt(address: string, what: string): RemoteDaemon;
  /**
   * From now on, nobody is asked for a password: a screen is drawn on the terminal, or nobody sits
   * at it.
   */
  askNothing(): void;
  /** Lets a connection that is being made outlive this process, which the next one then uses. */
  leaveConnections(): void;
  /** Ends all connections of this process. */
  close(): void;
}
