/** What clients send: the bodies and queries of the routes, as schemas and types. */
import * as z from "zod/mini";
import { MAX_BATCH, MAX_CWD, MAX_LABEL } from "./limits.js";
import { limitShapes } from "./operation.js";
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
  params: z.optional(z.record(z.string(), z.unknown())).check(z.describe("parameters of the type")),
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
  after: z._default(count, 0).check(z.describe("events numbered above this")),
  follow: z._default(flag, false).check(z.describe("go on until the operation finishes")),
  log: z._default(flag, false).check(z.describe("log lines among the events")),
});

export const watchQuery = z.object({
  operation: z.optional(z.string()).check(z.describe("id or prefix; the stream ends when it finishes")),
  follow: z.optional(z.literal("chain")).check(z.describe("go on to the next operation of the chain")),
  log: z._default(flag, false).check(z.describe("log lines too")),
  logAfter: z._default(count, 0).check(z.describe("the last log line that the client holds")),
  since: z.optional(z.string()).check(z.describe("cursor of an earlier line")),
  state: commaList(z.enum(STATES)),
  op: z.optional(z.string()),
  limit: z._default(count.check(z.lte(MAX_PAGE)), 200).check(z.describe("finished operations, the newest")),
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

export const noBody = z.strictObject({});

export type SubmitBody = z.input<typeof submitBody>;
export type ListQuery = z.input<typeof listQuery>;
export type LogQuery = z.input<typeof logQuery>;
export type EventsQuery = z.input<typeof eventsQuery>;
