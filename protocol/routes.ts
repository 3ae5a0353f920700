/**
 * The route table: every route of the daemon with the schemas of its request and its replies.
 *
 * The daemon validates requests with these schemas, `openapi.json` is generated from them, and the
 * client's types are inferred from them. Only the daemon loads this module at run time. A client
 * imports the types only, so that a short command does not load zod.
 */
import * as z from "zod/mini";
import type { RefusalCode } from "./errors.js";
import { operationSchema } from "./operation.js";
import { PATHS, type Path, type RouteName } from "./paths.js";
import * as replies from "./replies.js";
import * as requests from "./requests.js";
import { doc } from "./schema/doc.js";
import * as lines from "./stream-lines.js";
import { whySchema } from "./why.js";

const id = z.object({
  id: doc(z.string(), "id of the operation, a unique prefix of 3 or more characters, or a label"),
});

/** Media types of a route's replies, each with its schema; for NDJSON, the schema of a line. */
export type Content = Readonly<
  Partial<Record<"application/json" | "text/plain" | "application/x-ndjson", z.ZodMiniType>>
>;

export interface Route extends Path {
  tag: keyof typeof TAGS;
  summary: string;
  description: string;
  params?: z.ZodMiniObject;
  query?: z.ZodMiniObject;
  /** Names and meanings of the headers that the route reads. */
  headers?: Readonly<Record<string, string>>;
  body?: z.ZodMiniType;
  /** By status. */
  replies: Readonly<Record<number, Content>>;
  /** The daemon replies without the engine of its fleet. */
  isLocal?: true;
  /** Error codes of this route alone; `refusalsOf` adds the others. */
  refusals?: readonly RefusalCode[];
}

/** Groups of routes. */
export const TAGS = {
  operations: "Submit, list, show, edit, cancel, retry and remove operations.",
  streams: "Follow state and events, one JSON object per line.",
  queues: "List, change, pause and resume queues.",
  schedules: "Submit operations at the times of a cron expression.",
  types: "List the operation types and their durations.",
  hosts: "List the hosts of the fleet, drain this host, declare a host lost.",
  daemon: "Show and stop the daemon.",
} as const;

/** All error codes that the route may reply with. */
export function refusalsOf({
  anyVersion,
  isLocal,
  body,
  lastLine,
  refusals = [],
}: Route): RefusalCode[] {
  return [
    "LIVEOPS_BAD_REQUEST",
    "LIVEOPS_INTERNAL",
    "LIVEOPS_TOO_MANY_CONNECTIONS",
    ...(anyVersion ? [] : (["LIVEOPS_VERSION"] as const)),
    ...(anyVersion || isLocal ? [] : (["LIVEOPS_ENGINE_AWAY", "LIVEOPS_ENGINE_BEHIND"] as const)),
    ...(body ? (["LIVEOPS_TOO_LARGE"] as const) : []),
    ...(lastLine ? (["LIVEOPS_TOO_MANY_WATCHERS"] as const) : []),
    ...refusals,
  ];
}

const NOT_FOUND = ["LIVEOPS_NO_SUCH_OPERATION", "LIVEOPS_AMBIGUOUS_ID"] as const;
/** Errors of a request that names a host or tags. */
const PLACE = ["LIVEOPS_NO_SUCH_HOST", "LIVEOPS_NOT_A_FLEET"] as const;
/** Errors of a request that gives an operation its parameters. */
const ADMISSION = [
  "LIVEOPS_PARAMS_INVALID",
  "LIVEOPS_QUEUE_FULL",
  "LIVEOPS_TYPE_FAULT",
  "LIVEOPS_STORE_FULL",
] as const;

const json = <S extends z.ZodMiniType>(schema: S) => ({ "application/json": schema });
const ndjson = <S extends z.ZodMiniType>(line: S) => ({ "application/x-ndjson": line });

type OwnRoute = Omit<Route, keyof Path | "tag">;

/** Routes of a group, with their paths. */
function tagged<const R extends Partial<Record<RouteName, OwnRoute>>>(tag: Route["tag"], own: R) {
  const routes = Object.entries(own).map(([name, route]) => [
    name,
    { ...PATHS[name as RouteName], tag, ...route },
  ]);
  return Object.fromEntries(routes) as {
    [N in keyof R & RouteName]: (typeof PATHS)[N] & R[N] & Pick<Route, "tag">;
  };
}

/** Named, so that the declarations of the package have its schema once. */
interface OperationReply {
  "application/json": typeof operationSchema;
}

const operationReply: OperationReply = json(operationSchema);

interface SubmitReply {
  "application/json": z.ZodMiniUnion<
    [typeof operationSchema, z.ZodMiniArray<typeof operationSchema>]
  >;
}

const submitReply: SubmitReply = json(z.union([operationSchema, z.array(operationSchema)]));

/** Every route by name. The client's method has the same name. */
export const ROUTES = {
  ...tagged("operations", {
    submit: {
      summary: "Submit one or more operations",
      description:
        "The daemon replies once the operation is on disk. An array is recorded in one write, all of it or none. " +
        "A repeated request with the same Idempotency-Key gets status 200 and the same operation.",
      headers: {
        "Idempotency-Key": "1 to 255 characters; requests with the same key and body submit once",
      },
      body: requests.submitRequest,
      replies: { 201: submitReply, 200: submitReply },
      refusals: [
        ...PLACE,
        "LIVEOPS_NO_SUCH_TYPE",
        ...NOT_FOUND,
        "LIVEOPS_NO_SUCH_QUEUE",
        ...ADMISSION,
        "LIVEOPS_KEY_REUSED",
        "LIVEOPS_STOPPING",
      ],
    },
    submitChild: {
      summary: "Run an operation inside of a running one",
      description:
        "Only for the code of the operation that runs. The daemon replies once the operation is on disk. " +
        "A repeated request from the same place of the parent gets status 200 and the same operation; one that " +
        "failed or was cancelled runs again as a new attempt. Variables are added to those of the parent; what else is " +
        "absent is that of its type or of the parent. The parent lends its slot as long as it waits.",
      params: id,
      body: requests.childBody,
      replies: { 201: operationReply, 200: operationReply },
      refusals: [
        ...NOT_FOUND,
        "LIVEOPS_WRONG_STATE",
        "LIVEOPS_TOO_DEEP",
        "LIVEOPS_NO_SUCH_TYPE",
        "LIVEOPS_NO_SUCH_QUEUE",
        ...ADMISSION,
        "LIVEOPS_STOPPING",
      ],
    },
    list: {
      summary: "List operations",
      description: "Newest first, in pages. Large values are left out; large names them.",
      query: requests.listQuery,
      replies: { 200: json(replies.operationPage) },
    },
    show: {
      summary: "Show an operation",
      description: "The complete record, with its large values.",
      params: id,
      replies: { 200: operationReply },
      refusals: NOT_FOUND,
    },
    edit: {
      summary: "Edit a queued operation",
      description:
        "Changes label, queue, priority or start before the operation starts. The daemon replies once the change is " +
        "on disk.",
      params: id,
      body: requests.editBody,
      replies: { 200: operationReply },
      refusals: [...NOT_FOUND, "LIVEOPS_NO_SUCH_QUEUE", "LIVEOPS_WRONG_STATE"],
    },
    remove: {
      summary: "Remove a finished or queued operation",
      description:
        "Removes the operation with its log, events and stage values. A queued operation is cancelled in the same " +
        "step. The reply is its last record.",
      params: id,
      replies: { 200: operationReply },
      refusals: [...NOT_FOUND, "LIVEOPS_WRONG_STATE", "LIVEOPS_STORE_FULL"],
    },
    log: {
      summary: "Read the log of an operation",
      description:
        "Lines in pages; with Accept: text/plain, as `liveops logs` prints them, all that follow. With a filter, " +
        "a page covers about 8 MiB of the log, and may be empty while next is not null.",
      headers: { Accept: "text/plain: the text of the lines, behind the [step]" },
      params: id,
      query: requests.logQuery,
      replies: {
        200: {
          ...json(replies.logPage),
          "text/plain": doc(z.string(), "one line of text per log line"),
        },
      },
      refusals: [...NOT_FOUND, "LIVEOPS_RUN_FILES_UNREADABLE"],
    },
    why: {
      summary: "Tell why an operation is in its state",
      description:
        "What failed and what has changed since the last success, what it waits for, or what was unusual. That of a " +
        "failure is made at the failure and kept, at most 16 KiB. What git and the logs tell may need some seconds.",
      params: id,
      query: requests.whyQuery,
      replies: { 200: json(whySchema) },
      refusals: NOT_FOUND,
    },
    input: {
      summary: "Type into the terminal of a program",
      description:
        "Types text or bytes into the terminal of the program, and sets its size. The text is not recorded. The reply " +
        "comes once the worker has it.",
      params: id,
      body: requests.inputBody,
      replies: { 200: json(replies.inputReply) },
      refusals: [...NOT_FOUND, "LIVEOPS_NO_TERMINAL", "LIVEOPS_WRONG_STATE"],
    },
    cancel: {
      summary: "Cancel an operation",
      description:
        "The daemon replies once the request is on disk. A running operation stops later, within its grace period.",
      params: id,
      body: requests.noBody,
      replies: { 200: operationReply },
      refusals: [...NOT_FOUND, "LIVEOPS_WRONG_STATE", "LIVEOPS_STORE_FULL"],
    },
    pause: {
      summary: "Pause a running operation",
      description:
        "Stops its processes (SIGSTOP). Its timeout and its remaining time stand still. The operation keeps its slot, and " +
        "stays paused across a restart of the daemon.",
      params: id,
      body: requests.noBody,
      replies: { 200: operationReply },
      refusals: [...NOT_FOUND, "LIVEOPS_WRONG_STATE", "LIVEOPS_STORE_FULL"],
    },
    resume: {
      summary: "Resume a paused operation",
      description: "Its processes run again (SIGCONT).",
      params: id,
      body: requests.noBody,
      replies: { 200: operationReply },
      refusals: [...NOT_FOUND, "LIVEOPS_WRONG_STATE", "LIVEOPS_STORE_FULL"],
    },
    approve: {
      summary: "Answer the question of an operation",
      description:
        "The operation waits for approval. It goes on from there in its queue, once the answer is on disk. The answer, " +
        "who gave it and when are in the record.",
      params: id,
      body: requests.approveBody,
      replies: { 200: operationReply },
      refusals: [...NOT_FOUND, "LIVEOPS_WRONG_STATE", "LIVEOPS_STORE_FULL"],
    },
    reject: {
      summary: "Reject an operation that waits for approval",
      description:
        "Its stage fails with LIVEOPS_REJECTED; the end of the operation is as after any failure.",
      params: id,
      body: requests.rejectBody,
      replies: { 200: operationReply },
      refusals: [...NOT_FOUND, "LIVEOPS_WRONG_STATE", "LIVEOPS_STORE_FULL"],
    },
    cancelAll: {
      summary: "Cancel many operations",
      description:
        "Cancels queued operations first, the newest before the others: no operation starts in the slot of another " +
        "one. The reply has a line for each operation, once its request is on disk.",
      body: requests.selectionBody,
      replies: { 200: ndjson(lines.selectionLine) },
    },
    retryAll: {
      summary: "Retry many operations",
      description:
        "Runs failed and cancelled operations again, the oldest first. A line for each operation.",
      body: requests.retrySelectionBody,
      replies: { 200: ndjson(lines.selectionLine) },
    },
    removeAll: {
      summary: "Remove many operations",
      description:
        "Removes finished operations, and queued ones that ids name, with their logs. A line for each operation, with its " +
        "last record. It ends with the connection.",
      body: requests.selectionBody,
      replies: { 200: ndjson(lines.selectionLine) },
    },
    shell: {
      summary: "Read what a shell needs where a stage ran",
      description:
        "Variables, secrets and outputs of a finished operation, as its next attempt would have them. The values are in clear.",
      params: id,
      replies: { 200: json(replies.shellReply) },
      refusals: [...NOT_FOUND, "LIVEOPS_WRONG_STATE", "LIVEOPS_RUN_FILES_UNREADABLE"],
    },
    retry: {
      summary: "Retry a failed or cancelled operation",
      description:
        "Queues the operation again. A resumable operation may start from a stage, or take stages as done by hand. " +
        "Other parameters are checked as at a submit.",
      params: id,
      body: requests.retryBody,
      replies: { 200: operationReply },
      refusals: [
        ...NOT_FOUND,
        "LIVEOPS_NO_SUCH_TYPE",
        "LIVEOPS_PARAMS_INVALID",
        "LIVEOPS_TYPE_FAULT",
        "LIVEOPS_TOO_LARGE",
        "LIVEOPS_WAIT_CIRCLE",
        "LIVEOPS_WRONG_STATE",
        "LIVEOPS_QUEUE_FULL",
        "LIVEOPS_RUN_FILES_UNREADABLE",
        "LIVEOPS_STOPPING",
        "LIVEOPS_STORE_FULL",
      ],
    },
    again: {
      summary: "Run a finished operation again",
      description:
        "Submits a new operation of the same type, with the same parameters, directory, environment and label. " +
        "The finished operation does not change. A repeated request with the same Idempotency-Key gets status 200 and " +
        "the same operation.",
      headers: {
        "Idempotency-Key": "1 to 255 characters; requests with the same key and body submit once",
      },
      params: id,
      body: requests.againBody,
      replies: { 201: operationReply, 200: operationReply },
      refusals: [
        ...PLACE,
        ...NOT_FOUND,
        "LIVEOPS_NO_SUCH_TYPE",
        "LIVEOPS_WRONG_STATE",
        "LIVEOPS_RUN_FILES_UNREADABLE",
        ...ADMISSION,
        "LIVEOPS_KEY_REUSED",
        "LIVEOPS_STOPPING",
      ],
    },
    forecast: {
      summary: "Forecast the start and end of live operations",
      description:
        "When each running and queued operation starts and ends, by the durations of earlier runs.",
      replies: { 200: json(replies.forecastReply) },
      isLocal: true,
    },
  }),
  ...tagged("streams", {
    events: {
      summary: "Read the events of an operation",
      description:
        "The stored events of all attempts, ordered by seq. With follow, new events until the end.",
      params: id,
      query: requests.eventsQuery,
      replies: { 200: ndjson(lines.eventLine) },
      refusals: [...NOT_FOUND, "LIVEOPS_RUN_FILES_UNREADABLE", "LIVEOPS_WAIT_CIRCLE"],
    },
    attach: {
      summary: "Attach to the terminal of a program",
      description:
        "The present screen of the program that runs on a terminal, then its output as raw bytes. The bytes are not " +
        "sanitized. A client that does not read misses output, and gets the screen anew.",
      params: id,
      replies: { 200: ndjson(lines.terminalLine) },
      refusals: [...NOT_FOUND, "LIVEOPS_NO_TERMINAL"],
    },
    openSession: {
      summary: "Keep a session open",
      description:
        "The session ends some seconds after its last stream has closed. Its operations that were submitted with " +
        "endsWithSession are cancelled then.",
      params: requests.sessionParams,
      replies: { 200: ndjson(lines.sessionLine) },
    },
    watch: {
      summary: "Watch changes of state",
      description:
        "A snapshot, then changes. A line may be applied twice; ignore unknown types and keys.",
      query: requests.watchQuery,
      replies: { 200: ndjson(lines.watchLine) },
      refusals: [...NOT_FOUND, "LIVEOPS_WAIT_CIRCLE"],
    },
  }),
  ...tagged("queues", {
    queues: {
      summary: "List the queues",
      description:
        "All queues with their concurrency and their operations, the default queue first.",
      replies: { 200: json(replies.queuesReply) },
      isLocal: true,
    },
    setQueue: {
      summary: "Create a queue, or change it",
      description:
        "Sets how many operations of the queue may run at the same time. The daemon keeps it on disk.",
      params: requests.queueParams,
      body: requests.queueBody,
      replies: { 200: json(replies.queueReply) },
      refusals: ["LIVEOPS_WRONG_STATE", "LIVEOPS_QUEUE_FULL", "LIVEOPS_STORE_FULL"],
    },
    removeQueue: {
      summary: "Remove a queue",
      description:
        "A queue with queued or running operations is not removed, nor the default queue.",
      params: requests.queueParams,
      replies: { 200: json(replies.queueReply) },
      refusals: ["LIVEOPS_NO_SUCH_QUEUE", "LIVEOPS_WRONG_STATE", "LIVEOPS_STORE_FULL"],
    },
    pauseQueue: {
      summary: "Pause a queue, or all queues",
      description:
        "No operation of the queue starts. Running operations continue. The reply lists all queues.",
      body: requests.pauseQueueBody,
      replies: { 200: json(replies.queuesReply) },
      refusals: ["LIVEOPS_NO_SUCH_QUEUE", "LIVEOPS_STORE_FULL"],
    },
    resumeQueue: {
      summary: "Resume a queue, or all queues",
      description: "Its operations start again. The reply lists all queues.",
      body: requests.pauseQueueBody,
      replies: { 200: json(replies.queuesReply) },
      refusals: ["LIVEOPS_NO_SUCH_QUEUE", "LIVEOPS_STORE_FULL"],
    },
  }),
  ...tagged("schedules", {
    schedules: {
      summary: "List the schedules",
      description: "In the order of their creation, each with its next run.",
      replies: { 200: json(replies.schedulesReply) },
      isLocal: true,
    },
    addSchedule: {
      summary: "Add a schedule",
      description:
        "Submits an operation at each time of a cron expression. The parameters, and the pipeline file if one is named, " +
        "are checked now and read again at each run. The daemon replies once the schedule is on disk.",
      body: requests.scheduleBody,
      replies: { 201: json(replies.scheduleReply) },
      refusals: [
        ...PLACE,
        "LIVEOPS_NO_SUCH_TYPE",
        "LIVEOPS_NO_SUCH_QUEUE",
        "LIVEOPS_WRONG_STATE",
        ...ADMISSION,
      ],
    },
    removeSchedule: {
      summary: "Remove a schedule",
      description: "Its operations stay.",
      params: requests.scheduleParams,
      replies: { 200: json(replies.scheduleReply) },
      refusals: ["LIVEOPS_NO_SUCH_SCHEDULE", "LIVEOPS_STORE_FULL"],
    },
    runSchedule: {
      summary: "Run a schedule now",
      description: "Submits its operation at once. The times of the schedule do not change.",
      headers: { "Idempotency-Key": "1 to 255 characters; requests with the same key submit once" },
      params: requests.scheduleParams,
      body: requests.noBody,
      replies: { 201: operationReply },
      refusals: [
        ...PLACE,
        "LIVEOPS_NO_SUCH_SCHEDULE",
        "LIVEOPS_NO_SUCH_TYPE",
        "LIVEOPS_NO_SUCH_OPERATION",
        "LIVEOPS_NO_SUCH_QUEUE",
        ...ADMISSION,
        "LIVEOPS_KEY_REUSED",
        "LIVEOPS_STOPPING",
      ],
    },
  }),
  ...tagged("types", {
    types: {
      summary: "List the operation types",
      description:
        "The types with the JSON Schema of their parameters, and the files that do not load.",
      replies: { 200: json(replies.typesReply) },
      isLocal: true,
    },
    history: {
      summary: "Show the durations of a type",
      description:
        "Percentiles in seconds over the newest 100 succeeded runs, for the operation and for each stage; the newest " +
        "runs; the types that follow in a chain.",
      params: z.object({ op: doc(z.string(), "name of the operation type") }),
      query: requests.historyQuery,
      replies: { 200: json(replies.historyReply) },
      refusals: ["LIVEOPS_NO_SUCH_TYPE"],
    },
  }),
  ...tagged("hosts", {
    hosts: {
      summary: "List the hosts of the fleet",
      description:
        "All hosts with their state, slots and load. A daemon without a fleet lists itself.",
      replies: { 200: json(replies.hostsReply) },
    },
    declareLost: {
      summary: "Declare a host lost",
      description:
        "Does not wait until the host counts as lost by itself. Its resumable operations are queued again, the others " +
        "fail with LIVEOPS_HOST_LOST. The reply lists all hosts.",
      params: requests.hostParams,
      body: requests.noBody,
      replies: { 200: json(replies.hostsReply) },
      refusals: [...PLACE, "LIVEOPS_WRONG_STATE"],
    },
    drain: {
      summary: "Drain this host, or undo it",
      description:
        "No more operations start on this host of the fleet; running operations continue. The drain outlives a restart. The " +
        "reply lists all hosts.",
      body: requests.drainBody,
      replies: { 200: json(replies.hostsReply) },
      refusals: ["LIVEOPS_NOT_A_FLEET", "LIVEOPS_WRONG_STATE"],
    },
  }),
  ...tagged("daemon", {
    daemon: {
      summary: "Show the daemon",
      description:
        "Version, paths, counts, workers and problems. Clients of any version get a reply.",
      replies: { 200: json(replies.daemonReply) },
    },
    stop: {
      summary: "Stop the daemon",
      description:
        "Running operations continue under the next daemon. With now, they are cancelled first.",
      body: requests.stopBody,
      replies: { 200: json(replies.stopReply) },
      refusals: ["LIVEOPS_STORE_FULL"],
    },
    metrics: {
      summary: "Show the metrics",
      description:
        "The metrics of the daemon in the text format of Prometheus, version 0.0.4. Counting begins with the first " +
        "request, or with the start of a daemon that has --metrics.",
      replies: { 200: { "text/plain": doc(z.string(), "one sample per line") } },
      isLocal: true,
    },
  }),
} satisfies Record<RouteName, Route>;
