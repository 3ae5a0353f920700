/**
 * Why an operation is in its state: what failed and what has changed since it last worked, what it
 * waits for, what was unusual. The daemon makes this object, and keeps that of a failure. Text,
 * dashboard, page and MCP draw it.
 */
import * as z from "zod/mini";
import { operationSchema, placeSchema } from "./operation.js";
import { doc } from "./schema/doc.js";

const time = z.iso.datetime();

/** Most bytes of the object as JSON. */
export const MOST_WHY = 16 * 1024;

const failureSchema = z.object({
  stage: doc(z.nullable(z.string()), "null: outside the stages"),
  step: doc(z.nullable(z.string()), "null: no step of the stage failed"),
  code: doc(z.string(), "code of the error"),
  message: doc(z.string(), "first line of the error"),
  causes: doc(z.array(z.string()), "the causes of the error, the outermost first"),
  command: doc(z.nullable(z.string()), "the command that failed; null: none, or it is not known"),
  exit: doc(z.nullable(z.string()), "exit code or signal in words; null: no program failed"),
  place: doc(z.nullable(placeSchema), "the line that failed; null: it is not known"),
  source: doc(
    z.nullable(z.object({ from: z.int(), lines: z.array(z.string()) })),
    "the lines around the place, from line `from` on; null: they cannot be read",
  ),
  lines: doc(
    z.array(z.string()),
    "the last lines of the program or of the log; of several steps that failed, those that tell of a problem",
  ),
});

const changeSchema = z.object({
  kind: doc(
    z.string(),
    "`script` (text of a file), `commit`, `directory`, `host`, `version`, `parameter`, `variable` (by its name), `stage` (took longer than usual) or `log` (the first line that no success printed). A later daemon may send others",
  ),
  name: doc(z.string(), "what changed: a file, a parameter, a commit, the number of the log line"),
  before: doc(
    z.optional(z.string()),
    "the value at the last success, such as `default good` of a parameter that was not given; absent: there was none, or it is not shown",
  ),
  now: doc(z.optional(z.string()), "absent: there is none, or it is not shown"),
  at: doc(z.optional(time), "when it was changed, where that is known"),
  diff: doc(z.optional(z.array(z.string())), "lines of a diff: each begins with ` `, `-` or `+`"),
});

const machineSchema = z.object({
  at: time,
  disks: doc(
    z.array(z.object({ path: z.string(), freeBytes: z.int(), totalBytes: z.int() })),
    "the file systems that the operation writes to",
  ),
  memory: z.object({ availableBytes: z.int(), totalBytes: z.int() }),
  load: doc(z.number(), "load average of one minute"),
  cores: z.int(),
  processes: doc(
    z.array(z.object({ pid: z.int(), name: z.string(), rssBytes: z.int() })),
    "those with the most memory, the largest first",
  ),
  outOfMemory: doc(
    z.nullable(z.string()),
    "what the kernel tells of a lack of memory; null: nothing",
  ),
});

const waitSchema = z.object({
  what: doc(z.string(), "why it does not start, or what is unusual in its run"),
  until: doc(z.nullable(z.string()), "what ends it; null: it is not known"),
  at: doc(z.nullable(time), "when that is expected; null: it is not known"),
});

const decisionSchema = z.object({
  stage: z.string(),
  step: doc(z.optional(z.string()), "absent: the whole stage"),
  reason: z.string(),
});

export const whySchema = z.object({
  ...z.pick(operationSchema, { id: true, op: true, title: true, state: true, attempt: true }).shape,
  at: doc(time, "when this was found out"),
  summary: doc(z.string(), "one sentence"),
  failure: doc(z.nullable(failureSchema), "null: it has not failed"),
  since: doc(
    z.nullable(z.object({ id: z.string(), finishedAt: time, seconds: z.nullable(z.number()) })),
    "the last success that the failure is compared with; null: none is known",
  ),
  changes: doc(z.array(changeSchema), "what has changed since the last success"),
  machine: doc(z.nullable(machineSchema), "the machine at the failure; null: not measured"),
  waits: doc(z.array(waitSchema), "of a queued or running operation"),
  left: doc(
    z.array(decisionSchema),
    "the stages that did not run, and why; of a stage that ran, its steps that did not",
  ),
  ran: doc(
    z.array(decisionSchema),
    "the stages and steps that looked whether they are up to date, and ran, with the reason; none of a failure",
  ),
  savedSeconds: doc(z.nullable(z.number()), "the time that this saved; null: it is not known"),
  odd: operationSchema.shape.odd,
  next: doc(
    z.array(z.object({ command: z.string(), does: z.string() })),
    "commands that go on from here",
  ),
  notes: doc(z.array(z.string()), "what is not known, and why"),
  pending: doc(
    z.optional(z.literal(true)),
    "more is being found out, and the next request waits for it",
  ),
});

export type Why = z.infer<typeof whySchema>;
export type Failure = NonNullable<Why["failure"]>;
export type Change = z.infer<typeof changeSchema>;
export type Machine = z.infer<typeof machineSchema>;
export type Wait = z.infer<typeof waitSchema>;
