/** The name of a history: its operation type and, where the type has one, the history key of an operation. */
import type { Operation } from "../../../protocol/operation.js";

export function historyName({ op, historyKey }: Pick<Operation, "op" | "historyKey">): string {
  return historyKey === undefined ? op : `${op} ${historyKey}`;
}

/** No type has a space in its name. */
export function parseHistoryName(name: string): { op: string; key: string | undefined } {
  const space = name.indexOf(" ");
  return space === -1
    ? { op: name, key: undefined }
    : { op: name.slice(0, space), key: name.slice(space + 1) };
}
