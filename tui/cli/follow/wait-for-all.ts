/** Waits for several operations at once; prints `ID STATE`, or the record, when each finishes. */
import { answerCommand, waitsForApproval } from "../../../protocol/approval.js";
import type { Client } from "../../../protocol/client/client.js";
import { type Reconnect, untilAnswered } from "../../../protocol/client/reconnect.js";
import {
  lastOfChain,
  untilFinished,
  type WaitOptions,
} from "../../../protocol/client/until-finished.js";
import { EXIT, exitCodeOf } from "../../../protocol/exit-codes.js";
import { NeedsPersonError, TimedOutError } from "../../../protocol/failures.js";
import type { Operation } from "../../../protocol/operation.js";
import { isForLater } from "../../../protocol/start-time.js";
import { isFinal } from "../../../protocol/state.js";
import { count } from "../../../protocol/text/count.js";
import { interruptible } from "../../kit/interruptible.js";
import { jsonLine } from "../../kit/output/json.js";
import { type ReportTo, say } from "../../kit/report.js";
import { namedOrNewest } from "../arguments.js";
import { allFinished, type FinishedChain } from "./all-finished.js";
import { exitStatusOf } from "./exit-status.js";
import { lostNotes, noteOutcome, waitNotes } from "./notes.js";
import { startText } from "./start-note.js";

export interface WaitFor {
  /** Ids or prefixes; empty: the newest operation. */
  ids: string[];
  /** The selected operations, instead of `ids`; null: none are selected. */
  all: Operation[] | null;
  /** Null: no limit. 0: look at the operations, and do not wait. */
  timeoutSeconds: number | null;
  /** The first operation to finish ends the wait. */
  any: boolean;
  /** The exit status of the command instead of the exit code of the outcome. */
  exitStatus: boolean;
  /** The record instead of the id and the state. */
  json: boolean;
  to: ReportTo;
}

/** Longest delay that setTimeout accepts. */
const LONGEST_MS = 2 ** 31 - 1;

/** Ids that a message lists. */
const MOST_LISTED = 10;

export async function waitForAll(client: Client, wait: WaitFor): Promise<number> {
  const waiting = new Set(wait.ids);
  const finished = await interruptible(
    () => `interrupted; ${listed(waiting)} ${waiting.size === 1 ? "continues" : "continue"}`,
    async (interrupted) => {
      const enough = new AbortController();
      const signal = AbortSignal.any([interrupted, enough.signal]);
      const people = new Questions();
      const timedOut = () =>
        people.missing(waiting) ?? new TimedOutError(`timed out; not finished: ${listed(waiting)}`);
      const timer = startTimer(wait.timeoutSeconds, () => enough.abort(timedOut()));
      const reconnect = { signal, ...lostNotes(wait.to) };
      const canAnswer = process.stdin.isTTY && process.stderr.isTTY;
      const onRecord = (record: Operation) => {
        people.take(record);
        const missing = canAnswer || wait.timeoutSeconds !== null ? null : people.missing(waiting);
        if (missing !== null) enough.abort(missing);
      };
      const finished: Operation[] = [];
      try {
        const operations = await lookUp(client, wait, reconnect);
        waiting.clear();
        for (const { id } of operations) waiting.add(id);
        people.begin(operations);
        if (operations.length === 0) say(wait.to, "no live operations to wait for", "yellow");
        else if (wait.timeoutSeconds !== 0) sayWaits(client, wait, operations);
        const chains =
          wait.timeoutSeconds === 0
            ? finishedNow(client, operations, { signal, onRecord })
            : chainsOf(client, operations, { ...reconnect, onRecord }, wait.to);
        for await (const { id, last } of chains) {
          waiting.delete(id);
          process.stdout.write(`${wait.json ? jsonLine(last) : `${id} ${last.state}`}\n`);
          noteOutcome(wait.to, last);
          finished.push(last);
          if (wait.any) return finished;
          onRecord(last);
        }
        if (waiting.size > 0) throw timedOut();
        return finished;
      } finally {
        clearTimeout(timer);
      }
    },
  );
  return codeOfAll(finished, wait.exitStatus ? exitStatusOf : outcomeCodeOf);
}

/** The questions that the chains wait for. */
class Questions {
  /** The chain of each operation that is waited for. */
  readonly #chains = new Map<string, string>();
  /** The command that answers, by chain. */
  readonly #commands = new Map<string, string>();

  begin(operations: readonly Operation[]): void {
    for (const { id, chain } of operations) this.#chains.set(id, chain.id);
  }

  take(record: Operation): void {
    const open = waitsForApproval(record);
    if (open === null) this.#commands.delete(record.chain.id);
    else this.#commands.set(record.chain.id, answerCommand(record.id, open));
  }

  /** Null: another operation can still finish. */
  missing(waiting: ReadonlySet<string>): NeedsPersonError | null {
    const chains = new Set([...waiting].map((id) => this.#chains.get(id)));
    const commands = [...chains].map((chain) => this.#commands.get(chain ?? ""));
    if (commands.length === 0 || commands.includes(undefined)) return null;
    return new NeedsPersonError(`the answer of a person is missing: ${commands.join("; ")}`);
  }
}

/**
 * Says what the command waits for, where no ids name it, and which operations do not start soon.
 */
function sayWaits(client: Client, wait: WaitFor, operations: readonly Operation[]): void {
  const live = operations.filter(({ state }) => !isFinal(state));
  const several = operations.length > 1;
  const ids = new Set(live.map(({ id }) => id));
  if (wait.ids.length === 0 && ids.size > 0)
    say(wait.to, `waits for ${several ? `${ids.size} operations: ` : ""}${listed(ids)}`, "yellow");
  const reasons = Map.groupBy(live, (it) => {
    // The wait for one operation reports its block.
    const isLater = isForLater(it) || (several && it.blocked !== null);
    return it.state === "queued" && isLater ? startText(it, null, client.now()) : null;
  });
  reasons.delete(null);
  const lines = [...reasons].map(([text, [first, ...more]]) => {
    const who = more.length === 0 ? first!.id : `each of ${more.length + 1} operations`;
    return `${who} ${text}`;
  });
  for (const line of lines.slice(0, MOST_LISTED)) say(wait.to, line, "yellow");
  if (lines.length > MOST_LISTED)
    say(wait.to, `${count(lines.length - MOST_LISTED, "more reason")} to wait`, "yellow");
}

function listed(ids: ReadonlySet<string>): string {
  const all = [...ids];
  const more = all.length > MOST_LISTED ? ` and ${all.length - MOST_LISTED} more` : "";
  return all.length === 0 ? "the operations" : `${all.slice(0, MOST_LISTED).join(" ")}${more}`;
}

async function* chainsOf(
  client: Client,
  operations: Operation[],
  options: WaitOptions,
  to: ReportTo,
): AsyncGenerator<FinishedChain> {
  const [first, second] = operations;
  if (first === undefined) return;
  if (second !== undefined) return yield* allFinished(client, operations, options);
  const notes = waitNotes(to);
  const onRecord = (record: Operation) => {
    notes.onRecord?.(record);
    options.onRecord?.(record);
  };
  yield { id: first.id, last: await untilFinished(client, first.id, { ...options, onRecord }) };
}

/** The chains that are finished now. */
async function* finishedNow(
  client: Client,
  operations: Operation[],
  { signal, onRecord }: WaitOptions,
): AsyncGenerator<FinishedChain> {
  for (const operation of operations) {
    const last = await lastOfChain(client, operation, signal);
    onRecord?.(last);
    if (isFinal(last.state)) yield { id: operation.id, last };
  }
}

/**
 * The operations to wait for. Looks them up before the wait, so that a mistyped name fails at once.
 *
 * With a timeout, waits until the timeout for a daemon that does not answer.
 */
async function lookUp(client: Client, wait: WaitFor, reconnect: Reconnect): Promise<Operation[]> {
  const { signal } = reconnect;
  const ask = <T>(request: () => Promise<T>) =>
    !wait.timeoutSeconds ? request() : untilAnswered(request, reconnect);
  if (wait.all !== null) return wait.all;
  const records =
    wait.ids.length === 0
      ? [await ask(() => namedOrNewest(client, undefined))]
      : await Promise.all(wait.ids.map((id) => ask(() => client.show(id, signal))));
  return [...new Map(records.map((record) => [record.id, record])).values()];
}

function startTimer(seconds: number | null, onTimeout: () => void): NodeJS.Timeout | undefined {
  return !seconds ? undefined : setTimeout(onTimeout, Math.min(seconds * 1000, LONGEST_MS));
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

/**
 * `submit --wait`: prints the id at once; with `--json`, prints the last record when the chain is
 * finished.
 */
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
        ...waitNotes(to),
      }),
  );
  if (options.json) process.stdout.write(`${jsonLine(last)}\n`);
  noteOutcome(to, last);
  if (!isFinal(last.state))
    throw new Error(`${last.id} is ${last.state} after the end of its watch stream`);
  return options.exitStatus ? exitStatusOf(last) : exitCodeOf(last.state);
}
