/** Names that other programs give to the commands: `liveops kill k3f` names `liveops cancel k3f`. */

import { shellLine } from "../../protocol/text/shell-quote.js";
import { commandIndex } from "../kit/other-bin.js";

/** The words of liveops for a command of another name. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  kill: ["cancel"],
  abort: ["cancel"],
  delete: ["rm"],
  del: ["rm"],
  remove: ["rm"],
  clean: ["rm", "--finished"],
  tail: ["logs", "-f"],
  log: ["logs"],
  list: ["ls"],
  ps: ["ls"],
  jobs: ["ls"],
  follow: ["watch"],
  top: ["tui"],
  dashboard: ["tui"],
  ui: ["tui"],
  add: ["submit"],
  enqueue: ["submit"],
  exec: ["submit", "shell", "--"],
  rerun: ["again"],
  repeat: ["again"],
  inspect: ["show"],
  describe: ["show"],
  info: ["show"],
  types: ["ops"],
  create: ["new"],
  init: ["new"],
  validate: ["check"],
  lint: ["check"],
  cron: ["schedule"],
  schedules: ["schedule"],
  queues: ["queue"],
};

/**
 * The message for a command of another name; null: the name is none that is known.
 *
 * @param words - of the command line, with the name of a command
 */
export function synonymHint(words: readonly string[]): string | null {
  const at = commandIndex(words);
  const name = words[at]!;
  const rest = words.slice(at + 1);
  const line = (command: readonly string[]) =>
    shellLine(["liveops", ...words.slice(0, at), ...command, ...rest]);
  // With an id, people mean one operation.
  if (name === "status")
    return rest.length === 1 && /^[0-9a-z]{3,}$/.test(rest[0]!)
      ? `status is about all operations and takes no id; to show an operation: ${line(["show"])}`
      : null;
  const command = Object.hasOwn(SYNONYMS, name) ? SYNONYMS[name]! : null;
  return command === null ? null : `there is no command ${name}; type: ${line(command)}`;
}
