/** The command line of `liveops-tui`. */
import type { Command } from "commander";
import { type GlobalOptions, rootCommand } from "../kit/options.js";

export interface Arguments extends GlobalOptions {
  /** The operation to open, or a unique prefix of its id; null: none. */
  id: string | null;
  /** Lines instead of a screen. */
  screenReader: boolean;
}

const HELP = `
Press ? in the dashboard to list its keys, and q to quit. Operations continue
after the dashboard is closed. Without a terminal, liveops-tui shows the
operation as text, as liveops watch does.

Examples:
  $ liveops-tui k3f
  $ liveops-tui --host ssh://ann@box`;

/** Adds the arguments of the dashboard: `liveops-tui` and `liveops tui` take the same. */
export function withTuiArguments(command: Command): Command {
  return command
    .argument(
      "[id]",
      "Operation to open: its id, a unique prefix of 3 or more characters, or a label",
    )
    .option("--screen-reader", "Print lines for a screen reader (same as LIVEOPS_SCREEN_READER=1)");
}

/** `open` gets the words that were typed. */
export function tuiCommand(open: (args: Arguments) => Promise<void>): Command {
  const root = rootCommand("liveops-tui", "Show operations live on the whole terminal.");
  return withTuiArguments(root)
    .addHelpText("after", HELP)
    .action((id: string | undefined, { screenReader = false, ...places }: Partial<Arguments>) =>
      open({ ...places, id: id ?? null, screenReader }),
    );
}
