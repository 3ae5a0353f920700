/** Opens what the command line names instead of the daemon. */
import type { Arguments } from "./arguments.js";
import type { Shown } from "./program.js";

/**
 * @param aloud why lines for a screen reader cannot show it
 * @param only that a terminal shows it only
 * @throws UsageError where there is no screen
 */
export type NeedScreen = (aloud: string, only: string, hint: string) => void;

/** Null: the command line names the daemon. */
export type Opener = (
  args: Arguments,
  env: NodeJS.ProcessEnv,
  needScreen: NeedScreen,
) => Promise<Shown | null>;
