/**
 * Repeats the options that select a daemon in the commands that a message names, so that they work
 * as they stand.
 */
import type { GlobalOptions } from "../../protocol/client/daemon-address.js";
import { shellLine } from "../../protocol/text/shell-quote.js";

/** Commands that ask the daemon, and `run`, which searches `--ops`. */
const COMMANDS =
  "submit run ls status show watch attach logs wait edit pause resume cancel retry again restart rm queue hosts drain schedule why export ops";

const COMMAND = new RegExp(`\\bliveops (${COMMANDS.replaceAll(" ", "|")})\\b(?!-)`, "g");

export interface KeptOptions extends GlobalOptions {
  /** Of `run`. */
  ops?: readonly string[] | undefined;
}

export function keepOptions(text: string, options: KeptOptions = {}): string {
  const { remote, socket, stateDir, ops = [] } = options;
  const daemon = [
    ...(remote ? ["--host", remote] : []),
    ...(socket ? ["--socket", socket] : []),
    ...(stateDir ? ["--state-dir", stateDir] : []),
  ];
  const types = ops.flatMap((path) => ["--ops", path]);
  if (daemon.length + types.length === 0) return text;
  return text.replace(COMMAND, (line, command: string) => {
    // It restarts a daemon of this machine only.
    if (command === "restart" && remote) return line;
    const kept = command === "run" ? types : daemon;
    return kept.length === 0 ? line : `${line} ${shellLine(kept)}`;
  });
}
