/** The values of an operation that the engine indexes. */
import type { Submission } from "../../../../protocol/event.js";
import { directoryOf } from "../../../../protocol/origin.js";
import { DEFAULT_QUEUE } from "../../../../protocol/submit-fields.js";

/**
 * What the engine reads of an operation, to place, find and list it. Times are ISO 8601. A name is
 * that of its column.
 */
export interface OperationIndex {
  op: string;
  queue: string;
  notBefore: string | null;
  historyKey: string | null;
  /** The session of the submit: `session` is that of the host. */
  submittedBy: string | null;
  /** The directory of the submit. */
  submittedIn: string | null;
  chainId: string;
  parentId: string | null;
  /** The only host that may run the operation. */
  pin: string | null;
  /** Tags that a host must have. */
  requires: string[];
  /** For searches. */
  text: string;
}

type Indexed = Pick<
  Submission,
  | "id"
  | "op"
  | "title"
  | "label"
  | "queue"
  | "notBefore"
  | "historyKey"
  | "session"
  | "submittedFrom"
  | "cwd"
  | "chain"
  | "parent"
  | "on"
  | "tags"
  | "requires"
>;

/** What the engine reads of an operation. Null clears a column. */
export function indexOf(operation: Indexed): OperationIndex {
  const { op, queue, notBefore, historyKey, chain, parent, on } = operation;
  return {
    op,
    queue: queue ?? DEFAULT_QUEUE,
    notBefore: notBefore ?? null,
    historyKey: historyKey ?? null,
    submittedBy: operation.session ?? null,
    submittedIn: directoryOf(operation),
    chainId: chain.id,
    parentId: parent?.id ?? null,
    pin: on ?? null,
    requires: tagsOf(operation),
    text: textOf(operation),
  };
}

/** For searches, in lower case by the rules of JavaScript, as the question of a search is. */
export function textOf({
  id,
  op,
  title,
  label,
}: Pick<Indexed, "id" | "op" | "title" | "label">): string {
  return [id, op, title, label ?? ""].join("\n").toLowerCase();
}

/**
 * The tags that a host must have: those that the type requires, and those that the submit asks for.
 */
export function tagsOf({
  requires = [],
  tags = [],
}: Pick<Submission, "requires" | "tags">): string[] {
  return [...new Set([...requires, ...tags])];
}
