/**
 * The keys of the daemon's log. The names are stable: no line has another key. `npm run docs`
 * writes the table of docs/operating.md from this module.
 *
 * Parameters, results, variables and bodies of requests are no keys: they may hold secrets.
 */

const text = (meaning: string) => ({ type: "text", meaning }) as const;
const number = (meaning: string) => ({ type: "number", meaning }) as const;
const texts = (meaning: string) => ({ type: "list of text", meaning }) as const;
const numbers = (meaning: string) => ({ type: "list of numbers", meaning }) as const;
const error = (meaning: string) => ({ type: "error", meaning }) as const;

/** Keys of every line. */
export const LINE_KEYS = {
  level: number("10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal"),
  time: text("ISO 8601, UTC"),
  pid: number("Process id of the daemon"),
  msg: text("What happened, as a sentence; its words may change"),
} as const;

/** Keys that only some lines have. */
export const LOG_KEYS = {
  id: text("Id of the operation"),
  op: text("Name of the operation type"),
  attempt: number("Number of the attempt"),
  queue: text("Name of the queue"),
  schedule: text("Name of the schedule"),
  source: text(
    "Where an action is set, `config` or `pipeline`; `loader`: the line is output of an operation file",
  ),
  event: text("Event of an action, such as `failure`"),
  decision: text("Kind of a decision that was recorded"),
  ids: texts("Ids of all operations of a decision, where it is about several"),
  worker: text("Id of a worker process"),
  workerPid: number("Process id of a worker"),
  pids: numbers("Process ids of an operation"),
  containment: text("How processes are found and ended: `cgroup` or `process sweep`"),
  cgroup: text("Directory of the workers' cgroups"),
  host: text("Name of a host"),
  engine: text("Address of the engine, without secrets"),
  session: number("Session of the host in the engine"),
  journal: number("Number of a decision in the journal of the engine"),
  method: text("Method of a request"),
  url: text("Path and query of a request"),
  status: number("Status of a reply"),
  ms: number("Duration in milliseconds"),
  request: text("Number of a request, from 1 for each daemon"),
  socket: text("Path of the socket"),
  dir: text("Path of a directory"),
  file: text("Path of an operation file"),
  files: number("Number of files"),
  bytes: number("Number of bytes"),
  count: number("Number of the things that the message names"),
  dropped: number("Lines of the log that were lost before this line"),
  since: text("Since when, ISO 8601"),
  reason: text("Why, in words"),
  err: error("Error with `type`, `message`, `stack` and often `code`"),
} as const;

export type LogKey = keyof typeof LOG_KEYS;

interface Values {
  text: string;
  number: number;
  "list of text": readonly string[];
  "list of numbers": readonly number[];
  error: unknown;
}

/** Values of a line by key; null and undefined values are left out. */
export type LogFields = {
  readonly [K in LogKey]?: Values[(typeof LOG_KEYS)[K]["type"]] | null | undefined;
};
