/** What tells the operations without a screen. */
import type { Client } from "../../protocol/client/client.js";
import type { Flags } from "./core/request.js";

export interface ReaderOptions {
  stdin: NodeJS.ReadableStream;
  stdout: NodeJS.WritableStream;
  socket: string;
  /** Of the daemon on `socket`; null: not known. */
  stateDir?: string | null;
  /** Default: a client that asks on `socket` only. */
  client?: Client;
  id: string | null;
  flags: Flags;
  /** `env.allow` of the config file. */
  allow?: readonly string[] | undefined;
}

/** Tells the operations as lines, for a screen reader. Resolves with the exit code. */
export type ReadAloud = (options: ReaderOptions) => Promise<number>;
