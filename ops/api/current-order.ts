/**
 * What the instance being constructed is given: set by `constructing`, read by the base constructor.
 *
 * Synchronous from set to read, so no two operations can mix.
 */

export interface Given {
  id: string;
  params: unknown;
  label: string | null;
  attempt: number;
}

let current: Given | null = null;

/** Runs `construct` with what the base constructor is to read. */
export function constructing<R>(given: Given, construct: () => R): R {
  const outer = current;
  current = given;
  try {
    return construct();
  } finally {
    current = outer;
  }
}

/** @throws Error when an operation is constructed by anything but liveops. */
export function currentOrder(name: string): Given {
  if (current === null)
    throw new Error(
      `liveops makes the instances of ${name}; to start another operation: p.chainTo(${name}, …)`,
    );
  return current;
}
