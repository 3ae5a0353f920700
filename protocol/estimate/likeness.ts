import type { Operation } from "../operation.js";

/**
 * Which earlier runs an operation is compared with: those of its type, or those with the same
 * history key.
 */
export type Likeness = Pick<Operation, "op" | "historyKey">;

export function likenessOf({ op, historyKey }: Likeness): Likeness {
  return historyKey === undefined ? { op } : { op, historyKey };
}

/** Equal for runs that are compared. No type has a space in its name. */
export function historyName({ op, historyKey }: Likeness): string {
  return historyKey === undefined ? op : `${op} ${historyKey}`;
}

/** @param key history key; undefined: all runs of the type */
export function likenessBy(op: string, key: string | undefined): Likeness {
  return likenessOf({ op, historyKey: key });
}

export function parseHistoryName(name: string): { op: string; key: string | undefined } {
  const space = name.indexOf(" ");
  return space === -1
    ? { op: name, key: undefined }
    : { op: name.slice(0, space), key: name.slice(space + 1) };
}
