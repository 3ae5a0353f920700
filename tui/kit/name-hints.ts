/**
 * Hints for names that are no command: `liveops start` names `liveopsd start`, `liveopsd ls` names `liveops ls`, and
 * `liveops kill k3f` names `liveops cancel k3f`.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { shellLine } from "../../protocol/text/shell-quote.js";
import { TABLE_FILE, type Table } from "./completion/table.js";
import { commandIndex } from "./options.js";

type Bin = "liveops" | "liveopsd";

/** The message for a name that is no command of this program; null: nothing is known of the name. */
export function nameHint(bin: Bin, words: readonly string[]): string | null {
  const at = commandIndex(words);
  const name = words[at] === "help" ? words[at + 1] : words[at];
  const other = bin === "liveops" ? "liveopsd" : "liveops";
  if (name === undefined || commandsOf(bin).has(name)) return null;
  if (commandsOf(other).has(name))
    return ofAnOperation(words, at) ?? `${name} is a command of ${other}: ${shellLine([other, ...words])}`;
  return bin === "liveops" ? synonymHint(words) : null;
}

/** From the table that the build makes of the command trees for completion. */
function commandsOf(program: Bin): ReadonlySet<string> {
  const file = join(dirname(fileURLToPath(import.meta.url)), TABLE_FILE);
  const table = JSON.parse(readFileSync(file, "utf8")) as Table;
  return new Set(table.find(({ name }) => name === program)?.commands.map(({ name }) => name));
}

/** Commands of the daemon that people type for an operation. */
const OF_AN_OPERATION: Readonly<Record<string, readonly [command: string, does: string]>> = {
  start: ["submit", "submit an operation"],
  stop: ["cancel", "cancel an operation"],
  restart: ["again", "run an operation again"],
};

/** The message for a command of the daemon whose words are those of an operation; null: they are not. */
function ofAnOperation(words: readonly string[], at: number): string | null {
  const name = words[at]!;
  const rest = words.slice(at + 1);
  const line = (command: string[]) => shellLine(["liveops", ...words.slice(0, at), ...command, ...rest]);
  // `backup` is also a shipped operation type.
  if (name === "backup" && rest.some((word) => /^[^-/.][^/]*=/.test(word)))
    return `backup is a command of liveopsd: ${shellLine(["liveopsd", ...words])}; to submit the operation type: ${line(["submit", name])}`;
  const meant = OF_AN_OPERATION[name];
  if (meant === undefined || rest[0] === undefined || rest[0].startsWith("-")) return null;
  return `${name} is a command of liveopsd, for the daemon; to ${meant[1]}: ${line([meant[0]])}`;
}

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
  history: ["ls"],
  version: ["--version"],
  daemon: ["start"],
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
