/**
 * Hints for names that are no command, or not the command that is meant: `liveopsd ls` names `liveops ls`, `liveops kill
 * k3f` names `liveops cancel k3f`, and `liveops stop k3f` too.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { shellLine } from "../../protocol/text/shell-quote.js";
import { TABLE_FILE, type Table } from "./command-table.js";
import { commandIndex } from "./options.js";

/** The message for a name that is a command of `liveops` and not of `liveopsd`; null: it is none. */
export function operationsHint(words: readonly string[]): string | null {
  const at = commandIndex(words);
  const name = words[at] === "help" ? words[at + 1] : words[at];
  if (name === undefined || !operationCommands().has(name)) return null;
  return `${name} is a command of liveops: ${shellLine(["liveops", ...words])}`;
}

/** From the table that the build makes of the command trees for completion. */
function operationCommands(): ReadonlySet<string> {
  const file = join(dirname(fileURLToPath(import.meta.url)), TABLE_FILE);
  const table = JSON.parse(readFileSync(file, "utf8")) as Table;
  return new Set(table.find(({ name }) => name === "liveops")?.commands.map(({ name }) => name));
}

/** Commands on the daemon that people type for an operation. */
const OF_AN_OPERATION: Readonly<Record<string, readonly [command: string, does: string]>> = {
  start: ["submit", "submit an operation"],
  stop: ["cancel", "cancel an operation"],
  restart: ["again", "run an operation again"],
};

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
  exec: ["submit", "--"],
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
  history: ["ls"],
  version: ["--version"],
  daemon: ["start"],
};

/**
 * The message for a name that is another command in liveops; null: the words mean this command, or none that is known.
 *
 * @param words - of the command line
 */
export function synonymHint(words: readonly string[]): string | null {
  const at = commandIndex(words);
  const name = words[at];
  if (name === undefined) return null;
  const rest = words.slice(at + 1);
  const line = (command: readonly string[]) =>
    shellLine(["liveops", ...words.slice(0, at), ...command, ...rest]);
  // With an id, people mean one operation.
  if (name === "status")
    return rest.length === 1 && /^[0-9a-z]{3,}$/.test(rest[0]!)
      ? `status is about all operations and takes no id; to show an operation: ${line(["show"])}`
      : null;
  if (Object.hasOwn(OF_AN_OPERATION, name)) {
    const [command, does] = OF_AN_OPERATION[name]!;
    return rest[0] === undefined || rest[0].startsWith("-")
      ? null
      : `${name} is about the daemon; to ${does}: ${line([command])}`;
  }
  if (/^(?=.*\d)[0-9a-z]{3,12}$/.test(name))
    return `${name} is no command; to show an operation: ${line(["show", name])}`;
  const command = Object.hasOwn(SYNONYMS, name) ? SYNONYMS[name]! : null;
  return command === null ? null : `there is no command ${name}; type: ${line(command)}`;
}
