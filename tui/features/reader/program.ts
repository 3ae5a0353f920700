/**
 * The dashboard for a screen reader: no screen, no signs, no colours; what changes is a line, what
 * one wants to know or do is typed as a line. It keeps the state that the full screen has.
 */

import { Client } from "../../../protocol/client/client.js";
import { exitCodeOfStatus, Refusal } from "../../../protocol/errors.js";
import { EXIT } from "../../../protocol/exit-codes.js";
import { operationOf } from "../../dashboard/core/chain.js";
import type { Message } from "../../dashboard/core/message.js";
import { initialState, type State } from "../../dashboard/core/model.js";
import { commandOf, type Request } from "../../dashboard/core/request.js";
import { send } from "../../dashboard/daemon-calls.js";
import type { ReaderOptions } from "../../dashboard/read-aloud.js";
import { sanitizeLine } from "../../dashboard/text/cells.js";
import { coloured } from "../../dashboard/text/coloured.js";
import { update } from "../../dashboard/update.js";
import { watchDaemon } from "../../dashboard/watch.js";
import { announce, describe, nameOf, nextProgress } from "./announce.js";

const HELP = [
  "list: running, queued and the newest finished operations",
  "show ID, log ID: one operation, the end of its log",
  "pause ID, resume ID: stop and continue a running operation",
  "cancel ID, retry ID, remove ID: cancel and remove ask first",
  "quit: quit (operations keep running)",
  "An id may be cut to three letters or more. Without an id: the newest operation.",
];

/** What a word does to the operation that is named after it; the others are asked first. */
const REQUESTS = ["pause", "resume", "retry", "cancel", "remove"] as const;
const ASKED_FIRST: readonly Request["kind"][] = ["cancel", "remove"];

/** Operations that `list` reads, and lines of a log. */
const LISTED = 10;
const LOG_LINES = 10;

/** Milliseconds from one sentence of progress to the next, whatever it is of. */
const PROGRESS_MS = 10_000;

function list(state: State): string[] {
  const { order } = state.list;
  const all = order.flatMap((id) => operationOf(state, id) ?? []);
  if (all.length === 0) return [nothing(state)];
  const lines = all.slice(0, LISTED).map((operation) => describe(operation, state));
  return all.length > LISTED ? [...lines, `${all.length - LISTED} more: liveops ls`] : lines;
}

const nothing = ({ connection }: State): string =>
  connection.state === "connecting"
    ? "The daemon has not answered yet."
    : "There is no operation yet.";

/** The operation that a prefix of an id means, or what is wrong with it. */
function find(state: State, prefix: string | undefined) {
  if (prefix === undefined)
    return operationOf(state, state.list.order[0] ?? null) ?? nothing(state);
  const [first, ...others] = [...state.view.operations.values()].filter(({ id }) =>
    id.startsWith(prefix),
  );
  if (first === undefined) return `No operation ${prefix}.`;
  return others.length === 0
    ? first
    : `${prefix} begins the ids of ${others.length + 1} operations.`;
}

/** @returns the exit code, once the reader leaves */
export async function readAloud(options: ReaderOptions): Promise<number> {
  const {
    stdin,
    stdout,
    socket,
    client = new Client(socket),
    id,
    flags,
    allow,
    stateDir = null,
  } = options;
  const left = new AbortController();
  const say = (...lines: readonly string[]) => {
    for (const line of lines) stdout.write(`${line}\n`);
  };
  let followed = id;
  let state: State = initialState({
    size: { columns: 80, rows: 24 },
    now: client.now(),
    socket,
    flags,
  });
  let silentUntil = client.now() + PROGRESS_MS;
  /** What was said of the progress of each, the oldest first. */
  const said = new Map<string, string>();
  const dispatch = (message: Message) => {
    const before = state;
    const now = client.now();
    [state] = update({ ...state, now }, message);
    say(...announce(before, state, followed));
    if (now < silentUntil) return;
    const next = nextProgress(state, followed, said);
    if (next === null) return;
    say(next.sentence);
    said.delete(next.id);
    said.set(next.id, next.sentence);
    silentUntil = now + PROGRESS_MS;
  };
  if (id !== null) {
    try {
      const operation = await client.show(id);
      followed = operation.id;
      say(describe(operation, state));
    } catch (error) {
      say((error as Error).message);
      return error instanceof Refusal ? exitCodeOfStatus(error.status) : EXIT.noDaemon;
    }
  }
  const ask = async (request: Request) => {
    dispatch({ type: "answered", request, operations: await send(client, request, allow) });
    const { notice } = state;
    if (notice !== null) say(`${sanitizeLine(notice.text)}. In a shell: ${notice.command ?? ""}`);
  };
  void watchDaemon({ dispatch, now: () => client.now() }, client, stateDir, left.signal);

  let question: Request | null = null;
  const typed = async (line: string): Promise<void> => {
    const asked = question;
    question = null;
    if (asked !== null && /^y(es)?$/i.test(line)) return ask(asked);
    if (asked !== null && line !== "") say("Not done.");
    const [word = "", prefix] = line.split(/\s+/);
    if (word === "") return;
    if (/^(help|\?)$/.test(word)) return say(...HELP);
    if (/^(list|ls)$/.test(word)) return say(...list({ ...state, now: client.now() }));
    const kind = REQUESTS.find((each) => each === word);
    if (kind === undefined && !/^(show|log)$/.test(word))
      return say(`No command ${word}. Type help for the commands.`);
    const operation = find(state, prefix);
    if (typeof operation === "string") return say(operation);
    if (word === "show") return say(describe(operation, { ...state, now: client.now() }));
    if (kind === undefined) {
      const { lines } = await client.log(operation.id, { tail: LOG_LINES });
      return say(
        ...(lines.length === 0
          ? ["The log is empty."]
          : lines.map(({ text }) => coloured(text).text)),
      );
    }
    const request: Request = { kind, ids: [operation.id] };
    if (!ASKED_FIRST.includes(kind)) return ask(request);
    question = request;
    const command = commandOf(request, flags);
    say(
      `${kind === "cancel" ? "Cancel" : "Remove"} ${nameOf(operation)}? Type yes. In a shell: ${command}`,
    );
  };
  // Loaded here: the full screen does without it.
  const { createInterface } = process.getBuiltinModule("node:readline");
  const lines = createInterface({ input: stdin, terminal: false });
  const { promise, resolve } = Promise.withResolvers<number>();
  const interrupted = () => resolve(EXIT.interrupted);
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, interrupted);
  lines.on("close", () => resolve(EXIT.done));
  lines.on("line", (text) => {
    const line = text.trim();
    if (/^(quit|exit|q)$/.test(line)) {
      say("Operations keep running.");
      resolve(EXIT.done);
    } else typed(line).catch((error: Error) => say(`${line}: ${sanitizeLine(error.message)}`));
  });
  const code = await promise;
  for (const signal of signals) process.off(signal, interrupted);
  left.abort();
  lines.close();
  return code;
}
