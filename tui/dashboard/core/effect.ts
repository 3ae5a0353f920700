/** What the dashboard does besides drawing, as values. The reducer returns them; `effects.ts` runs them. */
import type { LogQuery } from "../../../protocol/requests.js";
import type { LogFilter, LogWant } from "./log-window.js";
import type { Request } from "./request.js";

/** An effect that lasts or answers later. A slot holds one at a time: the next one stops the one before. */
export type SlotEffect =
  | { type: "watch" }
  | { type: "tick"; every: number }
  | { type: "stream-log"; id: string; run: number }
  | {
      type: "fetch-log";
      chain: string;
      id: string;
      offset: number;
      /** Lines of the operation, as far as is known; null: it is the last of the chain. */
      lines: number | null;
      filter: LogFilter;
      want: LogWant;
      query: LogQuery;
      /** The end of the log at the request. A longer log repeats the request. */
      reached: number | null;
    }
  /** `errorSince`: the first line of an error that was logged since then. */
  | { type: "seek"; chain: string; links: readonly LogLink[]; query: LogQuery; errorSince?: string }
  | { type: "count-matches"; links: readonly LogLink[]; query: LogQuery }
  | { type: "fetch-why"; id: string; attempt: number; partial: boolean }
  | { type: "fetch-page"; text: string; order: "newest" | "oldest"; before: string | null }
  | { type: "fetch-queue"; text: string; before: string | null }
  | { type: "find"; id: string }
  | { type: "fetch-chain"; chain: string; known: string }
  | { type: "fetch-history"; name: string; succeeded: number }
  | { type: "fetch-types" }
  | { type: "read-attempts"; id: string; attempt: number; state: string }
  | { type: "read-timeline"; first: string }
  | { type: "fetch-forecast"; run: string }
  | { type: "fetch-queues"; run: string }
  /** `every`: ms between two looks; null: one look. */
  | { type: "fetch-hosts"; run: string; every: number | null }
  | { type: "fetch-dependencies"; ids: readonly string[] }
  | { type: "count-today"; since: string; after: number | null }
  | { type: "fetch-failures"; failed: number }
  | { type: "fetch-daemon" };

export type Effect =
  | { type: "slot"; slot: string; effect: SlotEffect | null }
  | { type: "send"; request: Request }
  /** `retries`: the form of a retry. */
  | { type: "prepare-form"; id: string; retries?: true }
  | { type: "copy"; text: string }
  | { type: "edit"; id: string; title: string; source: { file: string; line: number } | null }
  | { type: "attach" | "shell"; id: string }
  | { type: "start-daemon" }
  /** Tries at once to reach one of several hosts, which may ask for a password. */
  | { type: "connect-host"; host: string }
  | { type: "suspend" }
  | { type: "remember-look"; cursor: string }
  | { type: "remember-looked"; keys: readonly string[] };

/** An operation of the chain and its place in the log of the chain. */
export interface LogLink {
  readonly id: string;
  readonly name: string;
  /** Lines of the operations before. */
  readonly offset: number;
  readonly lines: number;
}
