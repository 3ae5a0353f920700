/** The words after `liveops-tui`, read; nothing is started here. */
import { parseArgs } from "node:util";

export interface Arguments {
  id: string | null;
  socket?: string | undefined;
  stateDir?: string | undefined;
  /** Lines instead of a screen. */
  screenReader: boolean;
  help: boolean;
  version: boolean;
}

export const HELP = `liveops-tui: the dashboard: operations and their stages, live

Usage: liveops-tui [<id>] [options]

  <id>             Operation to open: its id, or a unique prefix of 3 or more characters

Options:
  --socket PATH    Socket of the daemon
  --state-dir DIR  State directory of the daemon
  --screen-reader  Print lines for a screen reader (same as LIVEOPS_SCREEN_READER=1)
  --help, -h       Show this help
  --version        Print the version

Keys: ? shows them all, q quits. Running operations continue when the dashboard closes.
Without a terminal the operation is shown as text, as by \`liveops watch\`.

Example: liveops-tui k3f
`;

/** @throws Error with a message for the user where the words are not right. */
export function parseArguments(words: string[]): Arguments {
  const { values, positionals } = parse(words);
  if (positionals.length > 1)
    throw new Error(`one id at most, not ${positionals.length}; see: liveops-tui --help`);
  return {
    id: positionals[0] ?? null,
    socket: values.socket,
    stateDir: values["state-dir"],
    screenReader: values["screen-reader"] === true,
    help: values.help === true,
    version: values.version === true,
  };
}

function parse(words: string[]) {
  try {
    return parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        socket: { type: "string" },
        "state-dir": { type: "string" },
        "screen-reader": { type: "boolean" },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean" },
      },
    });
  } catch (error) {
    // Only the first sentence is about what was typed.
    throw new Error(`${(error as Error).message.split(". ")[0]}; see: liveops-tui --help`);
  }
}
