/**
 * Text mode's core: (state, event or log line) → (state, what is said). Pure; `screen.ts` prints it.
 *
 * stdout gets headers, lines and results, stderr errors and messages of ours. Used by `run`, `watch` and
 * `submit --follow` alike, so that an operation reads the same with and without the daemon.
 */
import type { EventLine } from "../../protocol/client/client.js";
import { sanitize } from "../../protocol/command/sanitize.js";
import type { Operation } from "../../protocol/operation.js";
import { reduceOutline } from "../../protocol/reduce.js";
import { formatAmount, formatPercent } from "../terminal/format.js";
import { jsonLine } from "../terminal/json.js";
import type { BarView } from "./bar.js";

/**
 * An operation's result for scripts that read stdout: a line for each key of an object, its nested values as JSON; `result=…` for anything else. No result, no line.
 * A text stays one line: its newlines are written `\n`.
 */
export function resultLines(result: unknown): string[] {
  if (result === null || result === undefined) return [];
  if (typeof result !== "object" || Array.isArray(result)) return [`result=${shown(result)}`];
  return Object.entries(result).map(([key, value]) => `${sanitize(key)}=${shown(value)}`);
}

function shown(value: unknown): string {
  return typeof value === "string" ? sanitize(value) : jsonLine(value);
}

export type TextLine =
  | { to: "out" | "err"; text: string; tone: Tone }
  /** The bar as it is now; null where there is none any more. */
  | { to: "bar"; view: BarView | null };

/** What a line is, for its colour on a terminal. */
export type Tone = "header" | "plain" | "note" | "success" | "warning" | "error";

interface TextState {
  /** Its outline (`foldOutline`): at which of how many stages it is. */
  readonly operation: Operation | null;
  /** Of an operation that threw, print the stack too: nothing else keeps it (`run`). */
  readonly stacks: boolean;
}

export function textState(options: { stacks?: boolean } = {}): TextState {
  return { operation: null, stacks: options.stacks ?? false };
}

interface Step {
  state: TextState;
  said: TextLine[];
}

export function step(state: TextState, line: EventLine): Step {
  if (line.type === "end") return { state, said: [] };
  if (line.type === "log:line") return { state, said: [logLine(line.stream, line.text)] };
  // A chain's next operation begins a record of its own.
  const before = line.type === "operation:submitted" ? null : state.operation;
  const operation =
    before === null && line.type !== "operation:submitted" ? null : reduceOutline(before, line);
  const next = { ...state, operation };
  return { state: next, said: said(next, line) };
}

function said(
  { operation, stacks }: TextState,
  event: Exclude<EventLine, { type: "end" | "log:line" }>,
): TextLine[] {
  switch (event.type) {
    case "operation:submitted": {
      const { chain, op, id } = event.operation;
      return chain.index === 0 ? [] : [note(`chained to ${op} (${id})`)];
    }
    case "attempt:started":
      return event.attempt > 1 ? [note(`attempt ${event.attempt}`)] : [];
    case "attempt:requeued":
      return [
        { to: "bar", view: null },
        note(`queued again${event.retryAt === null ? "" : `, starts at ${event.retryAt}`}: ${event.reason}`),
      ];
    case "operation:retried":
      return [note(event.from === null ? "retried" : `retried from ${event.from}`)];
    case "cancel:requested":
      return [note(event.reason === "timeout" ? "timed out; stopping" : "cancel requested; stopping")];
    case "stage:entered":
      return [{ to: "bar", view: null }, header(event.stage, event.index, operation?.stages.length ?? 0)];
    case "stage:left":
      return event.resumed
        ? [{ to: "bar", view: null }, oneLine("done in an earlier attempt", "note")]
        : [{ to: "bar", view: null }];
    case "progress:changed":
      return [{ to: "bar", view: { ...event, stage: operation?.stages[operation.currentStage] ?? null } }];
    case "status:changed":
      return [oneLine(event.status.text, event.status.level === "info" ? "plain" : event.status.level)];
    case "records:dropped":
      return [note(`${event.count} progress and log records were dropped: they could not be written`)];
    case "operation:finished":
      return [{ to: "bar", view: null }, ...finished(event, stacks)];
    default:
      return [];
  }
}

function finished(event: Extract<EventLine, { type: "operation:finished" }>, stacks: boolean): TextLine[] {
  if (event.state === "succeeded")
    return resultLines(event.result).map((text) => ({ to: "out", text, tone: "plain" }));
  if (event.state === "cancelled") return [{ to: "err", text: "cancelled", tone: "warning" }];
  const { code, message, stack } = event.error ?? { code: "", message: "failed", stack: null };
  const ours = code.startsWith("LIVEOPS_") && !QUIET.has(code) ? ` (${code})` : "";
  const lines: TextLine[] = [err(`failed: ${message}${ours}`)];
  const places = stacks && stack && code !== "LIVEOPS_FAILED" ? unsaid(stack, message) : "";
  if (places !== "") lines.push(err(places));
  return lines;
}

/** Codes that say no more than "failed" does. */
const QUIET = new Set(["LIVEOPS_FAILED", "LIVEOPS_EXCEPTION"]);

/** The stack without the message it begins with, where that was said already. */
function unsaid(stack: string, message: string): string {
  const places = stack.search(/^\s+at /m);
  const [, name = "", text = ""] =
    /^([\w$.]*)(?:: )?(.*)$/s.exec(places === -1 ? stack : stack.slice(0, places).trimEnd()) ?? [];
  if (!message.startsWith(text)) return stack;
  const kind = name === "Error" || name === "Failure" || message.startsWith(name) ? "" : `${name}\n`;
  return places === -1 ? kind.trimEnd() : kind + stack.slice(places);
}

function header(stage: string, index: number | null, count: number): TextLine {
  const name = sanitize(stage);
  return {
    to: "out",
    text: index === null ? `=== ${name} ===` : `=== [${index + 1}/${count}] ${name} ===`,
    tone: "header",
  };
}

function logLine(stream: string, text: string): TextLine {
  return stream === "liveops" ? note(text) : oneLine(text, "plain");
}

/** One line, whatever the text holds: a second one could look like a header. */
function oneLine(text: string, tone: Tone): TextLine {
  return { to: "out", text: sanitize(text), tone };
}

function err(text: string): TextLine {
  return { to: "err", text: sanitize(text, { newlines: true }), tone: "error" };
}

function note(text: string): TextLine {
  return { to: "err", text: sanitize(text, { newlines: true }), tone: "note" };
}

/** The bar where nothing can be drawn over: a plain line each time another tenth is reached. Pure. */
export interface Steps {
  /** The last tenth that was said; 0 before the first. */
  tenth: number;
  /** Which bar it was of. */
  bar?: string;
}

/** A bar that goes back, or away, or is another one, starts the tenths anew. An unknown total has no tenths. */
export function stepLine(steps: Steps, view: BarView | null): { steps: Steps; line: string | null } {
  if (view === null) return { steps: { tenth: 0 }, line: null };
  const { progress, percent } = view;
  if (progress !== null && progress.total === null) return { steps, line: null };
  const label = progress?.label ?? view.stage;
  const bar = `${label} ${progress?.total}`;
  const tenth = Math.floor(percent / 10);
  const before = bar === steps.bar ? steps.tenth : 0;
  if (tenth <= before) return { steps: { tenth, bar }, line: null };
  const name = label ? `${sanitize(label)} ` : "";
  const unit = progress?.unit == null ? null : sanitize(progress.unit);
  const amount = progress ? ` (${formatAmount(progress.done, progress.total, unit)})` : "";
  return { steps: { tenth, bar }, line: `${name}${formatPercent(tenth * 10)}${amount}` };
}
