/** A record as text lines: what `liveops show` prints. */
import { answerCommand, waitsForApproval } from "../../../protocol/approval.js";
import { secondsBetween, stageRanSeconds } from "../../../protocol/estimate/seconds.js";
import { getOwn } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ForecastReply } from "../../../protocol/replies.js";
import type { Paint } from "../../../protocol/text/colour.js";
import { firstLine } from "../../../protocol/text/first-line.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { describeOperation, type Row, shownParams } from "../../describe/operation.js";
import { stepFacts, stepsOf } from "../../describe/steps.js";
import { formatShortTime } from "../../kit/output/local-time.js";
import { fullTime } from "../../kit/output/time.js";
import { formatAbout, formatCount, formatDuration } from "../../terminal/format.js";
import { stageColour, stageGlyph, stateColour, stateGlyph } from "../../terminal/glyphs.js";
import { ranHere, stageNote } from "../../terminal/stage-note.js";
import { formatMargin, groundOf } from "../../terminal/time-left.js";
import { barLine } from "../../text/bar.js";
import { causeLines, frameLines } from "../../text/causes.js";
import { resultLines, valueLines } from "../../text/result.js";
import { type ChainLinks, chainLines } from "./chain-lines.js";

const BAR_COLUMNS = 60;
const NAME_COLUMNS = 12;

export interface RecordLook {
  paint: Paint;
  now?: number;
  chain?: ChainLinks | null;
  /** Lines about the operations inside of it. */
  inside?: string[];
  forecast?: ForecastReply | null;
}

/** A record as text lines; empty fields are left out. */
export function recordLines(it: Operation, options: RecordLook): string[] {
  const { paint, chain, forecast } = options;
  const now = options.now ?? Date.now();
  const field = (name: string, value: string | null) =>
    value === null || value === ""
      ? []
      : [`${paint("dim", name.padEnd(NAME_COLUMNS - 1))} ${value}`];
  const section = (name: string, lines: string[]) =>
    lines.length === 0 ? [] : [paint("dim", name), ...lines.map((line) => `  ${line}`)];
  const when = (iso: string) => fullTime(iso, now);
  const factLine = ({ label, value, kind, isDefault }: Row) => {
    // The first line has the id and the type.
    if (isDefault || label === "id" || label === "type") return [];
    if (kind === "time" || kind === "start") return field(label, when(value));
    const text = sanitize(value);
    return field(label, label === "odd" ? paint("yellow", text) : text);
  };
  const rows = describeOperation(it, { now });
  const state = `${stateGlyph(it.state)} ${it.state}${stateNote(it, when)}`;
  return [
    `${paint("bold", it.id)}  ${sanitize(it.op)}  ${paint(stateColour(it.state), state)}`,
    ...field("title", sanitize(it.title)),
    ...rows.flatMap(factLine),
    ...field("expected", expectedText(it, forecast?.operations[it.id], now)),
    ...section(
      "failed actions",
      (it.actionFailures ?? []).map((each) =>
        paint("yellow", `${each.event} at ${when(each.at)}: ${sanitize(each.message)}`),
      ),
    ),
    ...section("params", valueLines(shownParams(it))),
    ...section("stages", stageLines(it, paint, now)),
    ...field(
      "progress",
      // Without a report, the percent is unknown, so 0% is not printed.
      it.state === "running" && (it.progress !== null || it.percent > 0)
        ? barLine({ ...it, stage: it.untrackedStage }, BAR_COLUMNS)
        : null,
    ),
    ...field("status", it.status === null ? null : sanitize(it.status.text)),
    ...section("result", resultLines(it)),
    ...section("operations inside of it", options.inside ?? []),
    ...section("operations of the chain", chain ? chainLines(chain, it.id, paint) : []),
    ...section(
      "error",
      errorLines(it).map((line) => paint("red", line)),
    ),
    ...field(
      "log",
      it.logLines === 0
        ? null
        : `${formatCount(it.logLines)} ${it.logLines === 1 ? "line" : "lines"}: liveops logs ${it.id}`,
    ),
  ];
}

/** When a queued operation starts and ends, or a running one ends, as far as that is known. */
function expectedText(
  { state }: Operation,
  expected: ForecastReply["operations"][string] | undefined,
  now: number,
): string | null {
  const timeRow = (what: string, at: string | null | undefined) => {
    if (!at) return [];
    const time = new Date(at);
    const left = time.getTime() - now;
    return [
      left < 1000 && what === "to start"
        ? `${what} now`
        : `${what} in ~${formatAbout(Math.max(1000, left))}, at ${formatShortTime(time, new Date(now))}`,
    ];
  };
  const starts = state === "queued" ? timeRow("to start", expected?.startsAt) : [];
  if (expected?.late) return "later than usual: nine of ten earlier runs took less";
  const ends = timeRow("to end", expected?.endsAt).map((text) => `${text}${groundText(expected)}`);
  return [...starts, ...ends].join("; ") || null;
}

/** ` (±2s, 11 runs)`: what the end of a running operation is from. */
function groundText(
  { margin, runs }: ForecastReply["operations"][string] = { startsAt: null, endsAt: null },
) {
  const parts = [formatMargin(margin).trim(), groundOf(runs ?? null)].filter(Boolean);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

function stateNote(it: Operation, when: (iso: string) => string): string {
  const open = waitsForApproval(it);
  if (open !== null)
    return `, waits for approval since ${when(open.since)}: ${answerCommand(it.id, open)}`;
  if (it.state === "queued" && it.blocked)
    return `, blocked since ${when(it.blocked.since)}: ${sanitize(it.blocked.reason)}`;
  if (it.state === "queued" && it.waitsFor !== null)
    return `, waits for ${it.waitsFor.length} ${it.waitsFor.length === 1 ? "operation" : "operations"}`;
  if (it.state === "queued" && it.queuePosition !== null)
    return `, number ${it.queuePosition} in the queue`;
  if (it.state === "queued" && it.retryAt) return `, starts again at ${when(it.retryAt)}`;
  if (it.state === "running" && it.pause?.since)
    return `, paused since ${when(it.pause.since)}; continue it with: liveops resume ${it.id}`;
  if (it.state === "running" && it.stalledSince)
    return `, stalled since ${when(it.stalledSince)}: its worker is stopped`;
  if (it.state === "running" && it.noRoomSince)
    return `, waiting since ${when(it.noRoomSince)}: the disk of the state directory is full`;
  if (it.state === "running" && it.waitingForInput && !it.cancelRequested)
    return `, waiting for input since ${when(it.waitingForInput.since)}${promptText(it)}: liveops attach ${it.id}`;
  return it.state === "running" && it.cancelRequested ? ", cancel requested" : "";
}

function promptText({ waitingForInput }: Operation): string {
  const prompt = waitingForInput?.prompt ?? "";
  return prompt === "" ? "" : ` (${sanitize(prompt)})`;
}

function stageLines(it: Operation, paint: Paint, now: number): string[] {
  return it.stages.flatMap((stage) => {
    const state = getOwn(it.stageStates, stage);
    const times = getOwn(it.stageTimes, stage);
    const end = times?.finishedAt;
    const ran =
      end == null ? stageRanSeconds(it, stage, now) : secondsBetween(times!.startedAt, end);
    const seconds = times && (times.seconds ?? ran);
    const note = stageNote(state, times);
    const took = seconds === undefined || !ranHere(state, times) ? "" : formatDuration(seconds);
    const glyph = paint(stageColour(state), stageGlyph(state));
    const text = [took, note].filter(Boolean).join("  ");
    const line = `${glyph} ${sanitize(stage)}${text ? `  ${paint("dim", text)}` : ""}`;
    return [line, ...stepLines(it, stage, paint, now).map((each) => `  ${each}`)];
  });
}

function stepLines(it: Operation, stage: string, paint: Paint, now: number): string[] {
  const { rows, others } = stepsOf(it, stage);
  const lines = rows.map((step) => {
    const text = paint(
      "dim",
      stepFacts(step, now, it)
        .map((fact) => sanitize(fact))
        .join("  "),
    );
    return `${paint(stageColour(step.state), stageGlyph(step.state))} ${sanitize(step.name)}  ${text}`;
  });
  return others === "" ? lines : [...lines, paint("dim", others)];
}

function errorLines({ error }: Operation): string[] {
  if (error === null) return [];
  const cause = error.cause === undefined ? "" : `, ${error.cause}`;
  const first = firstLine(error.message);
  const message = `${first} (${error.code}${cause})${error.message.slice(first.length)}`;
  const text = sanitize(message, { newlines: true }).split("\n");
  return [...text, ...frameLines(error.stack), ...causeLines(error)];
}
