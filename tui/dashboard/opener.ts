/** What opens the screen, or tells the operations without one. */
import type { Client } from "../../protocol/client/client.js";
import type { Arguments } from "./arguments.js";
import type { Flags } from "./core/request.js";
import type { Shown } from "./program.js";

/**
 * @param whyNotAloud why lines for a screen reader cannot show it
 * @param whyScreen why it needs a terminal
 * @throws UsageError where there is no screen
 */
export type NeedScreen = (whyNotAloud: string, whyScreen: string, hint: string) => void;

/** Null: the command line names the daemon. */
export type Opener = (
  args: Arguments,
  env: NodeJS.ProcessEnv,
  needScreen: NeedScreen,
) => Promise<Shown | null>;

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
