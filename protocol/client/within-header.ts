/**
 * The header by which a client says inside of which operation it runs. While it waits, that
 * operation lends its slot.
 */
import type { Variables } from "../environment.js";

/** `Liveops-Within: k3f8x2m9q0ab 1`: the id of the operation and the number of its attempt. */
export const WITHIN_HEADER = "liveops-within";

export interface Within {
  id: string;
  attempt: number;
}

/** @returns undefined: the process runs inside of no operation */
export function withinHeader({
  LIVEOPS_OPERATION_ID: id,
  LIVEOPS_ATTEMPT: attempt,
}: Variables): string | undefined {
  return id === undefined || attempt === undefined ? undefined : `${id} ${attempt}`;
}

/** @returns null: the header is missing, or has another form */
export function withinOf(header: unknown): Within | null {
  const [, id, attempt] = /^([0-9a-z]{3,64}) ([0-9]{1,9})$/.exec(String(header)) ?? [];
  return id === undefined ? null : { id, attempt: Number(attempt) };
}
