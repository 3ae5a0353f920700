/** `submit --wait`: prints the id at once, or with `--json` the last link's record once the chain is finished. */
import type { Client } from "../../../protocol/client/client.js";
import type { ReportTo } from "../../../protocol/command/report.js";
import { type ExitCode, exitCodeOf } from "../../../protocol/exit-codes.js";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { jsonLine } from "../../terminal/json.js";
import { interruptible } from "../interrupt.js";
import { finish } from "./finish.js";
import { lostNotes } from "./lost-notes.js";
import { noteOutcome } from "./outcome-note.js";

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
