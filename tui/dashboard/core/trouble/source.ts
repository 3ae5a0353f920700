/** What is wrong. */
import type { Style } from "../../text/theme.js";

/** Something that is wrong, with the key that shows or mends it. */
export interface Trouble {
  readonly style: Style;
  /** With its sign. */
  readonly text: string;
  /** Cut where there is no room for all of it; "": none. */
  readonly detail: string;
  readonly key: string;
  /** What the key does. */
  readonly does: string;
}
