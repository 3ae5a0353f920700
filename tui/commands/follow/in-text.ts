/** Shows an operation and its chain in text mode, live: `watch` and `submit --follow`. */
import type { Client } from "../../../protocol/client/client.js";
import { EXIT, type ExitCode, exitCodeOf } from "../../../protocol/exit-codes.js";
import type { Operation } from "../../../protocol/operation.js";
import type { FinalState } from "../../../protocol/state.js";
import { jsonLine } from "../../terminal/json.js";
import { step, textState } from "../../text/lines.js";
import { TextScreen } from "../../text/screen.js";
import { interruptible } from "../interrupt.js";
import { followChain } from "./chain.js";
import { sayHindrances } from "./hindrances.js";

/** Returns the exit code of the chain's last operation. */
export async function followInText(
  client: Client,
  operation: Operation,
  options: { json: boolean },
): Promise<ExitCode> {
  const screen = new TextScreen();
  let current = operation.id;
  const goesOn = () =>
    `interrupted; ${current} goes on: liveops watch ${current}, or liveops cancel ${current}`;
  const place = operation.queuePosition ?? 0;
  if (place > 1 && !options.json) screen.say(`queued, number ${place} in line`);
  const over = new AbortController();
  if (!options.json) void sayHindrances(client, operation.id, screen, over.signal);
  try {
    return await interruptible(goesOn, async (signal) => {
      let state = textState();
      let last: FinalState | null = null;
      const lines = followChain(client, operation.id, {
        signal,
        onLost: () =>
          screen.say("the daemon went away; the operation goes on, waiting for it to be back", "warning"),
        onBack: () => screen.say("the daemon is back", "note"),
      });
      for await (const { id, line } of lines) {
        current = id;
        if (line.type === "end") last = line.state;
        if (options.json) {
          process.stdout.write(`${jsonLine({ id, ...line })}\n`);
          continue;
        }
        const next = step(state, line);
        state = next.state;
        screen.print(next.said);
      }
      return last === null ? EXIT.fault : exitCodeOf(last);
    });
  } finally {
    over.abort();
    screen.close();
  }
}
