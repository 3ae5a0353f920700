/**
 * The terminal around the screen while the dashboard stands: title, taskbar, focus, notifications. Set when it begins,
 * taken back when it ends or is suspended.
 */
import type { Notify } from "../../../protocol/command/config.js";
import type { State } from "../state/model.js";
import { Focus } from "./focus.js";
import { endedBetween, endInWords, progressOf, titleOf } from "./followed.js";
import {
  bell,
  desktopNotification,
  KEEP_TITLE,
  NO_FOCUS,
  NO_PROGRESS,
  OLD_TITLE,
  setProgress,
  setTitle,
  TELL_FOCUS,
  takesSequences,
} from "./sequences.js";

export interface SurroundingsOptions {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  env: Record<string, string | undefined>;
  notify: Notify;
}

/** All that was set, taken back; harmless where nothing was. */
export const TAKEN_BACK = NO_FOCUS + NO_PROGRESS + OLD_TITLE;

export class Surroundings {
  readonly #focus: Focus;
  readonly #silent: boolean;
  #set = false;
  #title = "";
  #progress = "";
  #before: State | null = null;

  constructor(private readonly options: SurroundingsOptions) {
    this.#focus = new Focus(options.stdin);
    this.#silent = !takesSequences(options.env);
  }

  begin(state: State): void {
    if (this.#set) return;
    this.#set = true;
    this.#write(KEEP_TITLE + TELL_FOCUS);
    this.show(state);
  }

  /** After each drawing: says what has changed. */
  show(state: State): void {
    const before = this.#before;
    this.#before = state;
    if (before !== null && !this.#focus.focused) this.#tell(before, state);
    // A terminal that does not keep up is told when it does.
    if (!this.#set || this.options.stdout.writableNeedDrain) return;
    const title = setTitle(titleOf(state));
    const progress = setProgress(progressOf(state));
    const changed = (title === this.#title ? "" : title) + (progress === this.#progress ? "" : progress);
    this.#title = title;
    this.#progress = progress;
    if (changed !== "") this.#write(changed);
  }

  /** The terminal is somebody else's: for good, or until `begin`. */
  end(): void {
    if (!this.#set) return;
    this.#set = false;
    this.#title = "";
    this.#progress = "";
    this.#write(TAKEN_BACK);
  }

  stop(): void {
    this.end();
    this.#focus.stop();
  }

  #tell(before: State, after: State): void {
    const { notify, env } = this.options;
    const ended = notify === false ? null : endedBetween(before, after);
    if (ended === null) return;
    const desktop = notify === "bell" ? "" : desktopNotification(ended.title, endInWords(ended), env);
    this.#write((notify === "desktop" ? "" : bell) + desktop);
  }

  #write(data: string): void {
    if (!this.#silent) this.options.stdout.write(data);
  }
}
