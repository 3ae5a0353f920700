/**
 * What the terminal shows around the screen: title, notifications; and the reports it sends. Set at
 * the begin, taken back at the end and for a suspension.
 */

import { waitsForApproval, waitsForPerson } from "../../../protocol/approval.js";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import type { Alert } from "../../../protocol/system/config-settings.js";
import { firstLine } from "../../../protocol/text/first-line.js";
import { elapsedOf } from "../../describe/duration.js";
import { takesSequences } from "../../kit/output/links.js";
import { formatDuration } from "../../terminal/format.js";
import { stateGlyph } from "../../terminal/glyphs.js";
import { chainOf, operationOf, selectedOperation } from "../core/chain.js";
import type { State } from "../core/model.js";
import type { ReportFilter } from "./input.js";
import {
  ASK_BACKGROUND,
  bell,
  desktopNotification,
  KEEP_TITLE,
  NO_FOCUS,
  OLD_TITLE,
  setTitle,
  TELL_FOCUS,
} from "./sequences.js";

export interface IntegrationOptions {
  stdout: NodeJS.WriteStream;
  env: Record<string, string | undefined>;
  alert: Alert;
  filter: ReportFilter;
}

/** Resets everything that was set. Harmless if nothing was set. */
export const TAKEN_BACK = NO_FOCUS + OLD_TITLE;

export class TerminalIntegration {
  readonly #silent: boolean;
  #set = false;
  /** The title that the terminal was told last. */
  #title = "";
  #before: State | null = null;

  constructor(private readonly options: IntegrationOptions) {
    this.#silent = !takesSequences(options.env);
  }

  begin(state: State): void {
    if (this.#set) return;
    this.#set = true;
    this.write(KEEP_TITLE + TELL_FOCUS + ASK_BACKGROUND);
    this.show(state);
  }

  /** After each drawing: says what has changed. */
  show(state: State): void {
    const before = this.#before;
    this.#before = state;
    if (before !== null && !this.options.filter.focused) this.#tell(before, state);
    // A slow terminal gets the changes with a later drawing.
    if (!this.#set || this.options.stdout.writableNeedDrain) return;
    const title = setTitle(titleOf(state));
    if (title !== this.#title) this.write(title);
    this.#title = title;
  }

  /** Releases the terminal, for good or until `begin`. */
  end(): void {
    if (!this.#set) return;
    this.#set = false;
    this.#title = "";
    this.write(TAKEN_BACK);
  }

  #tell(before: State, after: State): void {
    const { alert, env } = this.options;
    const ended =
      alert === false ? null : (endedBetween(before, after) ?? waitingBetween(before, after));
    if (ended === null) return;
    const desktop =
      alert === "bell" ? "" : desktopNotification(ended.title, endInWords(ended), env);
    this.write((alert === "desktop" ? "" : bell) + desktop);
  }

  /** Resolves when the terminal has taken all that was written. */
  flushed(): Promise<void> {
    return new Promise((resolve) => this.options.stdout.write("", () => resolve()));
  }

  /** Beside the screen; not to a terminal that would print it. */
  write(data: string): void {
    if (!this.#silent) this.options.stdout.write(data);
  }
}

function titleOf(state: State): string {
  const operation = selectedOperation(state);
  if (operation === null) return "liveops";
  const { title, stages, currentStage, untrackedStage } = operation;
  if (waitsForPerson(operation)) return `? ${title} · waits for you · liveops`;
  const stage =
    operation.state === "running" ? (untrackedStage ?? stages[currentStage]) : undefined;
  return `${stateGlyph(operation.state)} ${title}${stage === undefined ? "" : ` · ${stage}`} · liveops`;
}

/**
 * The operation that was looked at, or the last of its chain, that has just ended; null for none. A
 * quick link may have come and gone between the two.
 */
export function endedBetween(before: State, after: State): Operation | null {
  if (!before.selection.witnessed || before.selected === null) return null;
  const [was, is] = [endOfChain(before, before.selected), endOfChain(after, before.selected)];
  return was === null || isOver(was) || is === null || !isOver(is) ? null : is;
}

/** The operation that began to wait for a person; null for none. */
function waitingBetween(before: State, after: State): Operation | null {
  if (before.view.operations === after.view.operations) return null;
  for (const [id, operation] of after.view.operations) {
    const was = before.view.operations.get(id);
    if (operation.waitingForInput && !was?.waitingForInput) return operation;
    if (waitsForApproval(operation) !== null && was && waitsForApproval(was) === null)
      return operation;
  }
  return null;
}

const isOver = ({ state, chain }: Operation): boolean => isFinal(state) && chain.next === null;

/** The last link that is known. */
function endOfChain(state: State, id: string): Operation | null {
  const operation = operationOf(state, id);
  return operation === null ? null : (chainOf(state, operation).at(-1) ?? null);
}

/** Its end, or what it waits for, in a few words, for a notification. */
function endInWords(operation: Operation): string {
  const open = waitsForApproval(operation);
  const asked = open?.question ?? operation.waitingForInput?.prompt;
  if (asked !== undefined) return asked === "" ? "waits for you" : `waits for you: ${asked}`;
  const seconds = elapsedOf(operation, 0);
  const took = seconds === null ? "" : ` after ${formatDuration(seconds)}`;
  const why =
    operation.state === "failed" && operation.error !== null
      ? `: ${firstLine(operation.error.message)}`
      : "";
  return `${operation.state}${took}${why}`;
}
