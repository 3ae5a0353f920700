/** Waits for several operations at once; prints `ID STATE` for each as it finishes. */
import type { Client } from "../../../protocol/client/client.js";
import { TimedOutError } from "../../../protocol/command/failures.js";
import type { ReportTo } from "../../../protocol/command/report.js";
import { EXIT, type ExitCode, exitCodeOf } from "../../../protocol/exit-codes.js";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { type Reconnect, untilAnswered } from "../follow/reconnect.js";
import { interruptible } from "../interrupt.js";
import { finish } from "./finish.js";
import { lostNotes } from "./lost-notes.js";
import { noteOutcome } from "./outcome-note.js";

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
