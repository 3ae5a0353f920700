/** What can be typed to the reading dashboard, a line each: what it reads aloud, and what it asks of the daemon. Pure. */
import { operationOf, type State } from "../state/model.js";
import { commandOf, type Request } from "../state/request.js";
import { describe, nameOf } from "./announce.js";

export interface Reply {
  readonly said: readonly string[];
  readonly request?: Request;
  /** Asked first: done only when the next line is yes. */
  readonly question?: Request;
  readonly log?: string;
  readonly quit?: boolean;
}

const HELP = [
  "list: running, queued and the newest finished operations",
  "show ID, log ID: one operation, the end of its log",
  "pause ID, resume ID: stop and continue a running operation",
  "cancel ID, retry ID, remove ID: cancel and remove ask first",
  "quit: quit (operations keep running)",
  "An id may be cut to three letters or more. Without an id: the newest operation.",
];

/** Operations that `list` reads. */
const LISTED = 10;

export function reply(state: State, typed: string): Reply {
  const [word = "", prefix] = typed.trim().split(/\s+/);
  switch (word) {
    case "":
      return { said: [] };
    case "help":
    case "?":
      return { said: HELP };
    case "quit":
    case "exit":
    case "q":
      return { said: ["Operations keep running."], quit: true };
    case "list":
    case "ls":
      return { said: list(state) };
  }
  if (!["show", "log", "pause", "resume", "cancel", "retry", "remove"].includes(word))
    return { said: [`No command ${word}. Type help for the commands.`] };
  const found = find(state, prefix);
  if (typeof found === "string") return { said: [found] };
  const { id } = found;
  switch (word) {
    case "show":
      return { said: describe(found, state) };
    case "log":
      return { said: [], log: id };
    case "pause":
    case "resume":
    case "retry":
      return { said: [], request: { kind: word, ids: [id] } };
    default: {
      const question: Request =
        word === "cancel" ? { kind: "cancel", ids: [id] } : { kind: "remove", ids: [id] };
      return {
        said: [
          `${word === "cancel" ? "Cancel" : "Remove"} ${nameOf(found)}? Type yes. In a shell: ${commandOf(question, state.flags)}`,
        ],
        question,
      };
    }
  }
}

function list(state: State): string[] {
  const ids = state.order.slice(0, LISTED);
  const said = ids.flatMap((id) => {
    const operation = operationOf(state, id);
    return operation === null ? [] : describe(operation, state);
  });
  const rest = state.order.length - ids.length;
  if (said.length === 0) return ["There is no operation yet."];
  return rest > 0 ? [...said, `${rest} more: liveops ls`] : said;
}

/** The operation that a prefix of an id means, or what is wrong with it. */
function find(state: State, prefix: string | undefined) {
  if (prefix === undefined) {
    const newest = operationOf(state, state.order[0] ?? null);
    return newest ?? "There is no operation yet.";
  }
  const fitting = [...state.view.operations.values()].filter(({ id }) => id.startsWith(prefix));
  if (fitting.length === 1) return fitting[0]!;
  return fitting.length === 0
    ? `No operation ${prefix}.`
    : `${prefix} begins the ids of ${fitting.length} operations.`;
}
