/**
 * The catalogue of errors: stable code, HTTP status, exit code, title. A test keeps docs/protocol.md equal to it.
 *
 * A detail says what happened, the valid choices and what to type next. Statuses map to exit codes by
 * `exitCodeOfStatus`, so a client that meets a newer code still exits right.
 */
import { EXIT, type ExitCode } from "./exit-codes.js";

/** What a route may answer with. */
export const REFUSALS = {
  LIVEOPS_BAD_REQUEST: { status: 400, title: "The request is not valid" },
  LIVEOPS_PARAMS_INVALID: { status: 422, title: "The parameters are not valid" },
  LIVEOPS_KEY_REUSED: { status: 422, title: "The idempotency key was used for another request" },
  LIVEOPS_TOO_LARGE: { status: 413, title: "The request is too large" },
  LIVEOPS_NO_SUCH_OPERATION: { status: 404, title: "No such operation" },
  LIVEOPS_AMBIGUOUS_ID: { status: 404, title: "The id fits several operations" },
  LIVEOPS_NO_SUCH_TYPE: { status: 404, title: "No such operation type" },
  LIVEOPS_NO_SUCH_ROUTE: { status: 404, title: "No such route" },
  LIVEOPS_WRONG_STATE: { status: 409, title: "The operation is in the wrong state" },
  LIVEOPS_BACKUP_TARGET: { status: 422, title: "The directory cannot take a backup" },
  LIVEOPS_BACKUP_RUNNING: { status: 409, title: "A backup is being written" },
  LIVEOPS_SOCKET_NOT_OURS: { status: 409, title: "The socket is not this user's alone" },
  LIVEOPS_VERSION: { status: 426, title: "The client and the daemon do not speak the same version" },
  LIVEOPS_QUEUE_FULL: { status: 429, title: "The queue is full" },
  LIVEOPS_TYPE_FAULT: { status: 500, title: "An operation file failed" },
  LIVEOPS_INTERNAL: { status: 500, title: "A fault in liveops" },
  LIVEOPS_TOO_MANY_WATCHERS: { status: 503, title: "Too many streams are open" },
  LIVEOPS_TOO_MANY_CONNECTIONS: { status: 503, title: "Too many connections are open" },
  LIVEOPS_RUN_FILES_UNREADABLE: { status: 503, title: "The operation's run files cannot be read" },
  LIVEOPS_STOPPING: { status: 503, title: "The daemon is stopping" },
  LIVEOPS_BACKUP_FAILED: { status: 507, title: "The backup could not be written" },
  LIVEOPS_STORE_FULL: { status: 507, title: "The state directory's disk is full" },
} as const satisfies Record<`LIVEOPS_${string}`, { status: number; title: string }>;

export type RefusalCode = keyof typeof REFUSALS;

/** `error.code` of an operation that liveops itself failed. */
export const FAILURES = {
  LIVEOPS_FAILED: "the operation said so (p.error)",
  LIVEOPS_EXCEPTION: "the operation threw",
  LIVEOPS_WORKER_LOST: "its worker process died",
  LIVEOPS_RUN_FILES_UNREADABLE: "its events or its directory could not be read when its worker had ended",
  LIVEOPS_TIMEOUT: "it ran longer than its type's timeout",
  LIVEOPS_LOAD_FAILED: "its type did not load for `maxTypeWait` seconds",
  LIVEOPS_PARAMS_INVALID: "its parameters no longer fit its type",
  LIVEOPS_PAYLOAD_UNREADABLE: "its large parameters cannot be read from the state directory",
  LIVEOPS_CWD_GONE: "its working directory no longer exists",
  LIVEOPS_STAGE_ACTIVE: "a stage was still active: a forgotten await",
  LIVEOPS_STAGE_VALUE_NOT_JSON: "a resumable stage returned what JSON cannot hold",
  LIVEOPS_RESULT_NOT_JSON: "its result is not JSON",
  LIVEOPS_RESULT_TOO_LARGE: "its result is larger than 1 MiB as JSON",
  LIVEOPS_CHAIN_TOO_LONG: "its chain has as many operations as `maxChainLength` allows",
  LIVEOPS_OUTCOME_SET: "it called result, error or chainTo a second time",
} as const;

export type FailureCode = keyof typeof FAILURES;

/** `error.cause`: how the process ended, or what was thrown where nobody could catch it. */
export const CAUSES = {
  exited: "its process ended itself (process.exit, or native code)",
  "out-of-memory": "its heap, its buffers or its memoryMax left no more memory",
  segfault: "it touched memory it may not (SIGSEGV, SIGBUS)",
  aborted: "it gave itself up (SIGABRT, SIGILL, SIGFPE, SIGTRAP)",
  killed: "SIGKILL: from someone, or from the kernel for lack of memory, which leave the same trace",
  signalled: "another signal; the message says which",
  restarted: "the machine was restarted while it ran",
  unknown: "it died while no daemon was there to see how",
  "uncaught-exception": "it threw where nobody could catch it: in a timer, an event handler",
  "unhandled-rejection": "a promise it did not wait for was rejected",
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

  constructor(
    readonly code: string,
    detail: string,
    readonly extra: Pick<Problem, "nearest" | "candidates"> = {},
    known: { status: number; title: string } = REFUSALS[code as RefusalCode] ?? REFUSALS.LIVEOPS_INTERNAL,
  ) {
    super(detail);
    this.status = known.status;
    this.title = known.title;
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
  if (status === 400 || status === 413 || status === 422) return EXIT.usage;
  if (status === 404) return EXIT.notFound;
  if (status === 409 || status === 426 || status === 429 || status === 503 || status === 507)
    return EXIT.refused;
  return EXIT.fault;
}
