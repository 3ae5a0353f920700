/** The JSON Schema of an exported run, made from the schemas of records, events and log lines. */
import * as z from "zod/mini";
import { eventSchema } from "../../../protocol/event.js";
import { ID_PATTERN } from "../../../protocol/id.js";
import { chainSchema, logLineSchema, operationSchema, parentSchema } from "../../../protocol/operation.js";
import { doc } from "../../../protocol/schema/doc.js";
import { OP_PATTERN } from "../../../protocol/type-names.js";
import { whySchema } from "../../../protocol/why.js";
import { EXPORT_FORMAT, EXPORT_VERSION } from "./json.js";

const sum = doc(
  z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  "SHA-256 of each entry as JSON, as in the file, with a line feed",
);

const exportedOperation = z.object({
  record: doc(operationSchema, "the record at the moment of the export"),
  why: doc(z.optional(z.nullable(whySchema)), "why the operation is in its state; absent or null: not known"),
  events: doc(z.array(eventSchema), "the events of all attempts, in order"),
  log: doc(z.array(logLineSchema), "the log lines of all attempts, in order"),
  checksums: z.object({ record: sum, why: sum, events: sum, log: sum }),
});

export const exportSchema = z.object({
  format: z.literal(EXPORT_FORMAT),
  version: z.literal(EXPORT_VERSION),
  exportedAt: z.iso.datetime(),
  liveops: doc(z.string(), "version of liveops that wrote the file"),
  operations: doc(
    z.array(exportedOperation),
    "one operation, or all operations of its chain, in order; each before those inside of it",
  ),
});

export type ExportedRun = z.infer<typeof exportSchema>;

const id = z.string().check(z.regex(ID_PATTERN));
/** Texts that every screen shows as they are, because a daemon checks them. */
const names = { id, op: z.string().check(z.regex(OP_PATTERN)) };
const linked = z.nullable(id);
const record = z.extend(operationSchema, {
  ...names,
  chain: z.extend(chainSchema, { id, previous: linked, next: linked }),
  parent: z.optional(z.extend(parentSchema, { id })),
});
const why = z.nullable(z.extend(whySchema, names));

const PARTS = {
  record,
  why,
  events: eventSchema,
  log: logLineSchema,
  operations: z.array(
    z.object({
      record,
      why: z.optional(why),
      events: z.array(eventSchema),
      log: z.array(logLineSchema),
      checksums: z.optional(z.record(z.string(), z.string())),
    }),
  ),
};

/** What has a wrong type in a part of an exported file, with its place below `place`; null: nothing. */
export function partProblem(part: keyof typeof PARTS, value: unknown, place: PropertyKey[]): string | null {
  const issues = z.safeParse(PARTS[part] as z.ZodMiniType, value, { reportInput: true }).error?.issues ?? [];
  const issue = issues.find((each) => !isOfLaterType(each));
  if (issue === undefined) return null;
  const what = issue.code === "invalid_type" ? `must be of type ${issue.expected}` : "has a wrong value";
  return `${z.core.toDotPath([...place, ...issue.path])} ${what}`;
}

/** An event of a type that a later version added: readers ignore it. */
function isOfLaterType({ code, path, input }: z.core.$ZodIssue): boolean {
  return (
    code === "invalid_union" &&
    path.at(-1) === "type" &&
    typeof (input as { type?: unknown }).type === "string"
  );
}

const NAMES = new Map<z.core.$ZodType, string>([
  [operationSchema, "Operation"],
  [eventSchema, "Event"],
  [logLineSchema, "LogLine"],
]);

/** The descriptions of all schemas, and names for those that stand apart. */
class Described extends z.core.$ZodRegistry<z.core.GlobalMeta> {
  override get<S extends z.core.$ZodType>(schema: S) {
    const id = NAMES.get(schema);
    const meta = z.globalRegistry.get(schema);
    return (id === undefined ? meta : { ...meta, id }) as ReturnType<typeof z.globalRegistry.get<S>>;
  }
}

/** The text that `liveops schema export` prints. */
export function exportSchemaText(): string {
  // As input, so that a file of a later version, with more keys, is valid too.
  const schema = z.toJSONSchema(exportSchema, { metadata: new Described(), io: "input" });
  return `${JSON.stringify({ title: "A run of liveops, exported", ...schema }, null, 2)}\n`;
}
