/**
 * The route table: every route of the daemon with the schemas of its request and its replies.
 *
 * The daemon validates requests with these schemas, `GET /openapi.json` is generated from them, and the client's types
 * are inferred from them. Only the daemon loads this module at run time. A client imports the types only, so that a
 * short command does not load zod.
 */
import * as z from "zod/mini";
import type { RefusalCode } from "./errors.js";
import { operationSchema } from "./operation.js";
import { PATHS, type RouteName } from "./paths.js";
import {
  daemonReply,
  forecastReply,
  historyReply,
  hostsReply,
  inputReply,
  logPage,
  operationPage,
  queueReply,
  queuesReply,
  reloadReply,
  scheduleReply,
  schedulesReply,
  stopReply,
  typesReply,
} from "./replies.js";
import {
  againBody,
  backupBody,
  drainBody,
  editBody,
  eventsQuery,
  historyQuery,
  hostParams,
  inputBody,
  listQuery,
  logQuery,
  noBody,
  pauseQueueBody,
  queueBody,
  queueParams,
  retryBody,
  retrySelectionBody,
  scheduleBody,
  scheduleParams,
  selectionBody,
  stopBody,
  submitRequest,
  watchQuery,
} from "./requests.js";
import { backupLine, eventLine, selectionLine, terminalLine, watchLine } from "./stream-lines.js";

const id = z.object({
  id: z.string().check(z.describe("id of the operation, or a unique prefix of 3 or more characters")),
});

/** Media types of a route's replies, each with its schema; for NDJSON, the schema of a line. */
export type Content = Readonly<
  Partial<Record<"application/json" | "text/plain" | "application/x-ndjson", z.ZodMiniType>>
>;

export interface Route {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
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
  /** Error codes of this route, without those of every route (`COMMON_REFUSALS`). */
  refusals: readonly RefusalCode[];
}

/** Groups of routes. */
export const TAGS = {
  operations: "Submit, list, show, edit, cancel, retry and remove operations.",
  streams: "Follow state and events, one JSON object per line.",
  queues: "List, change, pause and resume queues.",
  schedules: "Submit operations at the times of a cron expression.",
  types: "List the operation types and their durations.",
  hosts: "List the hosts of the fleet, drain this host, declare a host lost.",
  daemon: "Show, reload, back up and stop the daemon.",
} as const;

/** Error codes that every route may reply with. */
export const COMMON_REFUSALS = [
  "LIVEOPS_BAD_REQUEST",
  "LIVEOPS_INTERNAL",
  "LIVEOPS_TOO_MANY_CONNECTIONS",
] as const satisfies RefusalCode[];

const NOT_FOUND = ["LIVEOPS_NO_SUCH_OPERATION", "LIVEOPS_AMBIGUOUS_ID"] as const;
const VERSION = "LIVEOPS_VERSION";
/** Errors of requests that need the engine. */
const ENGINE = ["LIVEOPS_ENGINE_AWAY", "LIVEOPS_ENGINE_BEHIND"] as const;
/** Errors of a request that names a host or tags. */
const PLACE = ["LIVEOPS_NO_SUCH_HOST", "LIVEOPS_NOT_A_FLEET"] as const;

/** Errors of a request on many operations. The refusal of one operation is in its line. */
const SELECTION = [VERSION, ...ENGINE, "LIVEOPS_TOO_LARGE", "LIVEOPS_TOO_MANY_WATCHERS"] as const;

const json = <S extends z.ZodMiniType>(schema: S) => ({ "application/json": schema });
const ndjson = <S extends z.ZodMiniType>(line: S) => ({ "application/x-ndjson": line });

const define = <const R extends Record<RouteName, Route>>(routes: R) => routes;

const submitReply = json(z.union([operationSchema, z.array(operationSchema)]));

/** Every route by name. The client's method has the same name. */
export const ROUTES = define({
  submit: {
    ...PATHS.submit,
    tag: "operations",
    summary: "Submit one or more operations",
    description:
      "The daemon replies once the operation is on disk. An array is recorded in one write, all of it or none. " +
      "A repeated request with the same Idempotency-Key gets status 200 and the same operation.",
    headers: { "Idempotency-Key": "1 to 255 characters; requests with the same key and body submit once" },
    body: submitRequest,
    replies: { 201: submitReply, 200: submitReply },
    refusals: [
      VERSION,
      ...ENGINE,
      ...PLACE,
      "LIVEOPS_TOO_LARGE",
      "LIVEOPS_NO_SUCH_TYPE",
      "LIVEOPS_NO_SUCH_OPERATION",
      "LIVEOPS_AMBIGUOUS_ID",
      "LIVEOPS_NO_SUCH_QUEUE",
      "LIVEOPS_PARAMS_INVALID",
      "LIVEOPS_KEY_REUSED",
      "LIVEOPS_QUEUE_FULL",
      "LIVEOPS_TYPE_FAULT",
      "LIVEOPS_STOPPING",
      "LIVEOPS_STORE_FULL",
    ],
  },
  list: {
    ...PATHS.list,
    tag: "operations",
    summary: "List operations",
    description: "Newest first, in pages. Large values are left out; omitted lists them.",
    query: listQuery,
    replies: { 200: json(operationPage) },
    refusals: [VERSION, ...ENGINE],
  },
  show: {
    ...PATHS.show,
    tag: "operations",
    summary: "Show an operation",
    description: "The complete record, with its large values.",
    params: id,
    replies: { 200: json(operationSchema) },
    refusals: [VERSION, ...ENGINE, ...NOT_FOUND],
  },
  edit: {
    ...PATHS.edit,
    tag: "operations",
    summary: "Edit a queued operation",
    description:
      "Changes parameters, label, directory or environment before the operation starts. The parameters are read " +
      "anew, and title and stages with them. The daemon replies once the change is on disk.",
    params: id,
    body: editBody,
    replies: { 200: json(operationSchema) },
    refusals: [
      VERSION,
      ...ENGINE,
      ...PLACE,
      ...NOT_FOUND,
      "LIVEOPS_TOO_LARGE",
      "LIVEOPS_NO_SUCH_TYPE",
      "LIVEOPS_NO_SUCH_QUEUE",
      "LIVEOPS_PARAMS_INVALID",
      "LIVEOPS_WRONG_STATE",
      "LIVEOPS_QUEUE_FULL",
      "LIVEOPS_TYPE_FAULT",
      "LIVEOPS_STOPPING",
      "LIVEOPS_STORE_FULL",
    ],
  },
  remove: {
    ...PATHS.remove,
    tag: "operations",
    summary: "Remove a finished or queued operation",
    description:
      "Removes the operation with its log, events and stage values. A queued operation is cancelled in the same " +
      "step. The reply is its last record.",
    params: id,
    replies: { 200: json(operationSchema) },
    refusals: [VERSION, ...ENGINE, ...NOT_FOUND, "LIVEOPS_WRONG_STATE", "LIVEOPS_STORE_FULL"],
  },
  log: {
    ...PATHS.log,
    tag: "operations",
    summary: "Read the log of an operation",
    description:
      "Lines in pages; with Accept: text/plain, only their text. With a filter, a page covers about 8 MiB of " +
      "the log, and may be empty while next is not null.",
    headers: { Accept: "text/plain: the text of the lines, without numbers" },
    params: id,
    query: logQuery,
    replies: {
      200: { ...json(logPage), "text/plain": z.string().check(z.describe("one line of text per log line")) },
    },
    refusals: [VERSION, ...ENGINE, ...NOT_FOUND, "LIVEOPS_RUN_FILES_UNREADABLE"],
  },
  events: {
    ...PATHS.events,
    tag: "streams",
    summary: "Read the events of an operation",
    description: "The stored events of all attempts, ordered by seq. With follow, new events until the end.",
    params: id,
    query: eventsQuery,
    replies: { 200: ndjson(eventLine) },
    refusals: [VERSION, ...ENGINE, ...NOT_FOUND, "LIVEOPS_TOO_MANY_WATCHERS", "LIVEOPS_RUN_FILES_UNREADABLE"],
  },
  attach: {
    ...PATHS.attach,
    tag: "streams",
    summary: "Attach to the terminal of a program",
    description:
      "The present screen of the program that runs on a terminal, then its output as raw bytes. The bytes are not " +
      "sanitized. A client that does not read misses output, and gets the screen anew.",
    params: id,
    replies: { 200: ndjson(terminalLine) },
    refusals: [VERSION, ...ENGINE, ...NOT_FOUND, "LIVEOPS_NO_TERMINAL", "LIVEOPS_TOO_MANY_WATCHERS"],
  },
  input: {
    ...PATHS.input,
    tag: "operations",
    summary: "Type into the terminal of a program",
    description:
      "Types text or bytes into the terminal of the program, and sets its size. The text is not recorded. The reply " +
      "comes once the worker has it.",
    params: id,
    body: inputBody,
    replies: { 200: json(inputReply) },
    refusals: [VERSION, ...ENGINE, ...NOT_FOUND, "LIVEOPS_NO_TERMINAL", "LIVEOPS_TOO_LARGE"],
  },
  cancel: {
    ...PATHS.cancel,
    tag: "operations",
    summary: "Cancel an operation",
    description:
      "The daemon replies once the request is on disk. A running operation stops later, within its grace period.",
    params: id,
    body: noBody,
    replies: { 200: json(operationSchema) },
    refusals: [
      VERSION,
      ...ENGINE,
      ...NOT_FOUND,
      "LIVEOPS_TOO_LARGE",
      "LIVEOPS_WRONG_STATE",
      "LIVEOPS_STORE_FULL",
    ],
  },
  pause: {
    ...PATHS.pause,
    tag: "operations",
    summary: "Pause a running operation",
    description:
      "Stops its processes (SIGSTOP). Its timeout and its remaining time stand still. The operation keeps its slot, and " +
      "stays paused across a restart of the daemon.",
    params: id,
    body: noBody,
    replies: { 200: json(operationSchema) },
    refusals: [
      VERSION,
      ...ENGINE,
      ...NOT_FOUND,
      "LIVEOPS_TOO_LARGE",
      "LIVEOPS_WRONG_STATE",
      "LIVEOPS_STORE_FULL",
    ],
  },
  resume: {
    ...PATHS.resume,
    tag: "operations",
    summary: "Resume a paused operation",
    description: "Its processes run again (SIGCONT).",
    params: id,
    body: noBody,
    replies: { 200: json(operationSchema) },
    refusals: [
      VERSION,
      ...ENGINE,
      ...NOT_FOUND,
      "LIVEOPS_TOO_LARGE",
      "LIVEOPS_WRONG_STATE",
      "LIVEOPS_STORE_FULL",
    ],
  },
  cancelAll: {
    ...PATHS.cancelAll,
    tag: "operations",
    summary: "Cancel many operations",
    description:
      "Cancels queued and running operations in one step, queued ones first: no operation starts in the slot of another " +
      "one. The reply has a line for each operation, once the requests are on disk.",
    body: selectionBody,
    replies: { 200: ndjson(selectionLine) },
    refusals: SELECTION,
  },
  retryAll: {
    ...PATHS.retryAll,
    tag: "operations",
    summary: "Retry many operations",
    description: "Runs failed and cancelled operations again, the oldest first. A line for each operation.",
    body: retrySelectionBody,
    replies: { 200: ndjson(selectionLine) },
    refusals: SELECTION,
  },
  removeAll: {
    ...PATHS.removeAll,
    tag: "operations",
    summary: "Remove many operations",
    description:
      "Removes finished operations, and queued ones that ids name, with their logs. A line for each operation, with its " +
      "last record. It ends with the connection.",
    body: selectionBody,
    replies: { 200: ndjson(selectionLine) },
    refusals: SELECTION,
  },
  queues: {
    ...PATHS.queues,
    tag: "queues",
    summary: "List the queues",
    description: "All queues with their concurrency and their operations, the default queue first.",
    replies: { 200: json(queuesReply) },
    refusals: [VERSION],
  },
  setQueue: {
    ...PATHS.setQueue,
    tag: "queues",
    summary: "Create a queue, or change it",
    description:
      "Sets how many operations of the queue may run at the same time. The daemon keeps it on disk.",
    params: queueParams,
    body: queueBody,
    replies: { 200: json(queueReply) },
    refusals: [
      VERSION,
      ...ENGINE,
      "LIVEOPS_TOO_LARGE",
      "LIVEOPS_WRONG_STATE",
      "LIVEOPS_QUEUE_FULL",
      "LIVEOPS_STORE_FULL",
    ],
  },
  removeQueue: {
    ...PATHS.removeQueue,
    tag: "queues",
    summary: "Remove a queue",
    description: "A queue with queued or running operations is not removed, nor the default queue.",
    params: queueParams,
    replies: { 200: json(queueReply) },
    refusals: [VERSION, ...ENGINE, "LIVEOPS_NO_SUCH_QUEUE", "LIVEOPS_WRONG_STATE", "LIVEOPS_STORE_FULL"],
  },
  pauseQueue: {
    ...PATHS.pauseQueue,
    tag: "queues",
    summary: "Pause a queue, or all queues",
    description: "No operation of the queue starts. Running operations continue. The reply lists all queues.",
    body: pauseQueueBody,
    replies: { 200: json(queuesReply) },
    refusals: [VERSION, ...ENGINE, "LIVEOPS_TOO_LARGE", "LIVEOPS_NO_SUCH_QUEUE", "LIVEOPS_STORE_FULL"],
  },
  resumeQueue: {
    ...PATHS.resumeQueue,
    tag: "queues",
    summary: "Resume a queue, or all queues",
    description: "Its operations start again. The reply lists all queues.",
    body: pauseQueueBody,
    replies: { 200: json(queuesReply) },
    refusals: [VERSION, ...ENGINE, "LIVEOPS_TOO_LARGE", "LIVEOPS_NO_SUCH_QUEUE", "LIVEOPS_STORE_FULL"],
  },
  schedules: {
    ...PATHS.schedules,
    tag: "schedules",
    summary: "List the schedules",
    description: "In the order of their creation, each with its next run.",
    replies: { 200: json(schedulesReply) },
    refusals: [VERSION],
  },
  addSchedule: {
    ...PATHS.addSchedule,
    tag: "schedules",
    summary: "Add a schedule",
    description:
      "Submits an operation at each time of a cron expression. The parameters, and the pipeline file if one is named, " +
      "are checked now and read again at each run. The daemon replies once the schedule is on disk.",
    body: scheduleBody,
    replies: { 201: json(scheduleReply) },
    refusals: [
      VERSION,
      ...ENGINE,
      ...PLACE,
      "LIVEOPS_TOO_LARGE",
      "LIVEOPS_NO_SUCH_TYPE",
      "LIVEOPS_NO_SUCH_QUEUE",
      "LIVEOPS_PARAMS_INVALID",
      "LIVEOPS_WRONG_STATE",
      "LIVEOPS_QUEUE_FULL",
      "LIVEOPS_TYPE_FAULT",
      "LIVEOPS_STORE_FULL",
    ],
  },
  removeSchedule: {
    ...PATHS.removeSchedule,
    tag: "schedules",
    summary: "Remove a schedule",
    description: "Its operations stay.",
    params: scheduleParams,
    replies: { 200: json(scheduleReply) },
    refusals: [VERSION, ...ENGINE, "LIVEOPS_NO_SUCH_SCHEDULE", "LIVEOPS_STORE_FULL"],
  },
  pauseSchedule: {
    ...PATHS.pauseSchedule,
    tag: "schedules",
    summary: "Pause a schedule",
    description: "It has no runs until it is resumed. Runs that are due meanwhile are not made up for.",
    params: scheduleParams,
    body: noBody,
    replies: { 200: json(scheduleReply) },
    refusals: [VERSION, ...ENGINE, "LIVEOPS_TOO_LARGE", "LIVEOPS_NO_SUCH_SCHEDULE", "LIVEOPS_STORE_FULL"],
  },
  resumeSchedule: {
    ...PATHS.resumeSchedule,
    tag: "schedules",
    summary: "Resume a schedule",
    description: "Its next run is the next time of the expression.",
    params: scheduleParams,
    body: noBody,
    replies: { 200: json(scheduleReply) },
    refusals: [VERSION, ...ENGINE, "LIVEOPS_TOO_LARGE", "LIVEOPS_NO_SUCH_SCHEDULE", "LIVEOPS_STORE_FULL"],
  },
  runSchedule: {
    ...PATHS.runSchedule,
    tag: "schedules",
    summary: "Run a schedule now",
    description: "Submits its operation at once. The times of the schedule do not change.",
    headers: { "Idempotency-Key": "1 to 255 characters; requests with the same key submit once" },
    params: scheduleParams,
    body: noBody,
    replies: { 201: json(operationSchema) },
    refusals: [
      VERSION,
      ...ENGINE,
      ...PLACE,
      "LIVEOPS_TOO_LARGE",
      "LIVEOPS_NO_SUCH_SCHEDULE",
      "LIVEOPS_NO_SUCH_TYPE",
      "LIVEOPS_NO_SUCH_OPERATION",
      "LIVEOPS_NO_SUCH_QUEUE",
      "LIVEOPS_PARAMS_INVALID",
      "LIVEOPS_KEY_REUSED",
      "LIVEOPS_QUEUE_FULL",
      "LIVEOPS_TYPE_FAULT",
      "LIVEOPS_STOPPING",
      "LIVEOPS_STORE_FULL",
    ],
  },
  retry: {
    ...PATHS.retry,
    tag: "operations",
    summary: "Retry a failed or cancelled operation",
    description: "Queues the operation again. A resumable operation may start from a stage.",
    params: id,
    body: retryBody,
    replies: { 200: json(operationSchema) },
    refusals: [
      VERSION,
      ...ENGINE,
      ...NOT_FOUND,
      "LIVEOPS_TOO_LARGE",
      "LIVEOPS_NO_SUCH_TYPE",
      "LIVEOPS_WRONG_STATE",
      "LIVEOPS_QUEUE_FULL",
      "LIVEOPS_RUN_FILES_UNREADABLE",
      "LIVEOPS_STOPPING",
      "LIVEOPS_STORE_FULL",
    ],
  },
  again: {
    ...PATHS.again,
    tag: "operations",
    summary: "Run a finished operation again",
    description:
      "Submits a new operation of the same type, with the same parameters, directory, environment, label and limits. " +
      "The finished operation does not change. A repeated request with the same Idempotency-Key gets status 200 and " +
      "the same operation.",
    headers: { "Idempotency-Key": "1 to 255 characters; requests with the same key and body submit once" },
    params: id,
    body: againBody,
    replies: { 201: json(operationSchema), 200: json(operationSchema) },
    refusals: [
      VERSION,
      ...ENGINE,
      ...PLACE,
      ...NOT_FOUND,
      "LIVEOPS_TOO_LARGE",
      "LIVEOPS_NO_SUCH_TYPE",
      "LIVEOPS_PARAMS_INVALID",
      "LIVEOPS_KEY_REUSED",
      "LIVEOPS_WRONG_STATE",
      "LIVEOPS_QUEUE_FULL",
      "LIVEOPS_TYPE_FAULT",
      "LIVEOPS_RUN_FILES_UNREADABLE",
      "LIVEOPS_STOPPING",
      "LIVEOPS_STORE_FULL",
    ],
  },
  hosts: {
    ...PATHS.hosts,
    tag: "hosts",
    summary: "List the hosts of the fleet",
    description: "All hosts with their state, slots and load. A daemon without a fleet lists itself.",
    replies: { 200: json(hostsReply) },
    refusals: [VERSION, ...ENGINE],
  },
  declareLost: {
    ...PATHS.declareLost,
    tag: "hosts",
    summary: "Declare a host lost",
    description:
      "Does not wait until the host counts as lost by itself. Its resumable operations are queued again, the others " +
      "fail with LIVEOPS_HOST_LOST. The reply lists all hosts.",
    params: hostParams,
    body: noBody,
    replies: { 200: json(hostsReply) },
    refusals: [VERSION, ...ENGINE, ...PLACE, "LIVEOPS_TOO_LARGE", "LIVEOPS_WRONG_STATE"],
  },
  drain: {
    ...PATHS.drain,
    tag: "hosts",
    summary: "Drain this host, or undo it",
    description:
      "No more operations start on this host; running operations continue. A restart of the daemon undoes it, except in a fleet. The " +
      "reply lists all hosts.",
    body: drainBody,
    replies: { 200: json(hostsReply) },
    refusals: [VERSION, ...ENGINE, "LIVEOPS_TOO_LARGE"],
  },
  watch: {
    ...PATHS.watch,
    tag: "streams",
    summary: "Watch changes of state",
    description: "A snapshot, then changes. A line may be applied twice; ignore unknown types and keys.",
    query: watchQuery,
    replies: { 200: ndjson(watchLine) },
    refusals: [VERSION, ...ENGINE, ...NOT_FOUND, "LIVEOPS_TOO_MANY_WATCHERS"],
  },
  types: {
    ...PATHS.types,
    tag: "types",
    summary: "List the operation types",
    description: "The types with the JSON Schema of their parameters, and the files that do not load.",
    replies: { 200: json(typesReply) },
    refusals: [VERSION],
  },
  history: {
    ...PATHS.history,
    tag: "types",
    summary: "Show the durations of a type",
    description:
      "Percentiles in seconds over the newest 100 succeeded runs, for the operation and for each stage; the newest " +
      "runs; the types that follow in a chain.",
    params: z.object({ op: z.string().check(z.describe("name of the operation type")) }),
    query: historyQuery,
    replies: { 200: json(historyReply) },
    refusals: [VERSION, ...ENGINE, "LIVEOPS_NO_SUCH_TYPE"],
  },
  forecast: {
    ...PATHS.forecast,
    tag: "operations",
    summary: "Forecast the start and end of live operations",
    description: "When each running and queued operation starts and ends, by the durations of earlier runs.",
    replies: { 200: json(forecastReply) },
    refusals: [VERSION],
  },
  daemon: {
    ...PATHS.daemon,
    tag: "daemon",
    summary: "Show the daemon",
    description: "Version, paths, counts, workers and problems. Clients of any version get a reply.",
    replies: { 200: json(daemonReply) },
    refusals: [],
  },
  backup: {
    ...PATHS.backup,
    tag: "daemon",
    summary: "Back up the state to a new directory",
    description: "A line of progress every half second; the last line is done or failed.",
    body: backupBody,
    replies: { 200: ndjson(backupLine) },
    refusals: [
      "LIVEOPS_TOO_LARGE",
      "LIVEOPS_BACKUP_TARGET",
      "LIVEOPS_BACKUP_RUNNING",
      "LIVEOPS_TOO_MANY_WATCHERS",
      "LIVEOPS_BACKUP_FAILED",
    ],
  },
  reload: {
    ...PATHS.reload,
    tag: "daemon",
    summary: "Read the config file again",
    description:
      "Applies what can change while the daemon runs, as SIGHUP does. An invalid file changes nothing: problem says where it " +
      "is wrong.",
    body: noBody,
    replies: { 200: json(reloadReply) },
    refusals: ["LIVEOPS_TOO_LARGE"],
  },
  stop: {
    ...PATHS.stop,
    tag: "daemon",
    summary: "Stop the daemon",
    description: "Running operations continue under the next daemon. With now, they are cancelled first.",
    body: stopBody,
    replies: { 200: json(stopReply) },
    refusals: ["LIVEOPS_TOO_LARGE", "LIVEOPS_STORE_FULL"],
  },
  openapi: {
    ...PATHS.openapi,
    tag: "daemon",
    summary: "Show this document",
    description: "The OpenAPI 3.1 document of all routes.",
    replies: { 200: json(z.record(z.string(), z.unknown())) },
    refusals: [VERSION],
  },
  metrics: {
    ...PATHS.metrics,
    tag: "daemon",
    summary: "Show the metrics",
    description:
      "The metrics of the daemon in the text format of Prometheus, version 0.0.4. Counting begins with the first " +
      "request, or with the start of a daemon that has --metrics.",
    replies: { 200: { "text/plain": z.string().check(z.describe("one sample per line")) } },
    refusals: [VERSION],
  },
});

export type { RouteName };
