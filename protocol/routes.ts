/**
 * The route table: every route of the daemon with the schemas of what it takes and answers.
 *
 * The daemon validates with these, `GET /openapi.json` is generated from them, and the client's types are inferred
 * from them. Only the daemon loads this module at run time; a client imports the types alone, so that a short
 * command does not pay for zod.
 */
import * as z from "zod/mini";
import type { RefusalCode } from "./errors.js";
import { operationSchema } from "./operation.js";
import { PATHS, type RouteName } from "./paths.js";
import { daemonReply, historyReply, logPage, operationPage, stopReply, typesReply } from "./replies.js";
import {
  backupBody,
  eventsQuery,
  listQuery,
  logQuery,
  noBody,
  retryBody,
  stopBody,
  submitRequest,
  watchQuery,
} from "./requests.js";
import { backupLine, eventLine, watchLine } from "./stream-lines.js";

const id = z.object({
  id: z.string().check(z.describe("the operation's id, or a unique prefix of 3 characters or more")),
});

/** Media types of the replies of a route, with the schema of each; of NDJSON, the schema of a line. */
export type Content = Readonly<
  Partial<Record<"application/json" | "text/plain" | "application/x-ndjson", z.ZodMiniType>>
>;

export interface Route {
  method: "GET" | "POST" | "DELETE";
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
  /** Codes of the errors that only some routes answer with. */
  refusals: readonly RefusalCode[];
}

/** Groups of routes. */
export const TAGS = {
  operations: "Submit, list, show, cancel, retry and remove operations.",
  streams: "State and events as they change, one JSON object a line.",
  types: "The operation types and how long they take.",
  daemon: "The daemon itself.",
} as const;

/** Errors that every route answers with. */
export const COMMON_REFUSALS = [
  "LIVEOPS_BAD_REQUEST",
  "LIVEOPS_INTERNAL",
  "LIVEOPS_TOO_MANY_CONNECTIONS",
] as const satisfies RefusalCode[];

const NOT_FOUND = ["LIVEOPS_NO_SUCH_OPERATION", "LIVEOPS_AMBIGUOUS_ID"] as const;
const VERSION = "LIVEOPS_VERSION";

const json = <S extends z.ZodMiniType>(schema: S) => ({ "application/json": schema });
const ndjson = <S extends z.ZodMiniType>(line: S) => ({ "application/x-ndjson": line });

const define = <const R extends Record<RouteName, Route>>(routes: R) => routes;

const submitReply = json(z.union([operationSchema, z.array(operationSchema)]));

/** Every route under its one name, which the client's method carries too. */
export const ROUTES = define({
  submit: {
    ...PATHS.submit,
    tag: "operations",
    summary: "Submit an operation, or several",
    description:
      "Answered once the operation is on disk. An array is recorded in one write, all of it or none. " +
      "With an Idempotency-Key the same request is answered 200 with the same operation.",
    headers: { "Idempotency-Key": "1 to 255 characters; the same key and body submit once" },
    body: submitRequest,
    replies: { 201: submitReply, 200: submitReply },
    refusals: [
      VERSION,
      "LIVEOPS_TOO_LARGE",
      "LIVEOPS_NO_SUCH_TYPE",
      "LIVEOPS_NO_SUCH_OPERATION",
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
    description: "Newest first, in pages. Large values are left out and named in omitted.",
    query: listQuery,
    replies: { 200: json(operationPage) },
    refusals: [VERSION],
  },
  show: {
    ...PATHS.show,
    tag: "operations",
    summary: "Show an operation",
    description: "The whole record, with its large values.",
    params: id,
    replies: { 200: json(operationSchema) },
    refusals: [VERSION, ...NOT_FOUND],
  },
  remove: {
    ...PATHS.remove,
    tag: "operations",
    summary: "Remove a finished operation",
    description: "Removes the operation with its log, events and stage values. The reply is the last record.",
    params: id,
    replies: { 200: json(operationSchema) },
    refusals: [VERSION, ...NOT_FOUND, "LIVEOPS_WRONG_STATE", "LIVEOPS_STORE_FULL"],
  },
  log: {
    ...PATHS.log,
    tag: "operations",
    summary: "Read the log of an operation",
    description:
      "Pages of lines; with Accept: text/plain their text alone. With a filter a page is read from about " +
      "8 MiB of the log, and may be empty while next is not null.",
    headers: { Accept: "text/plain: the text of the lines, without numbers" },
    params: id,
    query: logQuery,
    replies: {
      200: { ...json(logPage), "text/plain": z.string().check(z.describe("a line of text a log line")) },
    },
    refusals: [VERSION, ...NOT_FOUND, "LIVEOPS_RUN_FILES_UNREADABLE"],
  },
  events: {
    ...PATHS.events,
    tag: "streams",
    summary: "Read the events of an operation",
    description: "The stored events of all attempts in the order of seq; with follow until it finishes.",
    params: id,
    query: eventsQuery,
    replies: { 200: ndjson(eventLine) },
    refusals: [VERSION, ...NOT_FOUND, "LIVEOPS_TOO_MANY_WATCHERS", "LIVEOPS_RUN_FILES_UNREADABLE"],
  },
  cancel: {
    ...PATHS.cancel,
    tag: "operations",
    summary: "Cancel an operation",
    description: "Answered once the request is on disk. A running operation stops when it can.",
    params: id,
    body: noBody,
    replies: { 200: json(operationSchema) },
    refusals: [VERSION, ...NOT_FOUND, "LIVEOPS_TOO_LARGE", "LIVEOPS_WRONG_STATE", "LIVEOPS_STORE_FULL"],
  },
  retry: {
    ...PATHS.retry,
    tag: "operations",
    summary: "Run a failed or cancelled operation again",
    description: "Queues the operation again; a resumable one may start from a stage.",
    params: id,
    body: retryBody,
    replies: { 200: json(operationSchema) },
    refusals: [
      VERSION,
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
  watch: {
    ...PATHS.watch,
    tag: "streams",
    summary: "Watch state as it changes",
    description: "A snapshot, then changes. Lines may be applied twice; ignore unknown types and keys.",
    query: watchQuery,
    replies: { 200: ndjson(watchLine) },
    refusals: [VERSION, ...NOT_FOUND, "LIVEOPS_TOO_MANY_WATCHERS"],
  },
  types: {
    ...PATHS.types,
    tag: "types",
    summary: "List the operation types",
    description: "The types with the JSON Schemas of their parameters, and the files that do not load.",
    replies: { 200: json(typesReply) },
    refusals: [VERSION],
  },
  history: {
    ...PATHS.history,
    tag: "types",
    summary: "Show how long a type takes",
    description: "Percentiles in seconds over the newest 100 succeeded runs, of the whole and of each stage.",
    params: z.object({ op: z.string().check(z.describe("the operation type's name")) }),
    replies: { 200: json(historyReply) },
    refusals: [VERSION, "LIVEOPS_NO_SUCH_TYPE"],
  },
  daemon: {
    ...PATHS.daemon,
    tag: "daemon",
    summary: "Show the daemon",
    description: "Its version, places, counts, workers and problems. Answered to clients of any version.",
    replies: { 200: json(daemonReply) },
    refusals: [],
  },
  backup: {
    ...PATHS.backup,
    tag: "daemon",
    summary: "Copy the state into a new directory",
    description: "A line of progress each half second, then the last line: done or failed.",
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
  stop: {
    ...PATHS.stop,
    tag: "daemon",
    summary: "Stop the daemon",
    description: "Running operations continue under the next daemon; with now they are cancelled first.",
    body: stopBody,
    replies: { 200: json(stopReply) },
    refusals: ["LIVEOPS_TOO_LARGE", "LIVEOPS_STORE_FULL"],
  },
  openapi: {
    ...PATHS.openapi,
    tag: "daemon",
    summary: "Show this document",
    description: "OpenAPI 3.1 of every route.",
    replies: { 200: json(z.record(z.string(), z.unknown())) },
    refusals: [VERSION],
  },
});

export type { RouteName };
