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

export const HELP = `liveops-tui: operations, live, on the whole terminal

Usage: liveops-tui [<id>] [options]

  <id>             the operation to open, or a unique prefix of 3 or more of its id

Options:
  --socket PATH    the daemon's socket
  --state-dir DIR  the daemon's state directory
  --screen-reader  lines instead of a screen, for a screen reader; also with LIVEOPS_SCREEN_READER=1
  --help, -h       this text
  --version        the version

Keys: ? shows them all, q quits. What runs goes on when the dashboard is closed.
Without a terminal it follows the operation as text, as \`liveops watch\` does.

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
