/** What the watch stream brings, and what is wrong. */
import type { WatchLine } from "../../../protocol/watch.js";
import type { Style } from "../text/theme.js";

/** A line of the watch stream, with the host that sent it where the client asks several. */
export type StreamLine = WatchLine & { readonly host?: string };

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
