/** Waits for several operations at once; prints `ID STATE` for each as it finishes. */
import type { Client } from "../../protocol/client/client.js";
import { TimedOutError } from "../../protocol/command/failures.js";
import { type ReportTo, say } from "../../protocol/command/report.js";
import { EXIT, type ExitCode, exitCodeOf } from "../../protocol/exit-codes.js";
import type { Operation } from "../../protocol/operation.js";
import { isFinal } from "../../protocol/state.js";
import { applyWatchLine, EMPTY_VIEW } from "../../protocol/watch.js";
import { jsonLine } from "../terminal/json.js";
import { interruptible } from "./connection.js";
import { type Reconnect, reconnecting, untilAnswered } from "./follow/reconnect.js";

/** Waits until an operation, or the last of its chain, is finished; over restarts of the daemon. */
export interface FinishOptions extends Reconnect {
  /** Wait for the last operation of the chain, not for this one; true by default. */
  chain?: boolean;
  /** Each time another operation of the chain is the one waited for. */
  onLink?: (id: string) => void;
}

/** The record of the operation that finished last. */
export async function finish(client: Client, id: string, options: FinishOptions = {}): Promise<Operation> {
  let view = EMPTY_VIEW;
  let current = id;
  const follow = options.chain === false ? undefined : ("chain" as const);
  const open = () => client.watch({ operation: current, ...(follow && { follow }) }, options.signal);
  for await (const line of reconnecting(open, options)) {
    view = applyWatchLine(view, line);
    if (line.type === "chained") {
      current = line.to;
      options.onLink?.(current);
    }
    if (line.type === "end") {
      const record = view.operations.get(line.id);
      if (record?.state === line.state && !record.omitted) return record;
      return untilAnswered(() => client.show(line.id, options.signal), options);
    }
  }
  throw new Error(`the watch of ${current} ended without an end`);
}

/** What a waiting command says when the daemon goes away and comes back. */
export function lostNotes(to: ReportTo): Pick<Reconnect, "onLost" | "onBack"> {
  return {
    onLost: () => say(to, "the daemon went away; operations go on, waiting for it to be back", "yellow"),
    onBack: () => say(to, "the daemon is back", "yellow"),
  };
}

/** One line on stderr for an operation that did not succeed: why, and where to read more. */
export function noteOutcome(to: ReportTo, operation: Operation): void {
  const { id, op, state, error } = operation;
  if (state === "succeeded") return;
  const why = error ? `: ${error.message}` : "";
  say(to, `${op} ${id} ${state}${why}; see: liveops show ${id}`, state === "failed" ? "red" : "yellow");
}

export interface WaitFor {
  timeoutSeconds: number | null;
  /** The first to finish ends the wait. */
  any: boolean;
  to: ReportTo;
}

/** Longest delay a timer takes. */
const LONGEST_MS = 2 ** 31 - 1;

export async function waitForAll(client: Client, named: string[], wait: WaitFor): Promise<ExitCode> {
  const waiting = new Set(named);
  const list = () => [...waiting].join(" ");
  const states = await interruptible(
    () => `interrupted; ${list()} ${waiting.size === 1 ? "goes" : "go"} on`,
    async (interrupted) => {
      const enough = new AbortController();
      const signal = AbortSignal.any([interrupted, enough.signal]);
      const timer = startTimer(wait.timeoutSeconds, () =>
        enough.abort(new TimedOutError(`time is up; not finished: ${list()}`)),
      );
      const reconnect = { signal, ...onceForAll(lostNotes(wait.to)) };
      let each: Array<Promise<Operation["state"]>> = [];
      try {
        const ids = await lookUp(client, named, wait, reconnect);
        waiting.clear();
        for (const id of ids) waiting.add(id);
        each = ids.map(async (id) => {
          const last = await finish(client, id, reconnect);
          waiting.delete(id);
          process.stdout.write(`${id} ${last.state}\n`);
          noteOutcome(wait.to, last);
          return last.state;
        });
        return wait.any ? [await Promise.race(each)] : await Promise.all(each);
      } finally {
        clearTimeout(timer);
        enough.abort(new Error("enough"));
        await Promise.allSettled(each);
      }
    },
  );
  return exitCodeOfAll(states);
}

/**
 * The ids of all that are named. They are looked up first: a mistyped name is said now, not after an hour.
 *
 * With a timeout, a daemon that does not answer is waited for until the time is up.
 */
async function lookUp(
  client: Client,
  named: string[],
  { timeoutSeconds }: WaitFor,
  reconnect: Reconnect,
): Promise<string[]> {
  const { signal } = reconnect;
  const show = (id: string) => client.show(id, signal);
  const records = await Promise.all(
    named.map((id) => (timeoutSeconds === null ? show(id) : untilAnswered(() => show(id), reconnect))),
  );
  return [...new Set(records.map(({ id }) => id))];
}

function startTimer(seconds: number | null, onTimeout: () => void): NodeJS.Timeout | undefined {
  return seconds === null ? undefined : setTimeout(onTimeout, Math.min(seconds * 1000, LONGEST_MS));
}

/** All streams break at once; it is said once. */
function onceForAll(notes: ReturnType<typeof lostNotes>): ReturnType<typeof lostNotes> {
  let away = false;
  return {
    onLost: () => {
      if (!away) notes.onLost?.();
      away = true;
    },
    onBack: () => {
      if (away) notes.onBack?.();
      away = false;
    },
  };
}

/** Any failed: 1; none failed but one cancelled: 6. */
function exitCodeOfAll(states: Operation["state"][]): ExitCode {
  const codes = states.map((state) => (isFinal(state) ? exitCodeOf(state) : EXIT.fault));
  return codes.find((code) => code === EXIT.failed) ?? codes.find((code) => code !== EXIT.done) ?? EXIT.done;
}

/** `submit --wait`: prints the id at once, or with `--json` the last link's record once the chain is finished. */
export async function waitAfterSubmit(
  client: Client,
  operation: Operation,
  json: boolean,
  to: ReportTo,
): Promise<ExitCode> {
  if (!json) process.stdout.write(`${operation.id}\n`);
  let current = operation.id;
  const last = await interruptible(
    () => `interrupted; ${current} goes on: liveops watch ${current}, or liveops cancel ${current}`,
    (signal) =>
      finish(client, operation.id, {
        signal,
        onLink: (id) => {
          current = id;
        },
        ...lostNotes(to),
      }),
  );
  if (json) process.stdout.write(`${jsonLine(last)}\n`);
  noteOutcome(to, last);
  if (!isFinal(last.state)) throw new Error(`${last.id} ended as ${last.state}`);
  return exitCodeOf(last.state);
}
