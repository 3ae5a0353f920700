/**
 * The dashboard for a screen reader: no screen, no signs, no colours; what changes is a line, what one wants to know or
 * do is typed as a line. It keeps the state that the full screen has.
 */
import { Client } from "../../../protocol/client/client.js";
import { exitCodeOfStatus, Refusal } from "../../../protocol/errors.js";
import { EXIT } from "../../../protocol/exit-codes.js";
import { send, watchForEver } from "../daemon-calls.js";
import type { Message } from "../state/message.js";
import { initialState, type State } from "../state/model.js";
import type { Flags, Request } from "../state/request.js";
import { update } from "../state/update.js";
import { sanitizeLine } from "../text/cells.js";
import { coloured } from "../text/coloured.js";
import { announce, describe } from "./announce.js";
import { reply } from "./commands.js";

export interface ReaderOptions {
  stdin: NodeJS.ReadableStream;
  stdout: NodeJS.WritableStream;
  socket: string;
  /** Default: a client that asks on `socket` only. */
  client?: Client;
  id: string | null;
  flags: Flags;
  /** `env.allow` of the config file. */
  allow?: readonly string[] | undefined;
}

/** Lines of a log that are read. */
const LOG_LINES = 10;

/** @returns the exit code, once the reader leaves */
export async function readAloud(options: ReaderOptions): Promise<number> {
  const { stdin, stdout, socket, client = new Client(socket), id, flags, allow } = options;
  const left = new AbortController();
  const say = (lines: readonly string[]) => {
    for (const line of lines) stdout.write(`${line}\n`);
  };
  let followed = id;
  let state: State = initialState({ size: { columns: 80, rows: 24 }, now: Date.now(), socket, flags });
  const dispatch = (message: Message) => {
    const before = state;
    [state] = update({ ...state, now: Date.now() }, message);
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
  void watchForEver(
    { dispatch, now: () => Date.now(), cursor: () => state.view.cursor },
    client,
    left.signal,
  );

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
      const answer = reply({ ...state, now: Date.now() }, typed);
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
