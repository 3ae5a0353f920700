/** What the effects read off the state, each as one primitive, so that an effect runs only when it changes. */
import type { LogStream } from "../../../protocol/operation.js";
import type { LogQuery } from "../../../protocol/requests.js";
import { logRoom } from "../screen/log-room.js";
import type { LogFilter } from "./log-filter.js";
import { afterOfJump, type LogWant, wantedLines } from "./log-window.js";
import { chainIncomplete, type State, selectedOperation } from "./model.js";

/** The log to stream: changes with the selected operation, with its retry and with the connection. */
export function logTarget(state: State): string | null {
  if (state.connection.state !== "live" || selectedOperation(state) === null) return null;
  return `${state.selected} ${state.logRun}`;
}

/** A range of the selected operation's log to fetch, as `before 120`, `after 3`, `tail 500`. */
export function wantedRange(state: State): string | null {
  if (state.connection.state !== "live") return null;
  const want = wantedLines(state.log, logRoom(state).height);
  if (want === null) return null;
  const [word, n] = Object.entries(want)[0]!;
  const { id, filter, to } = state.log;
  // The end that was fetched is wanted again where more came meanwhile.
  const reached = word === "tail" ? to : null;
  return JSON.stringify([id, word, n, filter.stage, filter.stream, reached]);
}

export interface Range {
  readonly id: string;
  readonly filter: LogFilter;
  readonly want: LogWant;
  /** The daemon's own query words. */
  readonly query: LogQuery;
}

export function parseRange(range: string): Range {
  const [id, word, n, stage, stream] = JSON.parse(range) as [
    string,
    string,
    number,
    string | null,
    LogStream | null,
  ];
  const want = { [word]: n } as unknown as LogWant;
  const bounds = "around" in want ? { after: afterOfJump(want.around) } : want;
  return {
    id,
    filter: { stage, stream },
    want,
    query: { ...bounds, ...(stage !== null && { stage }), ...(stream !== null && { stream }) },
  };
}

/** A chain of which links are not known yet, with how far it is known. */
export function wantedChain(state: State): string | null {
  const operation = selectedOperation(state);
  if (state.connection.state !== "live" || operation === null || !chainIncomplete(state, operation))
    return null;
  return `${operation.chain.id} ${operation.id} ${operation.chain.next}`;
}

/** The operation of the command line, once there is somebody to ask. */
export function wantedOperation(state: State): string | null {
  return state.connection.state === "live" ? state.wanted : null;
}
