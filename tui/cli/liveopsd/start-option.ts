/** An option with which a daemon is started, as a feature adds it. */
import type { DaemonReply } from "../../../protocol/replies.js";

/** The value that turns a feature off, also against the config file and an earlier flag. */
export const NONE = "none";

export interface StartOption {
  /** As the argument parser takes it, such as `--metrics <address>`. */
  flags: string;
  description: string;
  /** @throws InvalidArgumentError or UsageError where the text is not valid */
  parse(text: string): string | string[];
  /**
   * Whether the running daemon does without the value that was given. Absent: `start` does not
   * compare it.
   */
  isMissing?(given: string, running: DaemonReply): boolean;
}
