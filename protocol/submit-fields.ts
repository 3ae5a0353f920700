/**
 * The fields that a submit decides. The event of the submit, an edit and the record have them under the same names, so
 * that a new field is one name in these lists.
 */
import type { Submission } from "./event.js";
import type { Operation } from "./operation.js";

/** The queue of an operation whose submit and type name none. */
export const DEFAULT_QUEUE = "default";

/** The values of the fields that a submission leaves out. */
export const SUBMIT_DEFAULTS = {
  queue: DEFAULT_QUEUE,
  priority: 0,
  notBefore: null,
  omitted: null,
} satisfies Partial<Operation>;

/** Fields that follow from the parameters: a change of the parameters changes them. */
export const DERIVED = ["title", "stages", "historyKey", "source"] as const satisfies Array<keyof Submission>;

/** Fields of the first operation of a chain that apply to the next ones. */
export const OF_CHAIN = ["queue", "priority", "hooks", "limits"] as const satisfies Array<keyof Operation>;

/** Fields that `again` takes from the finished operation. */
export const REPEATED = ["label", "cwd", "queue", "priority", "on", "tags", "hooks"] as const satisfies Array<
  keyof Operation
>;

/** The fields, without those that have the default. */
export function withoutDefaults<T extends object>(fields: T): T {
  const defaults: Record<string, unknown> = SUBMIT_DEFAULTS;
  const isOwn = ([name, value]: [string, unknown]) => !(name in defaults) || value !== defaults[name];
  return Object.fromEntries(Object.entries(fields).filter(isOwn)) as T;
}
