/** What several hosts show in place of one daemon. The key of an operation then begins with the name of its host. */
import type { WatchLine } from "../../../protocol/watch.js";
import type { Drawn, Piece } from "../text/line.js";
import type { Paint, Style } from "../text/theme.js";

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

/** A host in the third column of a wide terminal. */
export interface HostRow {
  readonly name: string;
  readonly figures: string;
  /** A state other than up; "": up. */
  readonly state: string;
}

export interface Source<State> {
  /** The header, when nothing has answered yet. */
  readonly neverAnswered: string;
  /** What is wrong, and why an action is disabled, when nothing answers any more. */
  readonly silent: string;
  /** The action that shows why. */
  readonly help: string;
  readonly applyLines: (state: State, lines: readonly StreamLine[]) => State;
  readonly troubles: (state: State) => readonly Trouble[];
  /** The operations of each host, for the header. */
  readonly figures: (state: State) => readonly Piece[];
  readonly hosts: (state: State) => readonly HostRow[];
  /** The screen without operations, and its title while nothing answers. */
  readonly empty: (state: State, width: number, paint: Paint) => Drawn[];
  readonly title: string;
}
