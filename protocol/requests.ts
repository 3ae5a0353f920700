/** The request bodies and queries of the routes, as schemas and types. */
import * as z from "zod/mini";
import { RESERVED_VARIABLES } from "./environment.js";
import { MAX_AFTER, MAX_BATCH, MAX_CWD, MAX_LABEL, MAX_PRIORITY, MAX_SELECTED } from "./limits.js";
import { hooksSchema, hostNameSchema, limitShapes, tagsSchema } from "./operation.js";
import { STATES } from "./state.js";
import { OP_PATTERN } from "./type-names.js";

/** Most operations or log lines in a page. */
const MAX_PAGE = 1000;

/** A comma-separated list. A text without any item counts as absent. */
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

/** Rejects lone surrogates, because the system replaces them with another character. */
const WELL_FORMED = /^\P{Cs}*$/u;

const cwd = z
  .string()
  .check(
    z.maxLength(MAX_CWD),
    z.regex(/^\/[^\0]*$/, "must be an absolute path"),
    z.regex(WELL_FORMED, "must be valid Unicode"),
  );

const variableName = z.string().check(
  z.regex(/^[^=\0]+$/, "the name of a variable must not be empty or contain = or a null character"),
  z.regex(WELL_FORMED, "the name of a variable must be valid Unicode"),
  // Marks by which the daemon finds the processes of an operation, and what it sets for them.
  z.regex(
    new RegExp(`^(?!(?:${RESERVED_VARIABLES.join("|")})$)`),
    "the name is reserved for liveops: leave it out",
  ),
);

const variableValue = z
  .string()
  .check(
    z.regex(/^[^\0]*$/, "must not contain a null character"),
    z.regex(WELL_FORMED, "must be valid Unicode"),
  );

const queueName = z
  .string()
  .check(
    z.maxLength(64),
    z.regex(OP_PATTERN, "must be a name of lower-case letters, digits and -, such as gpu"),
  );

const priority = z.int().check(z.gte(-MAX_PRIORITY), z.lte(MAX_PRIORITY));

const dependencies = z.array(z.string().check(z.minLength(1))).check(z.maxLength(MAX_AFTER));

/** Most characters of the value of a secret. */
const MAX_SECRET = 64 * 1024;

const secrets = z
  .record(
    z.string().check(z.regex(/^(?:env|prompt):/, "must be env:NAME or prompt:NAME")),
    variableValue.check(z.maxLength(MAX_SECRET)),
  )
  .check(
    z.describe(
      "values of secret parameters, by their reference such as env:TOKEN; kept in memory and never stored",
    ),
  );

const label = z.string().check(z.maxLength(MAX_LABEL));

const host = z.optional(hostNameSchema).check(z.describe("only operations that this host runs, or ran last"));

export const submitBody = z.strictObject({
  op: z.string().check(z.minLength(1), z.describe("name of the operation type")),
  params: z.optional(z.record(z.string(), z.unknown())).check(z.describe("parameters of the type")),
  set: z
    .optional(z.array(z.string()))
    .check(z.describe("name=value arguments, parsed with the schema of the type")),
  label: z.optional(label),
  cwd: z.optional(cwd),
  env: z.optional(z.record(variableName, variableValue)),
  secrets: z.optional(secrets),
  queue: z
    .optional(queueName)
    .check(z.describe("queue of the operation; default: that of its type, otherwise the default queue")),
  priority: z.optional(priority).check(z.describe("higher first in its queue; default 0")),
  after: z
    .optional(dependencies)
    .check(z.describe("ids of operations whose chains must succeed before this operation starts")),
  afterAny: z
    .optional(dependencies)
    .check(z.describe("ids of operations whose chains must finish before this operation starts")),
  notBefore: z
    .optional(z.iso.datetime({ offset: true }))
    .check(z.describe("time before which the operation does not start")),
  on: z.optional(hostNameSchema).check(z.describe("the only host that may run the operation")),
  tags: z.optional(tagsSchema).check(z.describe("tags that a host must have to run the operation")),
  ifAbsent: z
    .optional(z.literal(true))
    .check(
      z.describe(
        "do not submit while an operation with this label is queued or running: the reply is that operation, with status 200; not in a batch",
      ),
    ),
  hooks: z
    .optional(hooksSchema)
    .check(z.describe("commands for sh -c that run when the chain has finished, or the operation stalls")),
  ...limitShapes,
});

/** One operation, or several that are recorded all or none. */
export const submitRequest = z.union([
  submitBody,
  z.array(submitBody).check(z.minLength(1), z.maxLength(MAX_BATCH)),
]);

export const listQuery = z.object({
  state: commaList(z.enum(STATES)),
  op: z.optional(z.string()),
  chain: z.optional(z.string()),
  host,
  q: z.optional(z.string()).check(z.describe("text to find in the id, type, title or label")),
  limit: z._default(count.check(z.lte(MAX_PAGE)), 50),
  order: z._default(z.enum(["newest", "oldest"]), "newest"),
  before: z
    .optional(z.string())
    .check(
      z.describe(
        "next of the previous page (opaque); with the other order, its previous: what comes before that page",
      ),
    ),
  finishedAfter: z
    .optional(z.string())
    .check(z.describe("cursor of an earlier page (opaque): only operations that finished after that page")),
  finishedSince: z
    .optional(z.iso.datetime({ offset: true }))
    .check(z.describe("only operations that finished at this time or later")),
});

export const historyQuery = z.object({
  key: z
    .optional(z.string())
    .check(z.describe("only runs with this historyKey; without it, all runs of the type")),
});

export const logQuery = z.object({
  after: z.optional(count).check(z.describe("lines with a greater number, oldest first")),
  before: z
    .optional(z.coerce.number().check(z.int(), z.gte(1)))
    .check(z.describe("the last lines with a smaller number")),
  tail: z.optional(count).check(z.describe("this many lines from the end")),
  limit: z._default(count.check(z.lte(10_000)), MAX_PAGE),
  match: z.optional(z.string()).check(z.describe("text to find in the line, case-insensitive")),
  stage: z.optional(z.string()),
  stream: z.optional(z.enum(["log", "stdout", "stderr", "liveops"])),
});

export const eventsQuery = z.object({
  after: z._default(count, 0).check(z.describe("events with a greater number")),
  follow: z._default(flag, false).check(z.describe("keep the stream open until the operation finishes")),
  log: z._default(flag, false).check(z.describe("include log lines")),
});

export const watchQuery = z.object({
  operation: z
    .optional(z.string())
    .check(z.describe("id or prefix of one operation; the stream ends when the operation finishes")),
  follow: z.optional(z.literal("chain")).check(z.describe("continue with the next operation of the chain")),
  log: z._default(flag, false).check(z.describe("include log lines")),
  logAfter: z._default(count, 0).check(z.describe("number of the last log line that the client holds")),
  since: z.optional(z.string()).check(z.describe("cursor of the last line that the client received")),
  state: commaList(z.enum(STATES)),
  op: z.optional(z.string()),
  host,
  limit: z
    ._default(count.check(z.lte(MAX_PAGE)), 200)
    .check(z.describe("number of newest finished operations")),
});

const side = z.int().check(z.gte(1), z.lte(1000));

export const retryBody = z.strictObject({
  from: z
    .optional(z.string())
    .check(z.describe("stage to start from; its stored value and those of later stages are deleted")),
  current: z
    .optional(z.boolean())
    .check(z.describe("run the present text of the pipeline file, not the text of the submit")),
  secrets: z.optional(secrets),
});

/** What one request acts on: ids, or all operations that have what the other keys say. */
const selection = {
  ids: z
    .optional(z.array(z.string().check(z.minLength(1))).check(z.minLength(1), z.maxLength(MAX_SELECTED)))
    .check(z.describe("ids, or unique prefixes of 3 or more characters; without the other keys")),
  all: z.optional(z.literal(true)).check(z.describe("all operations in the states of the request")),
  state: z.optional(z.array(z.enum(STATES)).check(z.minLength(1))).check(z.describe("only in these states")),
  op: z.optional(z.string()).check(z.describe("only of this type")),
  label: z.optional(z.string()).check(z.describe("only with this label")),
  queue: z.optional(z.string()).check(z.describe("only of this queue")),
  olderThan: z
    .optional(z.number().check(z.gte(0)))
    .check(z.describe("only those that finished, or were submitted if they are live, this many seconds ago")),
  host,
};

export const selectionBody = z.strictObject(selection);

export const retrySelectionBody = z.strictObject({ ...selection, ...retryBody.shape });

/** Where a changed operation may run. */
const newPlace = {
  on: z
    .optional(z.nullable(hostNameSchema))
    .check(z.describe("the only host that may run the operation; null: any host")),
  tags: z
    .optional(tagsSchema)
    .check(z.describe("all tags that a host must have to run the operation; empty: none")),
};

export const againBody = z.strictObject({
  params: z
    .optional(z.record(z.string(), z.unknown()))
    .check(z.describe("parameters in place of all those of the operation")),
  set: z
    .optional(z.array(z.string()))
    .check(z.describe("name=value arguments; each replaces one parameter, a list as a whole")),
  label: z.optional(z.string().check(z.maxLength(MAX_LABEL))),
  cwd: z.optional(cwd),
  env: z
    .optional(z.record(variableName, z.nullable(variableValue)))
    .check(z.describe("variables to set; null removes one")),
  queue: z.optional(queueName),
  priority: z.optional(priority),
  ...newPlace,
  chain: z
    .optional(z.boolean())
    .check(z.describe("begin at the first operation of the chain, not at this operation")),
  secrets: z.optional(secrets),
});

/** Every key is optional; a key that is absent changes nothing. */
export const editBody = z.strictObject({
  params: z
    .optional(z.record(z.string(), z.unknown()))
    .check(z.describe("all parameters anew; without this key, set changes the present ones")),
  set: z.optional(z.array(z.string())).check(z.describe("name=value arguments that override the parameters")),
  secrets: z.optional(secrets),
  label: z.optional(z.nullable(label)).check(z.describe("null: no label")),
  cwd: z.optional(cwd),
  env: z
    .optional(z.record(variableName, z.nullable(variableValue)))
    .check(z.describe("variables to set; null removes one")),
  queue: z.optional(queueName).check(z.describe("move to this queue")),
  priority: z.optional(priority).check(z.describe("higher first in its queue")),
  top: z
    .optional(z.literal(true))
    .check(z.describe("next in its queue: a higher priority than all others there")),
  notBefore: z
    .optional(z.nullable(z.iso.datetime({ offset: true })))
    .check(z.describe("time before which the operation does not start; null: as soon as it can")),
  ...newPlace,
});

export const scheduleBody = z.strictObject({
  name: queueName.check(z.describe("name of the schedule: lower-case letters, digits and -")),
  cron: z
    .string()
    .check(
      z.minLength(1),
      z.maxLength(200),
      z.describe(
        'five fields, "minute hour day month weekday", or @hourly, @daily, @weekly, @monthly, @yearly',
      ),
    ),
  zone: z
    .optional(z.string().check(z.minLength(1), z.maxLength(100)))
    .check(z.describe("time zone, such as Europe/Berlin; default: that of the daemon")),
  jitter: z
    .optional(z.number().check(z.gte(0), z.lte(86_400)))
    .check(z.describe("most seconds by which a run is put off; default 0")),
  overlap: z
    .optional(z.enum(["skip", "queue", "replace"]))
    .check(
      z.describe(
        "if the operation of the run before is not finished: skip the run (default), queue another, or cancel that one",
      ),
    ),
  catchup: z
    .optional(z.enum(["none", "last", "all"]))
    .check(
      z.describe("runs that were due while no daemon ran: none (default), the last, or all, at most 100"),
    ),
  operation: submitBody.check(z.describe("what each run submits")),
  file: z
    .optional(cwd)
    .check(
      z.describe(
        "pipeline file that each run reads, in the place of text and path of the type pipeline; absent: operation is submitted as it is",
      ),
    ),
  replace: z
    .optional(z.boolean())
    .check(
      z.describe("replace the schedule of this name, if there is one; it stays paused, and past runs count"),
    ),
});

export const scheduleParams = z.object({ schedule: z.string() });

export const queueBody = z.strictObject({
  concurrency: z
    .nullable(z.int().check(z.gte(1), z.lte(10_000)))
    .check(
      z.describe(
        "operations of the queue that may run at the same time; null: as in the config file, without what an earlier request has set",
      ),
    ),
});

export const pauseQueueBody = z.strictObject({
  queue: z.optional(queueName).check(z.describe("one queue; without this key, all queues")),
});

export const queueParams = z.object({ queue: queueName });

export const hostParams = z.object({ host: hostNameSchema });

export const drainBody = z.strictObject({
  draining: z
    .boolean()
    .check(z.describe("true: no more operations start on this host; false: they start again")),
});

export const stopBody = z.strictObject({
  now: z._default(z.boolean(), false).check(z.describe("cancel running operations first")),
});

export const backupBody = z.strictObject({
  dir: z.string().check(z.regex(/^\/[^\0]*$/, "must be an absolute path"), z.describe("a new directory")),
});

export const inputBody = z.strictObject({
  text: z.optional(z.string()).check(z.describe("text to type; \\r is the Enter key")),
  data: z
    .optional(z.base64())
    .check(z.describe("bytes to type, in Base64, for keys that are not UTF-8; typed after text")),
  size: z
    .optional(z.object({ columns: side, rows: side }))
    .check(z.describe("new size of the terminal; the last size counts")),
});

export const noBody = z.strictObject({});

export type SubmitBody = z.input<typeof submitBody>;
export type RetryBody = z.input<typeof retryBody>;
export type SelectionBody = z.input<typeof selectionBody>;
export type RetrySelectionBody = z.input<typeof retrySelectionBody>;
export type AgainBody = z.input<typeof againBody>;
export type ScheduleBody = z.input<typeof scheduleBody>;
export type InputBody = z.input<typeof inputBody>;
export type EditBody = z.input<typeof editBody>;
export type ListQuery = QueryOf<typeof listQuery>;
export type LogQuery = QueryOf<typeof logQuery>;

/** What a client gives: a query before it is text, without its defaults. */
type QueryOf<S extends z.ZodMiniType> = Partial<z.output<S>>;
