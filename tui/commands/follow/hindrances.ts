/** Says when an operation stands still and when it goes on again: that is state, of which no event tells. */
import type { Client } from "../../../protocol/client/client.js";
import { sanitize } from "../../../protocol/command/sanitize.js";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import type { WatchLine } from "../../../protocol/watch.js";
import type { TextScreen } from "../../text/screen.js";
import { reconnecting } from "./reconnect.js";

type Key = "stalledSince" | "noRoomSince" | "blocked";

const WORDS: Record<Key, (operation: Partial<Operation>) => string> = {
  stalledSince: () => "stalled: its process is stopped (SIGSTOP) and does nothing",
  noRoomSince: () => "stands still: the disk is full, and what it has to record waits for room",
  blocked: ({ blocked }) => `blocked: the operation cannot start: ${sanitize(blocked?.reason ?? "")}`,
};

/** Along the chain, until it is over or `signal` is aborted. A stream that is refused says nothing. */
export async function sayHindrances(
  client: Client,
  id: string,
  screen: Pick<TextScreen, "say">,
  signal: AbortSignal,
): Promise<void> {
  const held = new Set<Key>();
  try {
    const open = () => client.watch({ operation: id, follow: "chain" }, signal);
    for await (const line of reconnecting(open, { signal })) for (const it of operationsOf(line)) say(it);
  } catch {
    // What the operation says comes by its event stream, and so do its errors.
  }

  function say(operation: Partial<Operation>): void {
    const over = operation.state !== undefined && isFinal(operation.state);
    for (const key of Object.keys(WORDS) as Key[]) {
      const since = operation[key];
      if (since === undefined || (since !== null) === held.has(key)) continue;
      if (since === null) held.delete(key);
      else held.add(key);
      if (!over)
        screen.say(since === null ? "goes on" : WORDS[key](operation), since === null ? "note" : "warning");
    }
  }
}

function operationsOf(line: WatchLine): Array<Partial<Operation>> {
  if (line.type === "snapshot") return line.operations;
  if (line.type === "changed") return [line.patch];
  return line.type === "chained" ? [line.operation] : [];
}
