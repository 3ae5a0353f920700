/**
 * The `liveops` command that does what a key of the dashboard does, as it is typed in a shell: shown with every
 * question and after every deed, so that whoever uses the dashboard learns the shell.
 */
import { shellQuote } from "../../../protocol/shell-quote.js";
import type { Request } from "../state/request.js";
import { flagged } from "./flagged.js";
import { submitWords } from "./submit-words.js";

/** The flags that this dashboard was started with: a command has to name the same daemon. */
export interface Flags {
  readonly socket?: string | undefined;
  readonly stateDir?: string | undefined;
}

export function liveops(words: readonly string[], flags: Flags): string {
  return ["liveops", ...words.slice(0, 1), ...flagWords(flags), ...words.slice(1)].map(shellQuote).join(" ");
}

/** Starts the daemon that this dashboard looks for. */
export function startDaemon(flags: Flags): string {
  return ["liveopsd", "start", ...flagWords(flags)].map(shellQuote).join(" ");
}

/** With the type left to whoever types it. */
export function submitAny(flags: Flags): string {
  return liveops(["submit", "<op>"], flags).replace("'<op>'", "<op>");
}

export function commandOf(request: Request, flags: Flags): string {
  switch (request.kind) {
    case "cancel":
      return liveops(["cancel", request.id], flags);
    case "retry":
      return liveops(
        ["retry", request.id, ...(request.from === undefined ? [] : flagged("--from", request.from))],
        flags,
      );
    case "again":
      return liveops(["again", request.id], flags);
    case "remove":
      return liveops(["rm", request.id], flags);
    case "submit":
      return liveops(["submit", ...submitWords(request)], flags);
  }
}

function flagWords({ socket, stateDir }: Flags): string[] {
  return [
    ...(stateDir === undefined ? [] : flagged("--state-dir", stateDir)),
    ...(socket === undefined ? [] : flagged("--socket", socket)),
  ];
}
