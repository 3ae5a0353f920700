/** The door of the feature that runs operations inside of an attempt in its own process. */
import { inlineChildren } from "../features/nested/inline-children.js";
import type { InlineParts, LinkOptions } from "./inline-link.js";

const MAKE: ReadonlyArray<(parts: InlineParts) => NonNullable<LinkOptions["childrenOf"]>> = [
  // At most one.
  inlineChildren,
];

/** Empty: no operation can run inside of an attempt. */
export function childrenWith(parts: InlineParts): Pick<LinkOptions, "childrenOf"> {
  const childrenOf = MAKE[0]?.(parts);
  return childrenOf === undefined ? {} : { childrenOf };
}
