import { type LogWindow, NO_LOG } from "./log-window.js";

/** An operation of the chain and its place in the log of the chain. */
export interface LogLink {
  readonly id: string;
  readonly name: string;
  /** Lines of the operations before. */
  readonly offset: number;
  readonly lines: number;
}

export interface Seek {
  /** The daemon's own query words; numbers count through the chain. */
  readonly query: { after?: number; before?: number; match?: string; stage?: string };
  /** Where to look when there is none. */
  readonly orElse: Seek | null;
  /** The notice if no line matches; "": none. */
  readonly none: string;
  /**
   * The first line of an error that was logged since then, at which the log of a failed operation
   * opens.
   */
  readonly errorSince?: string;
}

/** The log of the selected chain. */
export interface LogSlice {
  readonly window: LogWindow;
  /** The operations whose lines the window counts through. */
  readonly links: readonly LogLink[];
  readonly wrap: boolean;
  readonly full: boolean;
  readonly search: {
    readonly text: string;
    /** The number of the line with the match that is shown; null: none was found yet. */
    readonly at: number | null;
  } | null;
  /** Numbers of the lines that match the search, counted for `of`; null: not counted. */
  readonly matches: {
    readonly of: object;
    readonly numbers: readonly number[];
    readonly isMore: boolean;
  } | null;
  readonly seek: Seek | null;
  /**
   * The line of the error at which the log was opened, until a person moves the log; null: it was
   * opened at its end.
   */
  readonly openedAt: number | null;
  /** Raised when the log has to be streamed again: the operation was retried. */
  readonly run: number;
}

export const LOG: LogSlice = {
  window: NO_LOG,
  links: [],
  wrap: false,
  full: false,
  search: null,
  matches: null,
  seek: null,
  openedAt: null,
  run: 0,
};
