/** Shows an operation and its chain in text mode, live: `watch` and `submit --follow`. */

import { openApproval } from "../../../protocol/approval.js";
import type { Client } from "../../../protocol/client/client.js";
import { reconnecting } from "../../../protocol/client/reconnect.js";
import { EXIT, exitCodeOf } from "../../../protocol/exit-codes.js";
import type { Operation } from "../../../protocol/operation.js";
import type { FinalState } from "../../../protocol/state.js";
import type { EventLine } from "../../../protocol/stream-lines.js";
import type { WatchLine } from "../../../protocol/watch.js";
import { interruptible } from "../../kit/interruptible.js";
import { keepOptions } from "../../kit/kept-options.js";
import { jsonLine } from "../../kit/output/json.js";
import type { ReportTo } from "../../kit/report.js";
import { follow, textOf } from "../../text/nested.js";
import { TextScreen } from "../../text/screen.js";
import { exitStatusOf } from "./exit-status.js";
import { holdNotes } from "./notes.js";

/**
 * Reports stalls and pauses along the chain until it is finished or `signal` is aborted. Ignores a
 * refused stream.
 */
export async function sayBlocked(
  client: Client,
  id: string,
  say: (text: string, kind: "note" | "warning") => void,
  signal: AbortSignal,
): Promise<void> {
  // An event says the question.
  const note = holdNotes(say, false);
  try {
    const open = () => client.watch({ operation: id, follow: "chain" }, signal);
    for await (const line of reconnecting(open, { signal }))
      for (const it of operationsOf(line)) note(it);
  } catch {
    // The event stream reports the operation's errors.
  }
}

function operationsOf(line: WatchLine): Array<Partial<Operation>> {
  if (line.type === "snapshot") return line.operations;
  if (line.type === "changed") return [{ id: line.id, ...line.patch }];
  return line.type === "chained" ? [line.operation] : [];
}

/**
 * Shows the newest attempt of the operation, or all of them, and then its chain.
 *
 * @returns the exit code of the chain's last operation, or the exit status of its command
 */
export async function followInText(
  client: Client,
  operation: Operation,
  options: { json: boolean; exitStatus: boolean; allAttempts?: boolean },
  to: ReportTo,
): Promise<number> {
  const screen = new TextScreen();
  const newest = options.allAttempts ? 0 : newestAttempt(operation);
  const say = (text: string, kind: "note" | "warning") =>
    screen.say(keepOptions(text, to.options), kind);
  let current = operation.id;
  const goesOn = () =>
    `interrupted; ${current} continues: follow it with liveops watch ${current}, or stop it with liveops cancel ${current}`;
  const place = operation.queuePosition ?? 0;
  if (place > 1 && !options.json) screen.say(`queued, number ${place} in the queue`);
  const over = new AbortController();
  if (!options.json) void sayBlocked(client, operation.id, say, over.signal);
  try {
    return await interruptible(goesOn, async (signal) => {
      const text = textOf();
      let last: FinalState | null = null;
      let result: unknown = null;
      const lines = follow(client, operation.id, {
        signal,
        isBeginning: (line) => isFrom(line, newest),
        onLost: () =>
          screen.say("lost the daemon; the operation continues. Reconnecting…", "warning"),
        onBack: () => screen.say("reconnected to the daemon", "note"),
      });
      for await (const { id, line, isInside, isPast } of lines) {
        if (!isInside) current = id;
        if (line.type === "end" && !isInside) last = line.state;
        if (line.type === "operation:finished" && !isInside) result = line.result;
        if (options.json && isPast) continue;
        if (options.json) {
          process.stdout.write(`${jsonLine({ id, ...line })}\n`);
          continue;
        }
        const printed = text.take(id, line);
        if (!isPast) screen.print(printed);
      }
      if (last === null) return EXIT.fault;
      if (last === "failed" && !options.json)
        say(`to run it again: liveops retry ${current}`, "note");
      if (!options.exitStatus) return exitCodeOf(last);
      return exitStatusOf({ state: last, result });
    });
  } finally {
    over.abort();
    screen.close();
  }
}

/** The attempt that runs or ran last, or that the operation is queued for. */
function newestAttempt(operation: Operation): number {
  const isNext = operation.state === "queued" && openApproval(operation) === null;
  return operation.attempt + (isNext ? 1 : 0);
}

/** An attempt begins where the operation is queued for it. */
function isFrom(line: EventLine, attempt: number): boolean {
  if (line.type === "end") return false;
  const isQueued = line.type === "operation:retried" || line.type === "attempt:requeued";
  return attempt <= 1 || line.attempt + (isQueued ? 1 : 0) >= attempt;
}
