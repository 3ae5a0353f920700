/** Waits for several operations at once; prints `ID STATE` when each finishes. */
import type { Client } from "../../protocol/client/client.js";
import { TimedOutError } from "../../protocol/command/failures.js";
import { interruptible } from "../../protocol/command/interruptible.js";
import { type ReportTo, say } from "../../protocol/command/report.js";
import { EXIT, exitCodeOf } from "../../protocol/exit-codes.js";
import { exitStatusOf } from "../../protocol/exit-status.js";
import type { Operation } from "../../protocol/operation.js";
import { isFinal } from "../../protocol/state.js";
import { applyWatchLine, EMPTY_VIEW } from "../../protocol/watch.js";
import { jsonLine } from "../terminal/json.js";
import { type Reconnect, reconnecting, untilAnswered } from "./follow/reconnect.js";

export interface WaitOptions extends Reconnect {
  /** Wait for the last operation of the chain, not for this operation; true by default. */
  chain?: boolean;
  /** Called with the id of the next operation of the chain when the wait moves to that operation. */
  onLink?: (id: string) => void;
}

/**
 * Waits until an operation, or the last operation of its chain, is finished, also over restarts of the daemon.
 *
 * @returns the record of the operation that finished last
 */
export async function untilFinished(
  client: Client,
  id: string,
  options: WaitOptions = {},
): Promise<Operation> {
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
  throw new Error(`the watch stream of ${current} closed before the operation finished`);
}

/** The notes of a waiting command when the connection to the daemon is lost and restored. */
export function lostNotes(to: ReportTo): Pick<Reconnect, "onLost" | "onBack"> {
  return {
    onLost: () => say(to, "lost the daemon; operations continue. Reconnecting…", "yellow"),
    onBack: () => say(to, "reconnected to the daemon", "yellow"),
  };
}

/** Prints one line on stderr for an operation that did not succeed: the reason, and the next command. */
export function noteOutcome(to: ReportTo, operation: Operation): void {
  const { id, op, state, error } = operation;
  if (state === "succeeded") return;
  // The lines after the first are the last lines of a program.
  const [reason, ...details] = error?.message.split("\n") ?? [];
  const why = reason === undefined ? "" : `: ${reason}`;
  const lines = [`${op} ${id} ${state}${why}; see: liveops show ${id}`, ...details];
  say(to, lines.join("\n"), state === "failed" ? "red" : "yellow");
}

export interface WaitFor {
  timeoutSeconds: number | null;
  /** The first operation to finish ends the wait. */
  any: boolean;
  /** The exit status of the command instead of the exit code of the outcome. */
  exitStatus: boolean;
  to: ReportTo;
}

/** Longest delay that setTimeout accepts. */
const LONGEST_MS = 2 ** 31 - 1;

export async function waitForAll(client: Client, named: string[], wait: WaitFor): Promise<number> {
  const waiting = new Set(named);
  const list = () => [...waiting].join(" ");
  const last = await interruptible(
    () => `interrupted; ${list()} ${waiting.size === 1 ? "continues" : "continue"}`,
    async (interrupted) => {
      const enough = new AbortController();
      const signal = AbortSignal.any([interrupted, enough.signal]);
      const timer = startTimer(wait.timeoutSeconds, () =>
        enough.abort(new TimedOutError(`timed out; not finished: ${list()}`)),
      );
      const reconnect = { signal, ...onceForAll(lostNotes(wait.to)) };
      let each: Array<Promise<Operation>> = [];
      try {
        const ids = await lookUp(client, named, wait, reconnect);
        waiting.clear();
        for (const id of ids) waiting.add(id);
        each = ids.map(async (id) => {
          const last = await untilFinished(client, id, reconnect);
          waiting.delete(id);
          process.stdout.write(`${id} ${last.state}\n`);
          noteOutcome(wait.to, last);
          return last;
        });
        return wait.any ? [await Promise.race(each)] : await Promise.all(each);
      } finally {
        clearTimeout(timer);
        enough.abort(new Error("enough"));
        await Promise.allSettled(each);
      }
    },
  );
  return codeOfAll(last, wait.exitStatus ? exitStatusOf : outcomeCodeOf);
}

/**
 * The ids of the named operations. Looks them up before the wait, so that a mistyped name fails at once.
 *
 * With a timeout, waits until the timeout for a daemon that does not answer.
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

/** Reports a lost daemon once, although all streams break at the same time. */
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

/** The code of the first operation that failed; if none failed, the first code that is not 0. */
function codeOfAll(operations: Operation[], codeOf: (operation: Operation) => number): number {
  const failed = operations.find(({ state }) => state === "failed");
  if (failed) return codeOf(failed);
  return operations.map(codeOf).find((code) => code !== EXIT.done) ?? EXIT.done;
}

function outcomeCodeOf({ state }: Operation): number {
  return isFinal(state) ? exitCodeOf(state) : EXIT.fault;
}

/** `submit --wait`: prints the id at once; with `--json`, prints the last record when the chain is finished. */
export async function waitAfterSubmit(
  client: Client,
  operation: Operation,
  options: { json: boolean; exitStatus: boolean },
  to: ReportTo,
): Promise<number> {
  if (!options.json) process.stdout.write(`${operation.id}\n`);
  let current = operation.id;
  const last = await interruptible(
    () =>
      `interrupted; ${current} continues: follow it with liveops watch ${current}, or stop it with liveops cancel ${current}`,
    (signal) =>
      untilFinished(client, operation.id, {
        signal,
        onLink: (id) => {
          current = id;
        },
        ...lostNotes(to),
      }),
  );
  if (options.json) process.stdout.write(`${jsonLine(last)}\n`);
  noteOutcome(to, last);
  if (!isFinal(last.state)) throw new Error(`${last.id} is ${last.state} after the end of its watch stream`);
  return options.exitStatus ? exitStatusOf(last) : exitCodeOf(last.state);
}
