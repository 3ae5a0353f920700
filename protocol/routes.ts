/**
 * The route table: every route of the daemon with the schemas of what it takes and answers.
 *
 * The daemon validates with these, `GET /openapi.json` is generated from them, and the client's types are inferred
 * from them. Only the daemon loads this module at run time; a client imports the types alone, so that a short
 * command does not pay for zod.
 */
import * as z from "zod/mini";
import { MAX_BATCH, MAX_CWD, MAX_LABEL } from "./limits.js";
import { limitShapes, operationSchema } from "./operation.js";
import { PATHS } from "./paths.js";
import {
  daemonReply,
  historyReply,
  logPage,
  operationPage,
  type operationTypeSchema,
  stopReply,
  typesReply,
} from "./replies.js";
import { STATES } from "./state.js";

/** Upper bound of a page. */
export const MAX_PAGE = 1000;

/** Of no words at all: as if it were not given. */
const commaList = <T extends z.ZodMiniType>(item: T) =>
  z.optional(
    z.pipe(
      z.transform((value) => (typeof value === "string" ? wordsOf(value) : value)),
      z.optional(z.array(item)),
    ),
  );
const wordsOf = (text: string) => (/[^,]/.test(text) ? text.split(",").filter(Boolean) : undefined);
const count = z.coerce.number().check(z.int(), z.gte(0));
const flag = z.pipe(
  z.transform((value) =>
    value === "1" || value === "true" ? true : value === "0" || value === "false" ? false : value,
  ),
  z.boolean(),
);

/** No half of a surrogate pair: the system would get another character for it. */
const WELL_FORMED = /^\P{Cs}*$/u;

export const submitBody = z.strictObject({
  op: z.string().check(z.minLength(1), z.describe("name of the operation type")),
  params: z.optional(z.record(z.string(), z.unknown())),
  set: z.optional(z.array(z.string())).check(z.describe("words name=value, read against the type's schema")),
  label: z.optional(z.string().check(z.maxLength(MAX_LABEL))),
  cwd: z.optional(
    z
      .string()
      .check(
        z.maxLength(MAX_CWD),
        z.regex(/^\/[^\0]*$/, "must be an absolute path"),
        z.regex(WELL_FORMED, "must be valid Unicode"),
      ),
  ),
  env: z.optional(
    z.record(
      z.string().check(
        z.regex(/^[^=\0]+$/, "a variable's name must not be empty, nor hold = or a null character"),
        z.regex(WELL_FORMED, "a variable's name must be valid Unicode"),
        // The daemon finds what an operation started by it.
        z.regex(/^(?!LIVEOPS_WORKER$)/, "LIVEOPS_WORKER is set by liveops alone: leave it out"),
      ),
      z
        .string()
        .check(
          z.regex(/^[^\0]*$/, "must not hold a null character"),
          z.regex(WELL_FORMED, "must be valid Unicode"),
        ),
    ),
  ),
  ...limitShapes,
});

/** One operation, or several that are recorded together or not at all. */
export const submitRequest = z.union([
  submitBody,
  z.array(submitBody).check(z.minLength(1), z.maxLength(MAX_BATCH)),
]);

export const listQuery = z.object({
  state: commaList(z.enum(STATES)),
  op: z.optional(z.string()),
  chain: z.optional(z.string()),
  q: z.optional(z.string()).check(z.describe("text in id, type, title or label")),
  limit: z._default(count.check(z.lte(MAX_PAGE)), 50),
  before: z.optional(z.string()).check(z.describe("the opaque next of an earlier page")),
});

export const logQuery = z.object({
  after: z.optional(count).check(z.describe("lines numbered above this, oldest first")),
  before: z
    .optional(z.coerce.number().check(z.int(), z.gte(1)))
    .check(z.describe("the last lines numbered below this")),
  tail: z.optional(count).check(z.describe("the last so many lines")),
  limit: z._default(count.check(z.lte(10_000)), MAX_PAGE),
  match: z.optional(z.string()).check(z.describe("text in the line, case-insensitive")),
  stage: z.optional(z.string()),
  stream: z.optional(z.enum(["log", "stdout", "stderr", "liveops"])),
});

export const eventsQuery = z.object({
  after: z._default(count, 0).check(z.describe("facts numbered above this")),
  follow: z._default(flag, false).check(z.describe("until settled")),
  log: z._default(flag, false).check(z.describe("log lines among the facts")),
});

export const watchQuery = z.object({
  operation: z.optional(z.string()),
  follow: z.optional(z.literal("chain")),
  log: z._default(flag, false),
  logAfter: z._default(count, 0),
  since: z.optional(z.string()),
  state: commaList(z.enum(STATES)),
  op: z.optional(z.string()),
  limit: z._default(count.check(z.lte(MAX_PAGE)), 200),
});

export const retryBody = z.strictObject({
  from: z.optional(z.string()).check(z.describe("forget this stage's stored value and all that follow")),
});

export const stopBody = z.strictObject({
  now: z._default(z.boolean(), false).check(z.describe("cancel running operations first")),
});

export const backupBody = z.strictObject({
  dir: z.string().check(z.regex(/^\/[^\0]*$/, "must be an absolute path"), z.describe("a new directory")),
});

const noBody = z.strictObject({});

const id = z.object({ id: z.string() });

export interface Route {
  method: "GET" | "POST" | "DELETE";
  path: string;
  /** Of what it answers where nothing is wrong. */
  status: number;
  /** Whether it takes path parameters, a query or a body. */
  takes: boolean;
  summary: string;
  params?: z.ZodMiniObject;
  query?: z.ZodMiniObject;
  body?: z.ZodMiniType;
  /** Absent for a stream of NDJSON. */
  reply?: z.ZodMiniType;
}

const define = <const R extends Record<string, Route>>(routes: R) => routes;

/** Every route under its one name, which the client's method carries too. */
export const ROUTES = define({
  submit: {
    ...PATHS.submit,
    summary: "Submit an operation, or an array of them as one; answered once durable",
    body: submitRequest,
    reply: z.union([operationSchema, z.array(operationSchema)]),
  },
  list: {
    ...PATHS.list,
    summary: "Operations, newest first",
    query: listQuery,
    reply: operationPage,
  },
  show: {
    ...PATHS.show,
    summary: "One operation",
    params: id,
    reply: operationSchema,
  },
  remove: {
    ...PATHS.remove,
    summary: "Remove a finished operation",
    params: id,
    reply: operationSchema,
  },
  log: {
    ...PATHS.log,
    summary: "Log lines; text/plain on Accept; with a filter it looks through about 8 MiB at a time",
    params: id,
    query: logQuery,
    reply: logPage,
  },
  events: {
    ...PATHS.events,
    summary: "Stored facts of all attempts as NDJSON",
    params: id,
    query: eventsQuery,
  },
  cancel: {
    ...PATHS.cancel,
    summary: "Ask an operation to stop; answered once it is recorded",
    params: id,
    body: noBody,
    reply: operationSchema,
  },
  retry: {
    ...PATHS.retry,
    summary: "Run a failed or cancelled operation again",
    params: id,
    body: retryBody,
    reply: operationSchema,
  },
  watch: {
    ...PATHS.watch,
    summary: "State as it changes, as NDJSON",
    query: watchQuery,
  },
  types: {
    ...PATHS.types,
    summary: "Operation types with their schemas and load errors",
    reply: typesReply,
  },
  history: {
    ...PATHS.history,
    summary: "How long succeeded runs of a type took, in seconds",
    params: z.object({ op: z.string() }),
    reply: historyReply,
  },
  daemon: { ...PATHS.daemon, summary: "The daemon", reply: daemonReply },
  backup: {
    ...PATHS.backup,
    summary: "Copy the state into a new directory; progress and the end as NDJSON",
    body: backupBody,
  },
  stop: {
    ...PATHS.stop,
    summary: "Stop the daemon",
    body: stopBody,
    reply: stopReply,
  },
});

export type RouteName = keyof typeof ROUTES;
export type SubmitBody = z.input<typeof submitBody>;
export type ListQuery = z.input<typeof listQuery>;
export type LogQuery = z.input<typeof logQuery>;
export type EventsQuery = z.input<typeof eventsQuery>;
export type OperationPage = z.infer<typeof operationPage>;
export type LogPage = z.infer<typeof logPage>;
export type OperationType = z.infer<typeof operationTypeSchema>;
export type TypesReply = z.infer<typeof typesReply>;
export type HistoryReply = z.infer<typeof historyReply>;
export type DaemonReply = z.infer<typeof daemonReply>;
export type StopReply = z.infer<typeof stopReply>;
