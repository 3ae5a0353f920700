/**
 * The catalogue of errors: stable code, HTTP status, exit code, title, summary. `npm run docs`
 * writes docs/errors.md from it.
 *
 * A detail says what failed, why, and the next command. `exitCodeOfStatus` maps a status to an exit
 * code, so that a client exits correctly for a code that it does not know.
 */
import { EXIT, type ExitCode } from "./exit-codes.js";
import { KnownError } from "./known-error.js";
import { pick } from "./objects.js";

/**
 * Reason phrases of RFC 9110 and RFC 6585: the title of a problem whose type is `about:blank` (RFC
 * 9457).
 */
const PHRASES = {
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  422: "Unprocessable Content",
  426: "Upgrade Required",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
  507: "Insufficient Storage",
} as const;

/** An error reply of a route. */
interface KnownRefusal {
  status: keyof typeof PHRASES;
  title: string;
  /** Meaning of the code. The commands print it before the detail. */
  summary: string;
}

function refusal(status: keyof typeof PHRASES, summary: string): KnownRefusal {
  return { status, title: PHRASES[status], summary };
}

/** The error replies of the routes. */
export const REFUSALS = {
  LIVEOPS_BAD_REQUEST: refusal(400, "The request is not valid"),
  LIVEOPS_PARAMS_INVALID: refusal(422, "The parameters are not valid"),
  LIVEOPS_SECRET_MISSING: refusal(422, "The value of a secret is missing"),
  LIVEOPS_KEY_REUSED: refusal(422, "The idempotency key was used for another request"),
  LIVEOPS_TOO_LARGE: refusal(413, "The request is too large"),
  LIVEOPS_NO_SUCH_OPERATION: refusal(404, "No such operation"),
  LIVEOPS_AMBIGUOUS_ID: refusal(404, "The id is ambiguous"),
  LIVEOPS_NO_SUCH_TYPE: refusal(404, "No such operation type"),
  LIVEOPS_NO_SUCH_QUEUE: refusal(404, "No such queue"),
  LIVEOPS_NO_SUCH_SCHEDULE: refusal(404, "No such schedule"),
  LIVEOPS_NO_SUCH_HOST: refusal(404, "No such host"),
  LIVEOPS_NO_SUCH_ROUTE: refusal(404, "No such route"),
  LIVEOPS_METHOD_NOT_ALLOWED: refusal(405, "The route does not accept the method"),
  LIVEOPS_WRONG_STATE: refusal(409, "Not possible now"),
  LIVEOPS_WAIT_CIRCLE: refusal(409, "The wait would never end"),
  LIVEOPS_TOO_DEEP: refusal(409, "The operations are too deep inside of each other"),
  LIVEOPS_NO_TERMINAL: refusal(409, "No program of the operation runs on a terminal"),
  LIVEOPS_NOT_A_FLEET: refusal(409, "The daemon is not in a fleet"),
  LIVEOPS_SOCKET_NOT_OURS: refusal(409, "The socket cannot be used"),
  LIVEOPS_VERSION: refusal(426, "The client and the daemon have incompatible versions"),
  LIVEOPS_QUEUE_FULL: refusal(429, "The queue is full"),
  LIVEOPS_TYPE_FAULT: refusal(500, "An operation file failed"),
  LIVEOPS_INTERNAL: refusal(500, "Internal error (a bug in liveops)"),
  LIVEOPS_TOO_MANY_WATCHERS: refusal(503, "Too many streams are open"),
  LIVEOPS_TOO_MANY_CONNECTIONS: refusal(503, "Too many connections are open"),
  LIVEOPS_RUN_FILES_UNREADABLE: refusal(503, "The operation's run files cannot be read"),
  LIVEOPS_STOPPING: refusal(503, "The daemon is stopping"),
  LIVEOPS_ENGINE_AWAY: refusal(503, "The engine of the fleet does not answer"),
  LIVEOPS_ENGINE_BEHIND: refusal(503, "The engine of the fleet lost writes"),
  LIVEOPS_STORE_FAILED: refusal(503, "The state directory cannot be read or written"),
  LIVEOPS_STORE_FULL: refusal(507, "The state directory's disk is full"),
} as const satisfies Record<`LIVEOPS_${string}`, KnownRefusal>;

export type RefusalCode = keyof typeof REFUSALS;

/** When a route replies with each code; docs/errors.md shows it. */
export const REFUSAL_REASONS: Record<RefusalCode, string> = {
  LIVEOPS_BAD_REQUEST: "The body or the query does not fit the route",
  LIVEOPS_PARAMS_INVALID:
    "The type does not accept these parameters; the detail lists those it accepts",
  LIVEOPS_SECRET_MISSING:
    "The type takes secrets from the shell of the submit; `secrets` lists those that were not sent",
  LIVEOPS_KEY_REUSED: "The same `Idempotency-Key` came with another body",
  LIVEOPS_TOO_LARGE:
    "The body is larger than 4 MiB, or the parameters of an operation than 1 MiB as JSON",
  LIVEOPS_NO_SUCH_OPERATION: "No operation has this id, or the prefix has fewer than 3 characters",
  LIVEOPS_AMBIGUOUS_ID:
    "Several operations have ids with this prefix, or this label; `candidates` lists them",
  LIVEOPS_NO_SUCH_TYPE: "No file defines this type; `nearest` lists similar names",
  LIVEOPS_NO_SUCH_QUEUE: "There is no queue of this name; `nearest` lists similar names",
  LIVEOPS_NO_SUCH_SCHEDULE: "There is no schedule of this name; `nearest` lists similar names",
  LIVEOPS_NO_SUCH_HOST: "No host of the fleet has this name; `nearest` lists similar names",
  LIVEOPS_NO_SUCH_ROUTE: "No route has this path",
  LIVEOPS_METHOD_NOT_ALLOWED:
    "The route does not accept this method; the header `Allow` lists those it accepts",
  LIVEOPS_WRONG_STATE:
    "The state does not allow it: edit needs a queued operation, cancel a live one, retry a failed or cancelled one, again a finished one, remove a finished or queued one, pause and resume a running one, approve and reject one that waits for approval",
  LIVEOPS_WAIT_CIRCLE:
    "A command inside of an operation, or a retried operation, would wait for an operation that waits for its own, directly or not; `circle` lists the ids",
  LIVEOPS_TOO_DEEP: "An operation would run inside of 16 others",
  LIVEOPS_NO_TERMINAL:
    "Attach and input need a running operation whose program runs on a terminal (`tty`), and a program that reads what is typed",
  LIVEOPS_NOT_A_FLEET:
    "The request needs a fleet: another host, a tag, a drain, or the end of a host; start the daemon with `--fleet`",
  LIVEOPS_SOCKET_NOT_OURS:
    "Raised by the client: another user made the socket or could replace it, or you may not open it; nothing was sent",
  LIVEOPS_VERSION:
    "The major versions differ; before 1.0, the minor versions. Run `liveops restart`",
  LIVEOPS_QUEUE_FULL: "`maxQueued` operations are queued, or 32 KiB for each of so many",
  LIVEOPS_TYPE_FAULT:
    "The code that reads the parameters hung or ended its process; the detail says how",
  LIVEOPS_INTERNAL: "The daemon failed unexpectedly; `liveopsd logs` shows more",
  LIVEOPS_TOO_MANY_WATCHERS: "The limit of watch and event streams is reached",
  LIVEOPS_TOO_MANY_CONNECTIONS:
    "The limit of connections is reached, and every connection is in use",
  LIVEOPS_RUN_FILES_UNREADABLE:
    "The log, the events or the parameters of the operation cannot be read; the detail says why",
  LIVEOPS_STOPPING: "The daemon is stopping; try again after the next start",
  LIVEOPS_ENGINE_AWAY:
    "The engine (PostgreSQL) cannot be reached. Running operations continue. The detail says whether the change may have been recorded. Try again later, with the same `Idempotency-Key`",
  LIVEOPS_ENGINE_BEHIND:
    "The engine was restored or failed over to an older state. The fleet waits until each host has offered what it knows; `liveops hosts` shows for which",
  LIVEOPS_STORE_FAILED:
    "The disk failed, or the daemon had no free file descriptor; look with `liveops ls` before you repeat a change",
  LIVEOPS_STORE_FULL: "Nothing was recorded; free some disk space and try again",
};

/** Codes of errors that the client throws without a reply of the daemon. */
export const CLIENT_ERRORS = {
  LIVEOPS_NO_DAEMON: "No daemon answers on the socket; start it with `liveops start`",
  LIVEOPS_NO_ANSWER: "The daemon accepted the connection and did not reply in time",
  LIVEOPS_CONNECTION_LOST: "The connection broke during a reply",
  LIVEOPS_WAIT_TIMEOUT: "The operation was not finished within the `timeout` of `wait`",
  LIVEOPS_CLIENT_CLOSED: "The client was closed",
  LIVEOPS_CONFIG_INVALID: "The config file is not valid, so the socket is not known",
} as const;

export type ClientErrorCode = keyof typeof CLIENT_ERRORS;

/** `error.code` of a failed operation, or of one that was cancelled with a reason. */
export const FAILURES = {
  LIVEOPS_FAILED: "The operation called `p.error`",
  LIVEOPS_EXCEPTION: "The operation threw an exception",
  LIVEOPS_WORKER_LOST: "The worker process died",
  LIVEOPS_HOST_LOST: "The host was declared lost while the operation ran there",
  LIVEOPS_RUN_FILES_UNREADABLE:
    "The events or the directory could not be read after the worker ended",
  LIVEOPS_TIMEOUT: "The attempt ran longer than the `timeout` of its type",
  LIVEOPS_LOAD_FAILED: "The type did not load",
  LIVEOPS_PARAMS_INVALID: "The parameters no longer fit the type",
  LIVEOPS_CWD_GONE: "The working directory no longer exists",
  LIVEOPS_STAGE_ACTIVE:
    "A stage, or a program of `p.exec`, was still active; an `await` is missing",
  LIVEOPS_TTY_MISSING:
    "A program with `tty` needs the package `@lydell/node-pty`, which is not installed",
  LIVEOPS_NEVER_SETTLED: "The operation waits for a promise that nothing can settle",
  LIVEOPS_STAGE_VALUE_NOT_JSON:
    "A stage of a resumable type returned a value that JSON cannot represent",
  LIVEOPS_RESULT_NOT_JSON: "The result is not JSON",
  LIVEOPS_ODD: "The operation succeeded with odd numbers, and its type has `failIfOdd`",
  LIVEOPS_RESULT_TOO_LARGE: "The result is larger than 1 MiB as JSON",
  LIVEOPS_SECRET_MISSING: "The value of a secret is not there, or cannot be used",
  LIVEOPS_CHAIN_TYPE: "The next operation of the chain has no type of this name",
  LIVEOPS_REJECTED: "A person rejected the operation, or the default of its question did",
  LIVEOPS_APPROVAL_TIMEOUT: "Nobody answered the question of the operation in time",
  LIVEOPS_CANNOT_ASK:
    "The operation cannot wait for approval: its type is not resumable, a step or a program runs, or there is nobody to ask",
  LIVEOPS_DEPENDENCY_FAILED:
    "The operation was cancelled: an operation of its `after` did not succeed",
  LIVEOPS_CHILD_CANCELLED: "Somebody cancelled an operation inside of this one",
  LIVEOPS_CHAIN_TOO_LONG: "The chain already has 1,000 operations",
  LIVEOPS_OUTCOME_SET:
    "The operation called `result`, `error` or `chainTo` twice, or `error` beside one of the others",
} as const;

export type FailureCode = keyof typeof FAILURES;

/** `error.cause`: how the worker process died, or the kind of uncaught error. */
export const CAUSES = {
  exited: "The process ended itself (`process.exit`, or native code)",
  "out-of-memory": "The process ran out of memory: its heap or its buffers were full",
  segfault: "The process accessed invalid memory (SIGSEGV, SIGBUS)",
  aborted: "The process aborted (SIGABRT, SIGILL, SIGFPE, SIGTRAP)",
  killed:
    "The process received SIGKILL from a person, a program, or the kernel when memory ran out",
  signalled: "The process received another signal; the message names it",
  restarted: "The machine was restarted while the operation ran",
  "lease-ended": "The engine of the fleet did not answer in time, so the host ended its operations",
  copied: "The state directory is a copy: the operation was running in the original",
  unknown: "The process died after the end of the daemon that started it",
  "uncaught-exception": "An exception in a timer or an event handler was not caught",
  "unhandled-rejection": "A rejected promise was not handled",
} as const;

export type Cause = keyof typeof CAUSES;

/** The body of an error reply: RFC 9457 problem details. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  /** Names similar to a mistyped name. */
  nearest?: string[];
  /** Ids that begin with an ambiguous prefix. */
  candidates?: string[];
  /** References of secrets, such as `env:TOKEN`, that the request must have in `secrets`. */
  secrets?: string[];
  /** Ids of operations that would wait for each other. */
  circle?: string[];
}

/** The parts of a problem that only some errors have. */
type RefusalExtra = Pick<Problem, "nearest" | "candidates" | "secrets" | "circle">;

/** An error with a stable code: a {@link Refusal} of the daemon, or an error of the client. */
export class LiveopsError extends KnownError {
  static override kind = "LiveopsError";

  /**
   * @param code - a code of docs/errors.md
   * @param status - the HTTP status of the reply; null without a reply
   */
  constructor(
    readonly code: string,
    message: string,
    readonly status: number | null = null,
    options: { cause?: unknown } = {},
  ) {
    super(message, options);
  }

  /** What failed, why, and the next command. */
  get detail(): string {
    return this.message;
  }
}

/** A rejected request: thrown in the daemon, sent as a problem, thrown again by the client. */
export class Refusal extends LiveopsError {
  static override kind = "Refusal";
  declare readonly status: number;
  readonly title: string;
  /** Meaning of the code; for an unknown code of a newer daemon, the title. */
  readonly summary: string;

  constructor(
    code: string,
    detail: string,
    readonly extra: RefusalExtra = {},
    known: { status: number; title: string; summary?: string } = REFUSALS[code as RefusalCode] ??
      REFUSALS.LIVEOPS_INTERNAL,
  ) {
    super(code, detail, known.status);
    this.title = known.title;
    this.summary = known.summary ?? REFUSALS[code as RefusalCode]?.summary ?? known.title;
  }

  toProblem(): Problem {
    return {
      type: "about:blank",
      title: this.title,
      status: this.status,
      code: this.code,
      detail: this.message,
      ...this.extra,
    };
  }

  static fromProblem(problem: Problem): Refusal {
    const extra = pick(problem, ["nearest", "candidates", "secrets", "circle"]);
    return new Refusal(problem.code, problem.detail, extra, {
      status: problem.status,
      title: problem.title,
    });
  }
}

/** The exit code for the status of an error reply. */
export function exitCodeOfStatus(status: number): ExitCode {
  if (status === 400 || status === 405 || status === 413 || status === 422) return EXIT.usage;
  if (status === 404) return EXIT.notFound;
  if (status === 409 || status === 426 || status === 429 || status === 503 || status === 507)
    return EXIT.refused;
  return EXIT.fault;
}
