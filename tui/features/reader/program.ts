/**
 * The dashboard for a screen reader: no screen, no signs, no colours; what changes is a line, what one wants to know or
 * do is typed as a line. It keeps the state that the full screen has.
 */

import { Client } from "../../../protocol/client/client.js";
import { exitCodeOfStatus, Refusal } from "../../../protocol/errors.js";
import { EXIT } from "../../../protocol/exit-codes.js";
import { operationOf } from "../../dashboard/core/chain.js";
import type { Message } from "../../dashboard/core/message.js";
import { initialState, type State } from "../../dashboard/core/model.js";
import { commandOf, type Request } from "../../dashboard/core/request.js";
import { send } from "../../dashboard/daemon-calls.js";
import type { ReaderOptions } from "../../dashboard/opener.js";
import { sanitizeLine } from "../../dashboard/text/cells.js";
import { coloured } from "../../dashboard/text/coloured.js";
import { update } from "../../dashboard/update.js";
import { watchDaemon } from "../../dashboard/watch.js";
import { announce, describe, nameOf } from "./announce.js";

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

function reply(state: State, typed: string): Reply {
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
          `${word === "cancel" ? "Cancel" : "Remove"} ${nameOf(found)}? Type yes. In a shell: ${commandOf(question, state.session.flags)}`,
        ],
        question,
      };
    }
  }
}

function list(state: State): string[] {
  const ids = state.list.order.slice(0, LISTED);
  const lines = ids.flatMap((id) => {
    const operation = operationOf(state, id);
    return operation === null ? [] : describe(operation, state);
  });
  const rest = state.list.order.length - ids.length;
  if (lines.length === 0) return [nothing(state)];
  return rest > 0 ? [...lines, `${rest} more: liveops ls`] : lines;
}

const nothing = ({ connection }: State): string =>
  connection.state === "connecting" ? "The daemon has not answered yet." : "There is no operation yet.";

/** The operation that a prefix of an id means, or what is wrong with it. */
function find(state: State, prefix: string | undefined) {
  if (prefix === undefined) {
    const newest = operationOf(state, state.list.order[0] ?? null);
    return newest ?? nothing(state);
  }
  const fitting = [...state.view.operations.values()].filter(({ id }) => id.startsWith(prefix));
  if (fitting.length === 1) return fitting[0]!;
  return fitting.length === 0
    ? `No operation ${prefix}.`
    : `${prefix} begins the ids of ${fitting.length} operations.`;
}

/** Lines of a log that are read. */
const LOG_LINES = 10;

/** @returns the exit code, once the reader leaves */
export async function readAloud(options: ReaderOptions): Promise<number> {
  const { stdin, stdout, socket, client = new Client(socket), id, flags, allow, stateDir = null } = options;
  const left = new AbortController();
  const say = (lines: readonly string[]) => {
    for (const line of lines) stdout.write(`${line}\n`);
  };
  let followed = id;
  let state: State = initialState({ size: { columns: 80, rows: 24 }, now: client.now(), socket, flags });
  const dispatch = (message: Message) => {
    const before = state;
    [state] = update({ ...state, now: client.now() }, message);
    say(announce(before, state, followed));
  };
  if (id !== null) {
    try {
      const operation = await client.show(id);
      followed = operation.id;
      say(describe(operation, state));
    } catch (error) {
      say([(error as Error).message]);
      return error instanceof Refusal ? exitCodeOfStatus(error.status) : EXIT.noDaemon;
    }
  }
  const ask = async (request: Request) => {
    try {
      dispatch({ type: "answered", request, operations: await send(client, request, allow) });
      const { notice } = state;
      if (notice !== null) say([`${sanitizeLine(notice.text)}. In a shell: ${notice.command ?? ""}`]);
    } catch (error) {
      say([`${request.kind}: ${sanitizeLine((error as Error).message)}`]);
    }
  };
  const readLog = async (of: string) => {
    const { lines } = await client.log(of, { tail: LOG_LINES });
    say(lines.length === 0 ? ["The log is empty."] : lines.map(({ text }) => coloured(text).text));
  };
  void watchDaemon({ dispatch, now: () => client.now() }, client, stateDir, left.signal);

  let question: Request | null = null;
  // Loaded here: the full screen does without it.
  const { createInterface } = process.getBuiltinModule("node:readline");
  const lines = createInterface({ input: stdin, terminal: false });
  const code = await new Promise<number>((resolve) => {
    const interrupted = () => resolve(EXIT.interrupted);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, interrupted);
    lines.on("close", () => resolve(EXIT.done));
    lines.on("line", (typed) => {
      const asked = question;
      question = null;
      if (asked !== null && /^y(es)?$/i.test(typed.trim())) return void ask(asked);
      if (asked !== null && typed.trim() !== "") say(["Not done."]);
      const answer = reply({ ...state, now: client.now() }, typed);
      say(answer.said);
      question = answer.question ?? null;
      if (answer.request !== undefined) void ask(answer.request);
      if (answer.log !== undefined)
        readLog(answer.log).catch((error: Error) => say([sanitizeLine(error.message)]));
      if (answer.quit) resolve(EXIT.done);
    });
  });
  left.abort();
  lines.close();
  return code;
}
