/**
 * The table of commands and options that completion reads. The build makes the table from the
 * command trees, so that a key press does not load the commands.
 */
import type { State } from "../../protocol/state.js";

/** What a word is: decides which values are offered. */
export type Value =
  | { of: "choices"; choices: string[]; list?: true }
  /** An operation in one of these states; null: in any state. */
  | { of: "id"; states: State[] | null; list?: true }
  /** A name that the daemon knows. A type may also be the path of a pipeline file. */
  | { of: "type" | "queue" | "host" | "tag" | "schedule" | "stage" | "label"; list?: true }
  /** `name=value` of the operation type that stands before, or of the type of the operation. */
  | { of: "parameter" }
  | { of: "command" | "zone" | "file" | "text" };

export interface OptionEntry {
  /** `--lines`, then `-n`. */
  names: string[];
  description: string;
  /** Absent: the option takes no value. */
  value?: Value;
  /** Absent: the option is given once. */
  repeatable?: true;
}

export interface ArgumentEntry {
  value: Value;
  /** Absent: the argument is one word. */
  variadic?: true;
}

export interface CommandEntry {
  name: string;
  description: string;
  options: OptionEntry[];
  arguments: ArgumentEntry[];
  commands: CommandEntry[];
}

/** `liveops`, `liveopsd` and `liveops-tui`. */
export type Table = CommandEntry[];

/** The file of the table, beside the bundle. */
export const TABLE_FILE = "completion.json";
