/**
 * The fields that a submit decides, one row each: its flag, its help, its schemas, its rows on the
 * screen.
 *
 * Options, requests, admission, events and the record are made of these rows, so that a new field
 * is one row here and the code that acts on it. A schema is a function of zod, because most
 * commands load no zod.
 */
import type * as zod from "zod/mini";
import { MESSAGE_FORMS, type OperationEvent } from "./actions.js";
import { RESERVED_VARIABLES } from "./environment.js";
import { UsageError } from "./failures.js";
import { FEATURE_FIELDS } from "./features.js";
import { hostName } from "./host-names.js";
import { MAX_AFTER, MAX_CWD, MAX_LABEL } from "./limits.js";
import { type Group, help, part, type SubmitField, words, type Zod } from "./submit-field.js";
import { OP_PATTERN } from "./type-names.js";

/** The queue of an operation whose submit and type name none. */
export const DEFAULT_QUEUE = "default";

/** Highest priority of an operation; the lowest is its negative. */
export const MAX_PRIORITY = 1_000_000;

/** Most characters of the value of a secret. */
const MAX_SECRET = 64 * 1024;

/** Text that a program can take. */
export const word = (z: Zod) =>
  z.string().check(z.regex(/^[^\0]*$/, "must not contain a null character"));

const yes = (z: Zod) => z.literal(true);
const values = (z: Zod) => z.record(z.string(), z.unknown());
const label = (z: Zod) => word(z).check(z.maxLength(MAX_LABEL));
const session = (z: Zod) => label(z).check(z.minLength(1));
const priority = (z: Zod) => z.int().check(z.gte(-MAX_PRIORITY), z.lte(MAX_PRIORITY));
const start = (z: Zod) => z.iso.datetime({ offset: true });

export const directory = (z: Zod) =>
  z.string().check(z.maxLength(MAX_CWD), z.regex(/^\/[^\0]*$/, "must be an absolute path"));

const variableName = (z: Zod) =>
  z.string().check(
    z.regex(
      /^[^=\0]+$/,
      "the name of a variable must not be empty or contain = or a null character",
    ),
    // Marks by which the daemon finds the processes of an operation, and what it sets for them.
    z.regex(
      new RegExp(`^(?!(?:${RESERVED_VARIABLES.join("|")})$)`),
      "the name is reserved for liveops: leave it out",
    ),
  );

const variables = (z: Zod) => z.record(variableName(z), word(z));

export const queueName = (z: Zod) =>
  z
    .string()
    .check(
      z.maxLength(64),
      z.regex(OP_PATTERN, "must be a name of lower-case letters, digits and -, such as gpu"),
    );

const dependencies = (z: Zod) =>
  z.array(z.string().check(z.minLength(1))).check(z.maxLength(MAX_AFTER));

function actions(z: Zod) {
  const action = z.union([
    word(z),
    z.array(word(z)),
    z.strictObject({ post: z.string(), as: z.optional(z.enum(MESSAGE_FORMS)) }),
  ]);
  const events = z.optional(z.union([action, z.array(action)]));
  return z.strictObject({
    success: events,
    failure: events,
    finish: events,
    waits: events,
    stall: events,
    odd: events,
  } satisfies Record<OperationEvent, zod.ZodMiniType>);
}

const QUEUE = "Queue of the operation; liveops queue lists the queues";
const PRIORITY = "Higher first in its queue";
const FORCE = "Of a pipeline, run also the stages and steps that are up to date";

/** In the order of the keys of a request. */
export const FIELDS = {
  params: {
    group: "parameters",
    submit: part(values, "parameters of the type"),
    again: part(values, "parameters in place of all those of the operation"),
  },
  set: {
    group: "parameters",
    submit: part(words, "name=value arguments, parsed with the schema of the type"),
    again: part(words, "name=value arguments; each replaces one parameter, a list as a whole"),
  },
  force: {
    group: "parameters",
    flag: { name: "--force", help: { submit: FORCE, run: FORCE, schedule: FORCE } },
    submit: part(yes, "of a pipeline: run also the stages and steps that are up to date"),
    record: part(
      (z) => z.optional(yes(z)),
      "Stages and steps of a pipeline that are up to date run too; otherwise absent",
    ),
  },
  label: {
    group: "label",
    flag: {
      name: "--label <text>",
      help: {
        ...help("Label shown in lists"),
        run: "Label of the operation",
        edit: 'Label shown in lists; "" removes the label',
      },
      fields: (text: string, form) => ({
        label: form === "edit" ? checkedLabel(text) || null : checkedLabel(text),
      }),
    },
    submit: part(label),
    again: part(label),
    edit: part((z) => z.nullable(label(z)), "null: no label"),
    record: part((z) => z.nullable(z.string()), "Label of the submit, shown in lists"),
    isRepeated: true,
  },
  cwd: {
    group: "directory",
    submit: part(directory),
    again: part(directory),
    record: part((z) => z.string(), "Directory that the operation runs in"),
    isRepeated: true,
  },
  session: {
    group: "session",
    submit: part(session, "name of the session that submits, such as that of a coding agent"),
    again: part(session),
    record: part(
      (z) => z.optional(session(z)),
      "Session that submitted the operation, from LIVEOPS_SESSION or an agent; absent: none",
    ),
    next: "session",
    row: { label: "session", kind: "text" },
  },
  endsWithSession: {
    group: "session",
    submit: part(yes, "cancel the operation when its session ends"),
    record: part(
      (z) => z.optional(yes(z)),
      "The operation is cancelled when its session ends; otherwise absent",
    ),
    next: "endsWithSession",
  },
  submittedFrom: {
    group: "session",
    submit: part(directory, "directory of the client, where it is not that of the operation"),
    record: part(
      (z) => z.optional(z.string()),
      "Directory that the operation was submitted from; absent: `cwd`",
    ),
    next: "submittedFrom",
  },
  env: {
    group: "environment",
    submit: part(variables),
    again: part(
      (z) => z.record(variableName(z), z.nullable(word(z))),
      "variables to set; null removes one",
    ),
  },
  secrets: {
    group: "environment",
    submit: part(
      (z) =>
        z.record(
          z.string().check(z.regex(/^(?:env|prompt):/, "must be env:NAME or prompt:NAME")),
          word(z).check(z.maxLength(MAX_SECRET)),
        ),
      "values of secret parameters, by their reference such as env:TOKEN; kept in memory and never stored",
    ),
  },
  queue: {
    group: "queue",
    flag: { name: "--queue <name>", help: { ...help(QUEUE), edit: QUEUE } },
    submit: part(
      queueName,
      "queue of the operation; default: that of its type, otherwise the default queue",
    ),
    again: part(queueName),
    edit: part(queueName, "move to this queue"),
    record: part((z) => z.string(), "Queue that the operation waits and runs in"),
    standard: DEFAULT_QUEUE,
    type: part(
      (z) => z.nullable(z.string()),
      "queue of its operations, unless a submit names another; null: the default queue",
    ),
    says: (queue: string | null) => (queue === null ? {} : { queue }),
    next: "queue",
    isRepeated: true,
    row: { label: "queue", kind: "place", isAlways: true },
  },
  priority: {
    group: "queue",
    flag: {
      name: "--priority <n>",
      help: { ...help(PRIORITY), edit: PRIORITY },
      fields: (text: string) => ({ priority: wholeNumber("--priority", text) }),
    },
    submit: part(priority, "higher first in its queue; default 0"),
    again: part(priority),
    edit: part(priority, "higher first in its queue"),
    record: part(
      (z) => z.int(),
      "Higher first in its queue; operations of the same priority in order of arrival",
    ),
    standard: 0,
    next: "priority",
    isRepeated: true,
    row: { label: "priority", kind: "place" },
  },
  top: {
    group: "queue",
    flag: {
      name: "--top",
      help: { edit: "Make it the next of its queue, by its priority" },
      conflicts: "priority",
    },
    edit: part(yes, "next in its queue: a higher priority than all others there"),
  },
  after: {
    group: "dependencies",
    flag: {
      name: "--after <ids>",
      help: { submit: "Start when these operations and their chains have succeeded (repeatable)" },
      isList: true,
    },
    submit: part(
      dependencies,
      "ids of operations whose chains must succeed before this operation starts",
    ),
    record: part(
      (z) => z.optional(words(z)),
      "Ids of operations whose chains must succeed first; if one fails, this operation is cancelled",
    ),
    row: { label: "after", kind: "operations" },
  },
  afterAny: {
    group: "dependencies",
    flag: {
      name: "--after-any <ids>",
      help: { submit: "Start when these operations and their chains have finished (repeatable)" },
      isList: true,
    },
    submit: part(
      dependencies,
      "ids of operations whose chains must finish before this operation starts",
    ),
    record: part(
      (z) => z.optional(words(z)),
      "Ids of operations whose chains must finish first, with any outcome",
    ),
    row: { label: "after any", kind: "operations" },
  },
  notBefore: {
    group: "start",
    submit: part(start, "time before which the operation does not start"),
    edit: part(
      (z) => z.nullable(start(z)),
      "time before which the operation does not start; null: as soon as it can",
    ),
    record: part(
      (z) => z.nullable(z.iso.datetime()),
      "Time before which the operation does not start; null: as soon as it can",
    ),
    standard: null,
    normal: (time: string) => new Date(time).toISOString(),
    row: { label: "not before", kind: "start" },
  },
  on: {
    group: "hosts",
    flag: {
      name: "--on <host>",
      help: help(
        "Run only on this host; liveops hosts lists the hosts",
        'Run only on this host; "": any host; liveops hosts lists the hosts',
      ),
      fields(host: string, form) {
        if (host !== "") return { on: host };
        if (form === "again") return { on: null };
        throw new UsageError("--on needs the name of a host; liveops hosts lists them");
      },
    },
    submit: part(hostName, "the only host that may run the operation"),
    again: part(
      (z) => z.nullable(hostName(z)),
      "the only host that may run the operation; null: any host",
    ),
    record: part(
      (z) => z.optional(z.nullable(hostName(z))),
      "Name of the only host that may run the operation; absent or null: any host",
    ),
    next: "host",
    isRepeated: true,
    row: { label: "only on", kind: "place" },
  },
  ...FEATURE_FIELDS,
  ifAbsent: {
    group: "label",
    flag: {
      name: "--if-absent <label>",
      help: {
        submit:
          "Submit with this label, unless an operation with the label is queued or running: then print its id",
      },
      conflicts: "label",
      fields: (text: string) => ({ label: checkedLabel(text), ifAbsent: true }),
    },
    submit: part(
      yes,
      "do not submit while an operation with this label is queued or running: the reply is that operation, with status 200; not in a batch",
    ),
  },
  actions: {
    group: "type",
    record: part(
      (z) => z.optional(actions(z)),
      "What `on` of the pipeline file says; absent without it",
    ),
  },
  historyKey: {
    group: "history",
    record: part(
      (z) => z.optional(z.string()),
      "Earlier runs with the same key tell how long the operation usually takes; absent: all runs of the type",
    ),
  },
} satisfies Record<string, SubmitField>;

type Fields = typeof FIELDS;
type FieldName = keyof Fields;

/** The fields that have a part, such as those of an edit. */
export type FieldWith<P extends keyof SubmitField, G extends Group = Group> = {
  [N in FieldName]: Fields[N] extends { group: G } & Record<P, unknown> ? N : never;
}[FieldName];

/** The rows that have a part, in the order of the table. */
export function fieldsWith<P extends keyof SubmitField, G extends Group = Group>(
  has: P,
  group?: G,
) {
  const rows = Object.entries<SubmitField>(FIELDS);
  const found = rows.filter(
    ([, row]) => row[has] !== undefined && (group === undefined || row.group === group),
  );
  // The filter finds those that the type names.
  return found as Array<[FieldWith<P, G>, SubmitField & Required<Pick<SubmitField, P>>]>;
}

const namesWith = <P extends keyof SubmitField, G extends Group = Group>(has: P, group?: G) =>
  fieldsWith(has, group).map(([name]) => name);

/** Fields of a submit that the record keeps. */
export const RECORDED = fieldsWith("submit").flatMap(([name, { record }]) =>
  record ? [name] : [],
);

/** The values of the fields that a submission leaves out. */
export const SUBMIT_DEFAULTS: Readonly<Record<string, unknown>> = {
  ...Object.fromEntries(fieldsWith("standard").map(([name, { standard }]) => [name, standard])),
};

/** Fields that follow from the parameters: a change of the parameters changes them. */
export const DERIVED = ["title", "stages", "historyKey", "source", "actions"] as const;

/** Fields of a submit that choose the host. */
export const OF_HOSTS = namesWith("submit", "hosts");

/** Fields of a type. */
export const OF_TYPE = namesWith("type");

/** Values of the record. */
type OfRecord = {
  [N in FieldWith<"record">]?: zod.infer<ReturnType<Fields[N]["record"]["schema"]>>;
};

const SAYING = fieldsWith("says");

/** What a type says of its operations. */
export function saidBy(type: Readonly<Record<FieldWith<"type">, unknown>>): OfRecord {
  // The row knows the type of its field.
  return Object.assign({}, ...SAYING.map(([name, { says }]) => says(type[name] as never)));
}

const UNUSUAL = fieldsWith("usual");

/** The values of a type for its attempts that most types do not have. */
export function unusualIn(type: object): object {
  const values = new Map<string, unknown>(Object.entries(type));
  const fields = UNUSUAL.map(([name, { usual }]) => [name, values.get(name), usual] as const);
  return Object.fromEntries(fields.filter(([, value, usual]) => value !== usual));
}

const WITH_NEXT = fieldsWith("next");

/** What the next operation of the chain gets of an operation. */
export function nextOf(record: object): OfRecord {
  const values = new Map<string, unknown>(Object.entries(record));
  const fields = WITH_NEXT.map(([name, { next }]) => [name, values.get(next)]);
  return withoutDefaults(Object.fromEntries(fields.filter(([, value]) => value !== undefined)));
}

/** Fields that `again` takes from the finished operation. */
export const REPEATED = namesWith("isRepeated");

/** The fields, without those that have the default. */
export function withoutDefaults<T extends object>(fields: T): T {
  const isOwn = ([name, value]: [string, unknown]) =>
    !(name in SUBMIT_DEFAULTS) || value !== SUBMIT_DEFAULTS[name];
  return Object.fromEntries(Object.entries(fields).filter(isOwn)) as T;
}

const WITH_NORMAL = fieldsWith("normal");

/** The fields as the record keeps them: times in UTC, and each tag once. */
export function normalFields<T extends object>(fields: T): T {
  const given = new Map<string, unknown>(Object.entries(fields));
  const normal = { ...fields };
  for (const [name, { normal: normalOf }] of WITH_NORMAL) {
    const value = given.get(name);
    // The row knows the type of its field.
    if (value) Object.assign(normal, { [name]: normalOf(value as never) });
  }
  return normal;
}

/** @throws UsageError where the label is longer than MAX_LABEL */
export function checkedLabel<T extends string | undefined>(text: T): T {
  if (text === undefined || text.length <= MAX_LABEL) return text;
  throw new UsageError(`--label has ${text.length} characters; the limit is ${MAX_LABEL}`);
}

function wholeNumber(flag: string, text: string): number {
  if (/^[+-]?\d{1,6}$/.test(text)) return Number(text);
  throw new UsageError(
    `${flag}: ${JSON.stringify(text)} is not a whole number from -999999 to 999999; give 5 or -1`,
  );
}
