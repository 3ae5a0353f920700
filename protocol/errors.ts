/**
 * The catalogue of errors: stable code, HTTP status, exit code, title, summary.
 * `npm run docs` makes docs/errors.md of it.
 *
 * A detail says what happened, the valid choices and what to type next. Statuses map to exit codes by
 * `exitCodeOfStatus`, so a client that meets a newer code still exits right.
 */
import { EXIT, type ExitCode } from "./exit-codes.js";

/** Reason phrases of RFC 9110 and RFC 6585: the title of a problem whose type is `about:blank` (RFC 9457). */
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

/** An error that a route answers with. */
interface KnownRefusal {
  status: keyof typeof PHRASES;
  title: string;
  /** What the code means. The commands print it before the detail. */
  summary: string;
}

function refusal(status: keyof typeof PHRASES, summary: string): KnownRefusal {
  return { status, title: PHRASES[status], summary };
}

/** What a route may answer with. */
export const REFUSALS = {
  LIVEOPS_BAD_REQUEST: refusal(400, "The request is not valid"),
  LIVEOPS_PARAMS_INVALID: refusal(422, "The parameters are not valid"),
  LIVEOPS_KEY_REUSED: refusal(422, "The idempotency key was used for another request"),
  LIVEOPS_TOO_LARGE: refusal(413, "The request is too large"),
  LIVEOPS_NO_SUCH_OPERATION: refusal(404, "No such operation"),
  LIVEOPS_AMBIGUOUS_ID: refusal(404, "The id fits several operations"),
  LIVEOPS_NO_SUCH_TYPE: refusal(404, "No such operation type"),
  LIVEOPS_NO_SUCH_ROUTE: refusal(404, "No such route"),
  LIVEOPS_METHOD_NOT_ALLOWED: refusal(405, "The route does not take the method"),
  LIVEOPS_WRONG_STATE: refusal(409, "The operation is in the wrong state"),
  LIVEOPS_BACKUP_TARGET: refusal(422, "The directory cannot take a backup"),
  LIVEOPS_BACKUP_RUNNING: refusal(409, "A backup is being written"),
  LIVEOPS_SOCKET_NOT_OURS: refusal(409, "The socket is not this user's alone"),
  LIVEOPS_VERSION: refusal(426, "The client and the daemon do not speak the same version"),
  LIVEOPS_QUEUE_FULL: refusal(429, "The queue is full"),
  LIVEOPS_TYPE_FAULT: refusal(500, "An operation file failed"),
  LIVEOPS_INTERNAL: refusal(500, "A fault in liveops"),
  LIVEOPS_TOO_MANY_WATCHERS: refusal(503, "Too many streams are open"),
  LIVEOPS_TOO_MANY_CONNECTIONS: refusal(503, "Too many connections are open"),
  LIVEOPS_RUN_FILES_UNREADABLE: refusal(503, "The operation's run files cannot be read"),
  LIVEOPS_STOPPING: refusal(503, "The daemon is stopping"),
  LIVEOPS_BACKUP_FAILED: refusal(507, "The backup could not be written"),
  LIVEOPS_STORE_FULL: refusal(507, "The state directory's disk is full"),
} as const satisfies Record<`LIVEOPS_${string}`, KnownRefusal>;

export type RefusalCode = keyof typeof REFUSALS;

/** When a route answers with each refusal; docs/errors.md shows it. */
export const REFUSAL_REASONS: Record<RefusalCode, string> = {
  LIVEOPS_BAD_REQUEST: "The body or the query does not fit the route",
  LIVEOPS_PARAMS_INVALID: "The type does not accept these parameters; the detail lists those it accepts",
  LIVEOPS_KEY_REUSED: "The same `Idempotency-Key` came with another body",
  LIVEOPS_TOO_LARGE: "The body is larger than `maxBody`",
  LIVEOPS_NO_SUCH_OPERATION: "No operation has this id, or the prefix has fewer than 3 characters",
  LIVEOPS_AMBIGUOUS_ID: "Several operations have ids with this prefix; `candidates` lists them",
  LIVEOPS_NO_SUCH_TYPE: "No file defines this type; `nearest` lists similar names",
  LIVEOPS_NO_SUCH_ROUTE: "No route has this path",
  LIVEOPS_METHOD_NOT_ALLOWED:
    "The route does not accept this method; the header `Allow` lists those it accepts",
  LIVEOPS_WRONG_STATE:
    "The state does not allow it: cancel needs a live operation, retry a failed or cancelled one, remove a finished one",
  LIVEOPS_BACKUP_TARGET: "The directory is not empty, is inside the state directory, or cannot be used",
  LIVEOPS_BACKUP_RUNNING: "Another backup is being written; only one is written at a time",
  LIVEOPS_SOCKET_NOT_OURS:
    "Raised by the client: another user made the socket or could replace it; nothing was sent",
  LIVEOPS_VERSION: "The client and the daemon have incompatible versions",
  LIVEOPS_QUEUE_FULL: "`maxQueued` operations or `maxQueuedBytes` bytes are queued",
  LIVEOPS_TYPE_FAULT: "The code that reads the parameters hung or ended its process; the detail says how",
  LIVEOPS_INTERNAL: "Internal error (a bug in liveops); `liveopsd logs` shows more",
  LIVEOPS_TOO_MANY_WATCHERS: "The limit of watch and event streams is reached",
  LIVEOPS_TOO_MANY_CONNECTIONS: "The limit of connections is reached, and all of them are in use",
  LIVEOPS_RUN_FILES_UNREADABLE: "The log or the events of the operation cannot be read; the detail says why",
  LIVEOPS_STOPPING: "The daemon is stopping",
  LIVEOPS_BACKUP_FAILED: "The disk of the target is full or failed; the incomplete backup was removed",
  LIVEOPS_STORE_FULL: "Nothing was recorded; free some disk space and try again",
};

/** `error.code` of an operation that liveops itself failed. */
export const FAILURES = {
  LIVEOPS_FAILED: "The operation called `p.error`",
  LIVEOPS_EXCEPTION: "The operation threw an exception",
  LIVEOPS_WORKER_LOST: "The worker process died",
  LIVEOPS_RUN_FILES_UNREADABLE: "The events or the directory could not be read when the worker had ended",
  LIVEOPS_TIMEOUT: "The attempt ran longer than the `timeout` of its type",
  LIVEOPS_LOAD_FAILED: "The type did not load for `maxTypeWait` seconds",
  LIVEOPS_PARAMS_INVALID: "The parameters no longer fit the type",
  LIVEOPS_PAYLOAD_UNREADABLE: "The large parameters cannot be read from the state directory",
  LIVEOPS_CWD_GONE: "The working directory no longer exists",
  LIVEOPS_STAGE_ACTIVE: "A stage was still active; an `await` is missing",
  LIVEOPS_STAGE_VALUE_NOT_JSON: "A stage of a resumable type returned a value that JSON cannot hold",
  LIVEOPS_RESULT_NOT_JSON: "The result is not JSON",
  LIVEOPS_RESULT_TOO_LARGE: "The result is larger than 1 MiB as JSON",
  LIVEOPS_CHAIN_TOO_LONG: "The chain already has `maxChainLength` operations",
  LIVEOPS_OUTCOME_SET: "The operation called `result`, `error` or `chainTo` a second time",
} as const;

export type FailureCode = keyof typeof FAILURES;

/** `error.cause`: how the worker process ended, or which error nobody caught. */
export const CAUSES = {
  exited: "The process ended itself (`process.exit`, or native code)",
  "out-of-memory": "The process had no memory left: its heap, its buffers or its `memoryMax` was full",
  segfault: "The process accessed invalid memory (SIGSEGV, SIGBUS)",
  aborted: "The process aborted (SIGABRT, SIGILL, SIGFPE, SIGTRAP)",
  killed: "The process got SIGKILL, from a person, a program or the kernel when memory ran out",
  signalled: "The process got another signal; the message names it",
  restarted: "The machine was restarted while the operation ran",
  unknown: "The process died while no daemon was running",
  "uncaught-exception": "An exception in a timer or an event handler was not caught",
  "unhandled-rejection": "A rejected promise was not handled",
} as const;

export type Cause = keyof typeof CAUSES;

/** RFC 9457 problem details, as every error reply carries them. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  /** Near names, where a name was mistyped. */
  nearest?: string[];
  /** Ids that an ambiguous prefix fits. */
  candidates?: string[];
}

/** A request that is refused: thrown in the daemon, sent as a problem, thrown again by the client. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly status: number;
  readonly title: string;
  /** What the code means, for people; of a newer daemon's code, the title. */
  readonly summary: string;

  constructor(
    readonly code: string,
    detail: string,
    readonly extra: Pick<Problem, "nearest" | "candidates"> = {},
    known: { status: number; title: string; summary?: string } = REFUSALS[code as RefusalCode] ??
      REFUSALS.LIVEOPS_INTERNAL,
  ) {
    super(detail);
    this.status = known.status;
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
    const { nearest, candidates } = problem;
    const extra = { ...(nearest && { nearest }), ...(candidates && { candidates }) };
    return new Refusal(problem.code, problem.detail, extra, { status: problem.status, title: problem.title });
  }
}

/** The exit code for an error reply's status. */
export function exitCodeOfStatus(status: number): ExitCode {
  if (status === 400 || status === 405 || status === 413 || status === 422) return EXIT.usage;
  if (status === 404) return EXIT.notFound;
  if (status === 409 || status === 426 || status === 429 || status === 503 || status === 507)
    return EXIT.refused;
  return EXIT.fault;
}
