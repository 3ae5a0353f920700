/**
 * The name of an operation, a queue or a type on the screen. A key is the id or the name itself, unless the client adds
 * the host that has it: `k3fq…@box`, `gpu@box`.
 */
import type { Operation } from "../../../protocol/operation.js";
import { hostOf } from "../../terminal/host-state.js";

/** Ids and the names of queues, schedules and types have no `@`. The name of a host may have one. */
const AT = "@";

export const keyAt = (name: string, host: string): string => `${name}${AT}${host}`;

/** Without the host. */
export function bareOf(key: string): string {
  const at = key.indexOf(AT);
  return at === -1 ? key : key.slice(0, at);
}

/** Null: the key names no host. */
export function hostOfKey(key: string): string | null {
  const at = key.indexOf(AT);
  return at === -1 ? null : key.slice(at + 1);
}

/** The name as a key of the host that the other key is of. */
export function keyBeside(name: string, key: string): string {
  const host = hostOfKey(key);
  return host === null ? name : keyAt(name, host);
}

/** The type of an operation, as `types` names it. */
export const typeKey = ({ op, id }: Pick<Operation, "op" | "id">): string => keyBeside(op, id);

/** The host of a row: the host of its key; without one, the host that runs the operation or may run it. */
export function shownHost(operation: Operation): string | null {
  return hostOfKey(operation.id) === null ? hostOf(operation) : (operation.host ?? null);
}
