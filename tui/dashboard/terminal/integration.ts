/**
 * What the terminal shows around the screen: title, taskbar, notifications; and the reports it sends. Set at the begin,
 * taken back at the end and for a suspension.
 */
import type { Notify } from "../../../protocol/command/config.js";
import type { State } from "../state/model.js";
import { endedBetween, endInWords, progressToShow, titleOf, waitingBetween } from "./followed.js";
import type { ReportFilter } from "./input.js";
import {
  ASK_BACKGROUND,
  bell,
  desktopNotification,
  KEEP_TITLE,
  NO_FOCUS,
  NO_MOUSE,
  NO_PROGRESS,
  OLD_TITLE,
  setProgress,
  setTitle,
  TELL_FOCUS,
  TELL_MOUSE,
  takesSequences,
} from "./sequences.js";

export interface IntegrationOptions {
  stdout: NodeJS.WriteStream;
  env: Record<string, string | undefined>;
  notify: Notify;
  mouse: boolean;
  filter: ReportFilter;
}

/** All that was set, taken back; harmless where nothing was. */
export const TAKEN_BACK = NO_MOUSE + NO_FOCUS + NO_PROGRESS + OLD_TITLE;

export class TerminalIntegration {
  readonly #silent: boolean;
  #set = false;
  #title = "";
  #progress = "";
  #before: State | null = null;

  constructor(private readonly options: IntegrationOptions) {
    this.#silent = !takesSequences(options.env);
  }

  begin(state: State): void {
    if (this.#set) return;
    this.#set = true;
    const { mouse } = this.options;
    this.write(KEEP_TITLE + TELL_FOCUS + (mouse ? TELL_MOUSE : "") + ASK_BACKGROUND);
    this.show(state);
  }

  /** After each drawing: says what has changed. */
  show(state: State): void {
    const before = this.#before;
    this.#before = state;
    if (before !== null && !this.options.filter.focused) this.#tell(before, state);
    // A terminal that does not keep up is told when it does.
    if (!this.#set || this.options.stdout.writableNeedDrain) return;
    const title = setTitle(titleOf(state));
    const progress = setProgress(progressToShow(state));
    const changed = (title === this.#title ? "" : title) + (progress === this.#progress ? "" : progress);
    this.#title = title;
    this.#progress = progress;
    if (changed !== "") this.write(changed);
  }

  /** The terminal is somebody else's: for good, or until `begin`. */
  end(): void {
    if (!this.#set) return;
    this.#set = false;
    this.#title = "";
    this.#progress = "";
    this.write(TAKEN_BACK);
  }

  #tell(before: State, after: State): void {
    const { notify, env } = this.options;
    const ended = notify === false ? null : (endedBetween(before, after) ?? waitingBetween(before, after));
    if (ended === null) return;
    const desktop = notify === "bell" ? "" : desktopNotification(ended.title, endInWords(ended), env);
    this.write((notify === "desktop" ? "" : bell) + desktop);
  }

  /** Beside the screen; not to a terminal that would print it. */
  write(data: string): void {
    if (!this.#silent) this.options.stdout.write(data);
  }
}
