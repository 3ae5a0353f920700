/** The request bodies and queries of the routes, as schemas and types. */
import * as z from "zod/mini";
import { hostName } from "./host-names.js";
import { MAX_BATCH, MAX_DONE, MAX_SELECTED } from "./limits.js";
import { parentSchema } from "./operation.js";
import { doc } from "./schema/doc.js";
import { bodyShape } from "./schema/submit-shape.js";
import { ZOD } from "./schema/zod.js";
import { STATES } from "./state.js";
import { directory, queueName, word } from "./submit-fields.js";

/** Most operations or log lines in a page. */
export const MAX_PAGE = 1000;

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
const FLAGS = new Map<unknown, boolean>([
  ["1", true],
  ["true", true],
  ["0", false],
  ["false", false],
]);
const flag = z.pipe(
  z.transform((value) => FLAGS.get(value) ?? value),
  z.boolean(),
);

const cwd = directory(ZOD);
const hostNameSchema = hostName(ZOD);
const queue = queueName(ZOD);

const submitShape = bodyShape("submit");
const { secrets } = submitShape;

export const submitBody = z.strictObject({
  op: doc(z.string().check(z.minLength(1)), "name of the operation type"),
  ...submitShape,
});

/** One operation, or several that are recorded all or none. */
export const submitRequest = z.union([
  submitBody,
  z.array(submitBody).check(z.minLength(1), z.maxLength(MAX_BATCH)),
]);

/**
 * An operation that begins inside of a running one. What is absent is that of its type, or else of
 * the parent.
 */
export const childBody = z.extend(
  z.pick(submitBody, { op: true, params: true, set: true, queue: true, cwd: true, env: true }),
  {
    parent: doc(z.omit(parentSchema, { id: true }), "where it begins"),
    again: doc(
      z.optional(z.boolean()),
      "the one that failed there runs again, from its failed stage",
    ),
  },
);

export const listQuery = z.object({
  state: commaList(z.enum(STATES)),
  op: z.optional(z.string()),
  chain: z.optional(z.string()),
  parent: doc(
    z.optional(z.string()),
    "only operations inside of the operation with this id; `none`: only those inside of no other one; `any`: only those inside of another one",
  ),
  session: doc(z.optional(z.string()), "only operations that this session submitted"),
  here: doc(z.optional(cwd), "only operations that were submitted in this directory or below"),
  q: doc(z.optional(z.string()), "text to find in the id, type, title or label"),
  limit: z._default(count.check(z.lte(MAX_PAGE)), 50),
  order: z._default(z.enum(["newest", "oldest"]), "newest"),
  before: doc(
    z.optional(z.string()),
    "next of the previous page (opaque); with the other order, its previous: what comes before that page",
  ),
  finishedAfter: doc(
    z.optional(z.string()),
    "cursor of an earlier page (opaque): only operations that finished after that page",
  ),
  finishedSince: doc(
    z.optional(z.iso.datetime({ offset: true })),
    "only operations that finished at this time or later",
  ),
});

export const historyQuery = z.object({
  key: doc(
    z.optional(z.string()),
    "only runs with this history key; without it, all runs of the type",
  ),
});

export const logQuery = z.object({
  after: doc(z.optional(count), "lines with a greater number, oldest first"),
  before: doc(
    z.optional(z.coerce.number().check(z.int(), z.gte(1))),
    "the last lines with a smaller number",
  ),
  tail: doc(z.optional(count), "this many lines from the end"),
  limit: doc(
    z.optional(count.check(z.lte(10_000))),
    `most lines; without it ${MAX_PAGE}, or as plain text, all`,
  ),
  match: doc(z.optional(z.string()), "text to find in the line, case-insensitive"),
  stage: z.optional(z.string()),
  step: doc(z.optional(z.string()), "name of a step of a stage"),
  stream: z.optional(z.enum(["log", "stdout", "stderr", "liveops"])),
});

export const eventsQuery = z.object({
  after: doc(z._default(count, 0), "events with a greater number"),
  follow: doc(z._default(flag, false), "keep the stream open until the operation finishes"),
  log: doc(z._default(flag, false), "include log lines"),
});

export const whyQuery = z.object({
  partial: doc(
    z._default(flag, false),
    "reply at once; `pending` tells whether more is being found out",
  ),
});

export const watchQuery = z.object({
  operation: doc(
    z.optional(z.string()),
    "id or prefix of one operation; the stream ends when the operation finishes",
  ),
  follow: doc(z.optional(z.literal("chain")), "continue with the next operation of the chain"),
  waits: doc(
    commaList(z.string()),
    "ids of the operations for whose end the client waits, where it runs inside of an operation (header `Liveops-Within`); `operation` is one of them anyway",
  ),
  log: doc(z._default(flag, false), "include log lines"),
  logAfter: doc(z._default(count, 0), "number of the last log line that the client holds"),
  state: commaList(z.enum(STATES)),
  op: z.optional(z.string()),
  parent: doc(
    z.optional(z.literal("none")),
    "`none`: leave out finished operations inside of another one; those that run are part of what the outer one shows",
  ),
  limit: doc(z._default(count.check(z.lte(MAX_PAGE)), 200), "number of newest finished operations"),
  histories: doc(z._default(flag, false), "include the histories of what runs (`history` lines)"),
});

const side = z.int().check(z.gte(1), z.lte(1000));

/** What a retry of several operations takes, too. */
const retryShape = {
  from: doc(
    z.optional(z.string()),
    "stage to start from, or `Stage/step`; its stored value and those of later stages are deleted",
  ),
  current: doc(
    z.optional(z.boolean()),
    "run the present text of the pipeline file, not the text of the submit",
  ),
  secrets,
};

/** Most characters of an output that a person gives: that of a command is no longer. */
const MAX_OUTPUT = 64 * 1024;

export const retryBody = z.strictObject({
  ...retryShape,
  done: doc(
    z.optional(
      z
        .array(
          z.strictObject({
            stage: doc(z.string().check(z.minLength(1)), "a stage, or `Stage/step`"),
            outputs: doc(
              z.optional(
                z.record(
                  z
                    .string()
                    .check(
                      z.regex(
                        /^[A-Za-z_][A-Za-z0-9_]*$/,
                        "the name of an output has letters, digits and _",
                      ),
                    ),
                  word(ZOD).check(z.maxLength(MAX_OUTPUT)),
                ),
              ),
              "its outputs by name; of a type in code, this object is the value of the stage",
            ),
          }),
        )
        .check(z.minLength(1), z.maxLength(MAX_DONE)),
    ),
    "stages and steps that a person has done by hand: the next attempt takes them as done",
  ),
  keepsQuestions: doc(
    z.optional(z.boolean()),
    "for an agent: refuse what would take away a question to a person (`approve`)",
  ),
  params: doc(z.optional(z.record(z.string(), z.unknown())), "all parameters anew"),
  set: doc(
    z.optional(z.array(z.string())),
    "name=value arguments that override the parameters; stages that are done run again where parameters change",
  ),
});

const since = doc(
  z.optional(z.iso.datetime()),
  "`since` of the question that the person has seen; refused where another question waits meanwhile",
);

export const approveBody = z.strictObject({
  choice: doc(
    z.optional(z.string()),
    "one of the choices; `no` rejects. Default: the only choice besides `no`",
  ),
  since,
});

export const rejectBody = z.strictObject({ since });

/** What one request acts on: ids, or all operations that have what the other keys say. */
const selection = {
  ids: doc(
    z.optional(
      z.array(z.string().check(z.minLength(1))).check(z.minLength(1), z.maxLength(MAX_SELECTED)),
    ),
    "ids, unique prefixes of 3 or more characters, or labels; without the other keys",
  ),
  all: doc(z.optional(z.literal(true)), "all operations in the states of the request"),
  state: doc(z.optional(z.array(z.enum(STATES)).check(z.minLength(1))), "only in these states"),
  op: doc(z.optional(z.string()), "only of this type"),
  label: doc(z.optional(z.string()), "only with this label"),
  session: doc(z.optional(z.string()), "only of this session"),
  olderThan: doc(
    z.optional(z.number().check(z.gte(0))),
    "only those that finished, or were submitted if they are live, this many seconds ago",
  ),
};

export const selectionBody = z.strictObject(selection);

export const retrySelectionBody = z.strictObject({ ...selection, ...retryShape });

export const againBody = z.strictObject({
  ...bodyShape("again"),
  secrets,
});

/** Every key is optional; a key that is absent changes nothing. */
export const editBody = z.strictObject(bodyShape("edit"));

export const scheduleBody = z.strictObject({
  name: doc(queue, "name of the schedule: lower-case letters, digits and -"),
  cron: doc(
    z.string().check(z.minLength(1), z.maxLength(200)),
    'five fields, "minute hour day month weekday", or @hourly, @daily, @weekly, @monthly, @yearly',
  ),
  zone: doc(
    z.optional(z.string().check(z.minLength(1), z.maxLength(100))),
    "time zone, such as Europe/Berlin; default: that of the daemon",
  ),
  catchup: doc(
    z.optional(z.enum(["none", "last"])),
    "which of the runs is made up for that were due while no daemon ran: none, or the last (default)",
  ),
  operation: doc(submitBody, "what each run submits"),
  file: doc(
    z.optional(cwd),
    "pipeline file that each run reads, in the place of text and path of the type pipeline; absent: operation is submitted as it is",
  ),
});

export const sessionParams = z.object({ session: z.string().check(z.minLength(1)) });

export const scheduleParams = z.object({ schedule: z.string() });

export const queueBody = z.strictObject({
  concurrency: doc(
    z.nullable(z.int().check(z.gte(1), z.lte(10_000))),
    "operations of the queue that may run at the same time; null: as in the config file, without what an earlier request has set",
  ),
});

export const pauseQueueBody = z.strictObject({
  queue: doc(z.optional(queue), "one queue; without this key, all queues"),
});

export const queueParams = z.object({ queue });

export const hostParams = z.object({ host: hostNameSchema });

export const drainBody = z.strictObject({
  draining: doc(
    z.boolean(),
    "true: no more operations start on this host; false: they start again",
  ),
});

export const stopBody = z.strictObject({
  now: doc(z._default(z.boolean(), false), "cancel running operations first"),
});

export const inputBody = z.strictObject({
  text: doc(z.optional(z.string()), "text to type; \\r is the Enter key"),
  data: doc(
    z.optional(z.base64()),
    "bytes to type, in Base64, for keys that are not UTF-8; typed after text",
  ),
  number: doc(
    z.optional(z.number()),
    "number of the prompt that this answers: refused where the program asks something else now, or does not show what is typed",
  ),
  size: doc(
    z.optional(z.object({ columns: side, rows: side })),
    "new size of the terminal; the last size counts",
  ),
});

export const noBody = z.strictObject({});

export type SubmitBody = z.input<typeof submitBody>;
export type ChildBody = z.input<typeof childBody>;
export type RetryBody = z.input<typeof retryBody>;
export type SelectionBody = z.input<typeof selectionBody>;
export type AgainBody = z.input<typeof againBody>;
export type ScheduleBody = z.input<typeof scheduleBody>;
export type InputBody = z.input<typeof inputBody>;
export type EditBody = z.input<typeof editBody>;
export type ListQuery = QueryOf<typeof listQuery>;
export type LogQuery = QueryOf<typeof logQuery>;

/** What a client gives: a query before it is text, without its defaults. */
type QueryOf<S extends z.ZodMiniType> = Partial<z.output<S>>;
