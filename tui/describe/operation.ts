/**
 * The facts of an operation as rows. `liveops show`, the dashboard and the exported page draw the
 * same rows.
 */
import { answerText } from "../../protocol/approval.js";
import { pausedSeconds } from "../../protocol/estimate/seconds.js";
import type { Approval, Operation, Parent } from "../../protocol/operation.js";
import { DEFAULT_QUEUE, fieldsWith } from "../../protocol/submit-fields.js";
import { hasProc, NOT_AVAILABLE } from "../../protocol/system/own-process.js";
import { formatShortTime } from "../kit/output/local-time.js";
import { formatBytes, formatDuration } from "../terminal/format.js";
import { LEAST_SAVED, oddNotes } from "../terminal/stage-note.js";
import { elapsedOf } from "./duration.js";

export interface Row {
  readonly label: string;
  /** Untrusted text; an ISO time for `time` and `start`. */
  readonly value: string;
  /**
   * `place`: where it runs and in which order. `start`: the time before which it does not start.
   */
  readonly kind: "text" | "directory" | "place" | "time" | "start";
  /** The value is the default. */
  readonly isDefault?: boolean;
}

interface Look {
  /** In ms. */
  readonly now: number;
}

/** The rows of fields that a submit decides. */
const FIELD_ROWS = {
  hosts: fieldsWith("row", "hosts"),
  queue: fieldsWith("row", "queue"),
  dependencies: fieldsWith("row", "dependencies"),
  start: fieldsWith("row", "start"),
};

type Value = string | null | undefined | false;

/** The rows that have a value. */
export function describeOperation(it: Operation, look: Look): Row[] {
  const pending = (dependency: string) =>
    it.waitsFor?.includes(dependency) ? `${dependency} (not finished)` : dependency;
  const { now } = look;
  const row = (
    label: string,
    value: Value,
    kind: Row["kind"] = "text",
    isDefault = false,
  ): Row[] => (value ? [{ label, value, kind, ...(isDefault && { isDefault }) }] : []);
  const fields = (group: keyof typeof FIELD_ROWS) =>
    FIELD_ROWS[group].flatMap(([name, field]) => {
      const { label, kind, isAlways } = field.row;
      const value = it[name];
      const isStandard = value === field.standard;
      if (value == null || (isStandard && !isAlways)) return [];
      const texts = [value].flat().map(String);
      return kind === "operations"
        ? row(label, texts.map(pending).join(", "))
        : row(label, texts.join(", "), kind, isStandard);
    });
  const elapsed = elapsedOf(it, now);
  return [
    ...row("id", it.id),
    ...row("type", it.op),
    ...row("label", it.label),
    ...row("directory", it.cwd, "directory"),
    ...row("pid", it.pid ? String(it.pid) : null),
    ...row("terminal", it.terminal && `${it.terminal}: liveops attach ${it.id}`),
    ...row("inside of", it.parent && [it.parent.id, placeIn(it.parent)].filter(Boolean).join(", ")),
    ...row("waits for", lentText(it)),
    ...row("again of", it.againOf),
    ...row("forced", it.force && "also what is up to date"),
    ...row("host", it.host),
    ...fields("hosts"),
    ...fields("queue"),
    ...row("slot", it.slot !== null && String(it.slot), "text", it.queue === DEFAULT_QUEUE),
    ...row("schedule", it.schedule, "place"),
    ...fields("dependencies"),
    ...fields("start"),
    ...(it.approvals ?? []).flatMap((each) => row("approval", approvalText(each, it, now))),
    ...row("attempt", it.attempt > 1 && String(it.attempt)),
    ...row("submitted", it.createdAt, "time"),
    ...row("started", it.startedAt, "time"),
    ...row("finished", it.finishedAt, "time"),
    ...row(
      it.finishedAt === null ? "elapsed" : "took",
      elapsed !== null && formatDuration(elapsed),
    ),
    ...row("odd", oddNotes(it).join("; ")),
    ...row("saved", savedTime(it)),
    ...row("paused", pausedText(it, now)),
    ...row("chain", chainText(it)),
    ...resourceTexts(it).flatMap(([label, value]) => row(label, value)),
    ...row("env", it.env?.join(" ")),
  ];
}

/** `Build › lint`; empty: outside of all stages. */
export const placeIn = ({ stage, step }: Parent): string =>
  [stage, step].filter((name) => name != null).join(" › ");

function lentText({ state, waitsFor, slot }: Operation): string | null {
  if (state !== "running" || waitsFor === null) return null;
  return `${waitsFor.join(", ")}${slot === null ? "" : ", to which its slot is lent"}`;
}

/** The question with its choices, or its answer, who gave it and when. */
function approvalText(asked: Approval, { finishedAt }: Operation, now: number): string {
  const { question, choices, until, default: fallback, answer } = asked;
  const time = (at: string) => formatShortTime(new Date(at), new Date(now));
  if (answer !== null) return `${question} ${answerText(answer)}, at ${time(answer.at)}`;
  if (finishedAt !== null) return `${question} not answered`;
  const limit =
    until === null ? "" : `; until ${time(until)}${fallback === null ? "" : `, then ${fallback}`}`;
  return `${question} (${choices.join(", ")}${limit})`;
}

/** How long the stages and steps would have taken that are up to date. */
export function savedTime({ stageTimes }: Pick<Operation, "stageTimes">): string {
  const seconds = Object.values(stageTimes).reduce((sum, { saved = 0 }) => sum + saved, 0);
  return seconds < LEAST_SAVED ? "" : formatDuration(seconds);
}

function pausedText(it: Operation, now: number): string | null {
  const seconds = Math.floor(pausedSeconds(it, now));
  if (seconds === 0) return null;
  const isPaused = it.state === "running" && it.pause?.since != null;
  return `${formatDuration(seconds)} in all${isPaused ? ", still paused" : ""}`;
}

function chainText({ chain }: Operation): string | null {
  const { previous, next, index } = chain;
  if (previous === null && next === null) return null;
  const links = [previous && `after ${previous}`, next && `then ${next}`].filter(Boolean);
  return `operation ${index + 1} of ${chain.id}, ${links.join(", ")}`;
}

function resourceTexts({
  resources,
  usage,
  startedAt,
}: Operation): Array<[label: string, value: string]> {
  if (resources == null)
    return startedAt === null || hasProc()
      ? []
      : ["cpu", "memory"].map((label) => [label, NOT_AVAILABLE]);
  const { cpuSeconds, maxRssBytes, readBytes, writtenBytes } = resources;
  const storage = `${formatBytes(readBytes)} read, ${formatBytes(writtenBytes)} written`;
  const [cores, memory] = usage
    ? [`, now ${usage.cpu.toFixed(1)} cores`, `, now ${formatBytes(usage.rssBytes)}`]
    : ["", ""];
  return [
    ["cpu", formatDuration(cpuSeconds) + cores],
    ["memory", `${formatBytes(maxRssBytes)} peak${memory}`],
    ["storage", hasProc() || readBytes + writtenBytes > 0 ? storage : NOT_AVAILABLE],
  ];
}

/**
 * The parameters that people read. For a pipeline that was submitted by path: its file and its own
 * parameters, without the text of the file. For other operations: all parameters.
 */
export function shownParams({
  op,
  params,
}: Pick<Operation, "op" | "params">): Record<string, unknown> {
  const { text, path, params: own } = params;
  if (op !== "pipeline" || typeof text !== "string" || typeof own !== "object" || own === null)
    return params;
  return { file: path ?? "stdin", ...own };
}
