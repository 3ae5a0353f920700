/**
 * The core of text mode: (state, event or log line) → (state, lines to print). Pure; `screen.ts`
 * prints the lines.
 *
 * Headers, log lines and results go to stdout; errors and notes go to stderr. `run`, `watch` and
 * `submit --follow` use it, so that an operation looks the same with and without the daemon.
 */
import { isDeepStrictEqual } from "node:util";
import { answerCommand, answerText, askedText, waitsForApproval } from "../../protocol/approval.js";
import type { Changes } from "../../protocol/event.js";
import type { LogLine, Operation } from "../../protocol/operation.js";
import { reduceOutline } from "../../protocol/reduce.js";
import { isUnrun, knownStepState, type StepState } from "../../protocol/stage-state.js";
import type { EventLine } from "../../protocol/stream-lines.js";
import { DERIVED } from "../../protocol/submit-fields.js";
import { firstLine } from "../../protocol/text/first-line.js";
import { withoutMakeEnd } from "../../protocol/text/line-level.js";
import { sanitize, sanitizeLogLine } from "../../protocol/text/sanitize.js";
import { withoutSequences } from "../../protocol/text/sgr.js";
import { ownParams } from "../describe/repeated.js";
import { formatLocalTime } from "../kit/output/local-time.js";
import { formatAmount, formatDuration, formatPercent } from "../terminal/format.js";
import { stageGlyph } from "../terminal/glyphs.js";
import { oddNotes } from "../terminal/stage-note.js";
import type { BarView } from "./bar.js";
import { causeLines } from "./causes.js";
import { resultLines } from "./result.js";

/**
 * The text of a log line may have SGR colours. `step`: the name of the step that the line is of.
 */
type PrintedLine = { to: "out" | "err"; text: string; tone: Tone; step?: string };

export type TextLine =
  | PrintedLine
  /** The current bar; null removes the bar. `untracked`: an untracked stage begins or ends. */
  | { to: "bar"; view: BarView | null; untracked?: "begins" | "ends" };

/** Kind of a line, which decides its colour on a terminal. */
export type Tone = "header" | "plain" | "note" | "success" | "warning" | "error";

interface TextState {
  /** The outline of `reduceOutline`: the current stage and the number of stages. */
  readonly operation: Operation | null;
  /** Print the stack of an exception too, because nothing else stores it (`run`). */
  readonly stacks: boolean;
  /** The person types into the program's terminal, which shows what it prints (`run`). */
  readonly ownTerminal: boolean;
  /** The last log lines, which the message of a failed program repeats. */
  readonly recent: readonly string[];
  /** The stages and steps inside of which the operation runs. */
  readonly path: readonly string[];
  /** The question that waits and its answer: the log has them too. */
  readonly told: readonly string[];
}

/**
 * Those of which the message of a failed program has the last (`ops/programs/program-outputs.ts`).
 */
const RECENT = 50;

export function textState(
  options: { stacks?: boolean; ownTerminal?: boolean; path?: readonly string[] } = {},
): TextState {
  const { stacks = false, ownTerminal = false, path = [] } = options;
  return { operation: null, stacks, ownTerminal, recent: [], path, told: [] };
}

interface Step {
  state: TextState;
  lines: TextLine[];
}

export function step(state: TextState, line: EventLine): Step {
  if (line.type === "end") return { state, lines: [] };
  if (line.type === "log:line") {
    const recent = [...state.recent, line.text].slice(-RECENT);
    const isTold = line.stream === "liveops" && state.told.includes(line.text);
    return { state: { ...state, recent }, lines: isTold ? [] : [logLine(line)] };
  }
  // The next operation of a chain has its own record.
  const before = line.type === "operation:submitted" ? null : state.operation;
  const operation =
    before === null && line.type !== "operation:submitted" ? null : reduceOutline(before, line);
  const next = { ...state, operation, told: toldAfter(state.told, line) };
  return { state: next, lines: linesOf(next, line, before) };
}

function toldAfter(
  told: readonly string[],
  event: Exclude<EventLine, { type: "end" | "log:line" }>,
) {
  if (event.type === "approval:asked") return [askedText(event)];
  return event.type === "approval:answered" ? [...told, answerText(event)] : told;
}

function linesOf(
  { operation, stacks, ownTerminal, recent, path }: TextState,
  event: Exclude<EventLine, { type: "end" | "log:line" }>,
  before: Operation | null,
): TextLine[] {
  switch (event.type) {
    case "operation:submitted": {
      const { chain, op, id } = event.operation;
      return chain.index === 0 ? [] : [note(`chained to ${op} (${id})`)];
    }
    case "operation:edited":
      return [note(`edited: ${editedNames(event.changes, before).join(", ")}`)];
    case "attempt:started":
      return event.attempt > 1 ? [note(`attempt ${event.attempt}`)] : [];
    case "approval:asked":
      return waitsForAnswer(event, operation, ownTerminal);
    case "approval:answered":
      return [note(answerText(event))];
    case "attempt:requeued":
      // The question says it.
      if (operation !== null && waitsForApproval(operation) !== null)
        return [{ to: "bar", view: null }];
      return [
        { to: "bar", view: null },
        note(
          `queued again${event.retryAt === null ? "" : `, starts at ${formatLocalTime(new Date(event.retryAt))}`}: ${event.reason}`,
        ),
      ];
    case "operation:retried":
      return [note(retriedText(event))];
    case "cancel:requested":
      return [
        note(event.reason === "timeout" ? "timed out; stopping" : "cancel requested; stopping"),
      ];
    case "stage:entered":
      return [
        noBar(event.index, "begins"),
        ...(path.at(-1) === event.stage
          ? []
          : [header([...path, event.stage], event.index, operation?.stages.length ?? 0)]),
      ];
    case "stage:left":
      return [noBar(event.index, "ends"), ...endOfStage(event)];
    case "step:finished":
      return [stepEnd(event)];
    case "progress:changed":
      // The bar of the stage counts the steps.
      if (event.step !== undefined) return [];
      return [{ to: "bar", view: { ...event, stage: stageOfBar(operation, path) } }];
    case "status:changed":
      if (event.status.text === "") return [];
      return [
        oneLine(
          event.status.text,
          event.status.level === "info" ? "plain" : event.status.level,
          event.step,
        ),
      ];
    case "input:waiting":
      return waitsForInput(event.prompt, operation, ownTerminal);
    case "records:dropped":
      return [
        note(`${event.count} progress and log records were dropped: they could not be written`),
      ];
    case "operation:finished":
      return [{ to: "bar", view: null }, ...finished(event, stacks, recent)];
    default:
      return [];
  }
}

function retriedText({
  from,
  because,
  done = [],
}: Extract<EventLine, { type: "operation:retried" }>): string {
  const places = done.map(({ stage, step }) => (step === undefined ? stage : `${stage}/${step}`));
  const byHand = done.length === 0 ? "" : `; done by hand by ${done[0]!.by}: ${places.join(", ")}`;
  const why = because === undefined ? "" : `: ${because}`;
  return (from === null ? "retried" : `retried from ${from}`) + why + byHand;
}

/**
 * A stage that is done, failed or cancelled has no line: the next header or the end of the
 * operation says it.
 */
function endOfStage(event: Extract<EventLine, { type: "stage:left" }>): TextLine[] {
  const sign = stageGlyph(event.state);
  if (event.resumed) return [oneLine(event.reason ?? "done in an earlier attempt", "note")];
  if (event.state === "skipped") return [oneLine(`${sign} skipped: ${event.reason ?? ""}`, "note")];
  if (event.state === "up-to-date")
    return [oneLine(`${sign} ${event.reason ?? "up to date"}`, "note")];
  // The log has the error.
  if (event.state === "allowed-failure") return [oneLine(`${sign} allowed failure`, "warning")];
  return [];
}

/** A person who watches on another terminal gets the command to answer. */
function waitsForInput(
  prompt: string,
  operation: Operation | null,
  ownTerminal: boolean,
): TextLine[] {
  if (ownTerminal) return [];
  const question = prompt === "" ? "" : ` (${sanitize(prompt)})`;
  const answer = operation === null ? "" : `; answer it with: liveops attach ${operation.id}`;
  return [{ to: "err", text: `waiting for input${question}${answer}`, tone: "warning" }];
}

/** In `liveops run`, the person at the terminal is asked. */
function waitsForAnswer(
  {
    question,
    choices,
    until,
    default: fallback,
    attempt,
  }: Extract<EventLine, { type: "approval:asked" }>,
  operation: Operation | null,
  ownTerminal: boolean,
): TextLine[] {
  if (ownTerminal) return [];
  const all = choices.map((choice) => sanitize(choice)).join(", ");
  const time =
    until === null
      ? ""
      : ` by ${formatLocalTime(new Date(until))}${fallback === null ? "" : `, else ${sanitize(fallback)}`}`;
  const answer =
    operation === null
      ? ""
      : `; answer it with: ${answerCommand(operation.id, { choices, attempt })}`;
  const text = `${sanitize(askedText({ question }))} (${all})${time}${answer}`;
  return [{ to: "err", text, tone: "warning" }];
}

function noBar(index: number | null, untracked: "begins" | "ends"): TextLine {
  return { to: "bar", view: null, ...(index === null && { untracked }) };
}

/** The stage that the bar of a record belongs to. */
function stageOfBar(operation: Operation | null, path: readonly string[]): string | null {
  const stage = operation?.untrackedStage ?? operation?.stages[operation.currentStage];
  return stage === undefined ? null : [...path, stage].join(" › ");
}

/** What an edit, or a retry, changed. The present text of a pipeline comes with its parameters. */
function editedNames(changes: Changes, before: Operation | null): string[] {
  const { params } = changes;
  const isSame =
    before !== null &&
    params !== undefined &&
    isDeepStrictEqual(ownParams(before), ownParams({ ...before, params }));
  const hidden: readonly string[] = isSame ? [...DERIVED, "params"] : DERIVED;
  const names = Object.keys(changes).filter((key) => !hidden.includes(key));
  return names.length === 0 ? ["text"] : names;
}

function finished(
  event: Extract<EventLine, { type: "operation:finished" }>,
  stacks: boolean,
  recent: readonly string[],
): TextLine[] {
  if (event.state === "succeeded") {
    const odd = oddNotes(event).map(
      (text): TextLine => ({ to: "err", text: sanitize(text), tone: "warning" }),
    );
    return [
      ...resultLines(event).map((text): TextLine => ({ to: "out", text, tone: "plain" })),
      ...odd,
    ];
  }
  if (event.state === "cancelled") return [{ to: "err", text: "cancelled", tone: "warning" }];
  const error = event.error ?? { code: "", message: "failed", stack: null };
  const { code, message, stack } = error;
  const ours = code.startsWith("LIVEOPS_") && !QUIET.has(code) ? ` (${code})` : "";
  const lines: TextLine[] = [err(`failed: ${unprinted(message, recent)}${ours}`)];
  const places = stacks && stack && code !== "LIVEOPS_FAILED" ? unsaid(stack, message) : "";
  if (places !== "") lines.push(err(places));
  if (stacks) lines.push(...causeLines(error).map(err));
  return lines;
}

/** The message without the last lines of a program, where the log just showed them. */
function unprinted(message: string, recent: readonly string[]): string {
  const [first = "", ...lines] = message.split("\n");
  if (lines.length === 0) return message;
  const texts = withoutMakeEnd(recent).slice(-lines.length).map(withoutSequences);
  return lines.every((line, i) => texts[i]?.startsWith(line)) ? first : message;
}

/** Codes that add nothing to "failed". */
const QUIET = new Set(["LIVEOPS_FAILED", "LIVEOPS_EXCEPTION"]);

/** Errors whose names add nothing to their messages. */
const UNNAMED = new Set(["Error", "Failure", "StepsError"]);

/** The stack without its leading message, where that message was printed already. */
function unsaid(stack: string, message: string): string {
  const places = stack.search(/^\s+at /m);
  const [, name = "", text = ""] =
    /^([\w$.]*)(?:: )?(.*)$/s.exec(places === -1 ? stack : stack.slice(0, places).trimEnd()) ?? [];
  if (!message.startsWith(text)) return stack;
  const kind = UNNAMED.has(name) || message.startsWith(name) ? "" : `${name}\n`;
  return places === -1 ? kind.trimEnd() : kind + stack.slice(places);
}

function header(path: readonly string[], index: number | null, count: number): TextLine {
  const name = path.map((each) => sanitize(each)).join(" › ");
  return {
    to: "out",
    text: index === null ? `=== ${name} ===` : `=== [${index + 1}/${count}] ${name} ===`,
    tone: "header",
  };
}

function logLine({ stream, text, step }: LogLine): TextLine {
  const line = stream === "liveops" ? note(text) : oneLogLine(text);
  return step === undefined ? line : { ...line, step };
}

function oneLogLine(text: string): PrintedLine {
  return { to: "out", text: sanitizeLogLine(text), tone: "plain" };
}

/** Always one line: a second line could look like a header. */
function oneLine(text: string, tone: Tone, step?: string): TextLine {
  return { to: "out", text: sanitize(text), tone, step };
}

/** Unlike a stage, a step has a line for each end: others run on, so that no header says it. */
function stepEnd(event: Extract<EventLine, { type: "step:finished" }>): TextLine {
  const { step, state, resumed, seconds, reason, error } = event;
  const tone = STEP_TONES[knownStepState(state)] ?? "note";
  // The log has just told the error of an allowed failure.
  const told = state === "allowed-failure" ? "" : (reason ?? error?.message ?? "");
  const why = sanitize(firstLine(told));
  const took = isUnrun(state) ? "" : `  ${formatDuration(seconds)}`;
  const end = `${stageGlyph(state)} ${STEP_WORDS[knownStepState(state)]}${took}`;
  let text = end + (why && `: ${why}`);
  if (state === "up-to-date") text = `${stageGlyph(state)} ${why}`;
  if (resumed) text = why;
  return { to: "err", text, tone, step };
}

const STEP_WORDS: Record<StepState, string> = {
  active: "active",
  done: "done",
  "up-to-date": "up to date",
  "allowed-failure": "allowed failure",
  skipped: "skipped",
  failed: "failed",
  cancelled: "cancelled",
  ended: "ended",
};
const STEP_TONES: Partial<Record<StepState, Tone>> = {
  failed: "error",
  "allowed-failure": "warning",
  cancelled: "warning",
};

function err(text: string): TextLine {
  return { to: "err", text: sanitize(text, { newlines: true }), tone: "error" };
}

function note(text: string): PrintedLine {
  return { to: "err", text: sanitize(text, { newlines: true }), tone: "note" };
}

/**
 * The bar where lines cannot be redrawn: one plain line at each tenth, with its true percent. Pure.
 */
export interface Steps {
  /** The last printed tenth; 0 before the first. */
  tenth: number;
  /** Label and total of the bar of that tenth. */
  bar?: string;
  /**
   * Tenths of the bar that comes back when the untracked stage ends; they are not printed again.
   */
  outer?: Steps;
}

/**
 * The tenths restart when the bar goes back, is removed, or is replaced. An unknown total has no
 * tenths.
 *
 * @param untracked - an untracked stage begins or ends, with the removed bar
 */
export function stepLine(
  steps: Steps,
  view: BarView | null,
  untracked?: "begins" | "ends",
): { steps: Steps; line: string | null } {
  if (view === null) {
    const none = untracked === "begins" ? { tenth: 0, outer: steps } : { tenth: 0 };
    return { steps: untracked === "ends" ? (steps.outer ?? none) : none, line: null };
  }
  const { progress, percent } = view;
  if (progress !== null && progress.total === null) return { steps, line: null };
  const label = progress?.label ?? view.stage;
  const bar = `${label} ${progress?.total}`;
  const tenth = Math.floor(percent / 10);
  const before = bar === steps.bar ? steps.tenth : 0;
  const next = { tenth, bar, outer: steps.outer };
  if (tenth <= before) return { steps: next, line: null };
  const name = label ? `${sanitize(label)} ` : "";
  const unit = progress?.unit == null ? null : sanitize(progress.unit);
  const amount = progress ? formatAmount(progress.done, progress.total, unit) : "";
  const counted = amount === "" ? "" : ` (${amount})`;
  return { steps: next, line: `${name}${formatPercent(percent, progress?.approximate)}${counted}` };
}
