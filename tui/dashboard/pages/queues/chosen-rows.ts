/** What the page of the queues tells of the chosen queue or schedule. */
import type { Operation } from "../../../../protocol/operation.js";
import type { QueueReply, ScheduleReply } from "../../../../protocol/replies.js";
import { isFinal } from "../../../../protocol/state.js";
import { elapsedOf } from "../../../describe/duration.js";
import { formatShortTime } from "../../../kit/output/local-time.js";
import { formatAge } from "../../../kit/output/time.js";
import { formatCount, formatDuration } from "../../../terminal/format.js";
import { formatLeft, longLeft } from "../../../terminal/time-left.js";
import { nameOf, operationOf } from "../../core/chain.js";
import { chainTime } from "../../core/chain-time.js";
import { keyBeside } from "../../core/key.js";
import type { State } from "../../core/model.js";
import { forecastOf, queueOf, waitOf } from "../../core/queue-view.js";
import { glyphOf, PAUSED, stateWord, styleOf } from "../../core/state-style.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import { type Drawn, Line, paragraph } from "../../text/line.js";
import type { Paint } from "../../text/theme.js";

interface Room {
  readonly width: number;
  readonly height: number;
}

const LABEL = 10;

const field = (label: string, value: string, width: number, paint: Paint): Line =>
  new Line(width, paint).add(label.padEnd(LABEL), "muted").add(fit(sanitizeLine(value), width - LABEL));

export function queueRows(state: State, queue: QueueReply, { width, height }: Room, paint: Paint): Drawn[] {
  const { name, concurrency, pausedSince, configured } = queue;
  const own = [...state.view.operations.values(), ...state.fetched.values()].filter(
    (operation) => !isFinal(operation.state) && queueOf(operation) === name,
  );
  const running = own.filter((operation) => operation.state === "running");
  const waiting = own
    .filter((operation) => operation.state === "queued")
    .toSorted((a, b) => placeOf(a) - placeOf(b));
  const head: Drawn[] = [
    pausedSince === null
      ? new Line(width, paint).add("● ", "accent").add("starts operations")
      : pausedRow(`nothing starts`, pausedSince, state, width, paint),
    field("slots", `${formatCount(concurrency)}${configured ? ", from the config file" : ""}`, width, paint),
  ];
  const spare = Math.max(0, height - head.length - 4);
  const shownRunning = running.slice(0, Math.max(1, spare - Math.min(waiting.length, Math.floor(spare / 2))));
  const shownWaiting = waiting.slice(0, Math.max(0, spare - shownRunning.length));
  return [
    ...head,
    ...section("Running", queue.running, shownRunning, (it) => leftOf(state, it)),
    ...section("Next", queue.queued, shownWaiting, (it) => startOf(state, it)),
  ];

  function section(
    title: string,
    count: number,
    rows: readonly Operation[],
    right: (operation: Operation) => string,
  ): Drawn[] {
    if (count === 0) return [];
    const more = count - rows.length;
    return [
      "",
      new Line(width, paint).add(title, "bold").add(` ${formatCount(count)}`, "muted"),
      ...rows.map((operation) => operationRow(state, operation, right(operation), width, paint)),
      ...(more > 0 ? [new Line(width, paint).add(`⋯ ${formatCount(more)} more`, "muted")] : []),
    ];
  }
}

/** The time left, or what it waits for. */
function leftOf(state: State, operation: Operation): string {
  const word = stateWord(operation);
  return word === "running" ? longLeft(chainTime(state, operation)) : word;
}

const placeOf = ({ queuePosition }: Operation): number => queuePosition ?? Number.MAX_SAFE_INTEGER;

function startOf(state: State, operation: Operation): string {
  const at = forecastOf(state, operation)?.startsAt ?? null;
  if (at === null) return waitOf(state, operation)?.long ?? "";
  const seconds = (Date.parse(at) - state.now) / 1000;
  return seconds < 1 ? "next" : `in ${formatLeft(seconds)}`;
}

function operationRow(state: State, operation: Operation, right: string, width: number, paint: Paint): Line {
  const line = new Line(width, paint).add(`${glyphOf(operation)} `, styleOf(operation));
  const text = sanitizeLine(right);
  return line
    .add(fit(sanitizeLine(nameOf(state, operation)), Math.max(4, line.left - widthOf(text) - 2)))
    .right(text, "muted");
}

const pausedRow = (what: string, since: string, state: State, width: number, paint: Paint): Line =>
  new Line(width, paint)
    .add(`${PAUSED} paused for ${formatAge(since, state.now)}`, "warn", "bold")
    .addWhole(`: ${what}`, "muted")
    .addWhole("   p", "bold")
    .addWhole(" resumes", "muted");

export function scheduleRows(state: State, schedule: ScheduleReply, { width }: Room, paint: Paint): Drawn[] {
  const { name, cron, zone, jitter, overlap, catchup, operation, file } = schedule;
  const { nextAt, pausedSince, lastOperation, lastProblem, missed, missing, rebootProblem } = schedule;
  const warning = (text: string | null) =>
    text === null ? [] : paragraph(text, { width, most: 4, paint, sign: "▲ " }, "warn");
  const row = (label: string, value: string) => field(label, value, width, paint);
  const next =
    nextAt === null
      ? "no run is left"
      : `${formatShortTime(new Date(nextAt), new Date(state.now))}, in ${formatLeft((Date.parse(nextAt) - state.now) / 1000)}`;
  return [
    ...(pausedSince === null ? [] : [pausedRow("it submits nothing", pausedSince, state, width, paint)]),
    ...(pausedSince === null ? [row("next run", next)] : []),
    ...lastRows(),
    ...(missed === 0
      ? []
      : [new Line(width, paint).add("missed".padEnd(LABEL), "muted").add(formatCount(missed), "warn")]),
    ...[missing?.text ?? null, lastProblem, rebootProblem].flatMap(warning),
    "",
    row("operation", file ?? operation.op),
    row("times", `${cron} ${zone}${jitter > 0 ? `, up to ${formatDuration(jitter)} later` : ""}`),
    row("overlap", overlap),
    row("catch up", catchup),
  ];

  function lastRows(): Drawn[] {
    const last = operationOf(state, lastOperation === null ? null : keyBeside(lastOperation, name));
    if (last === null) return lastOperation === null ? [row("last run", "none")] : [];
    const took = isFinal(last.state) ? elapsedOf(last, state.now) : null;
    const when = `${formatAge(last.finishedAt ?? last.updatedAt, state.now)} ago`;
    return [
      new Line(width, paint)
        .add("last run".padEnd(LABEL), "muted")
        .add(`${glyphOf(last)} `, styleOf(last))
        .add(`${last.state}, ${when}${took === null ? "" : `, took ${formatDuration(took)}`}`),
    ];
  }
}
