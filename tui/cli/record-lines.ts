/** A record as text lines: what `liveops show` prints. */
import { hostname } from "node:os";
import { getOwn } from "../../protocol/get-own.js";
import type { Operation } from "../../protocol/operation.js";
import { DEFAULT_QUEUE } from "../../protocol/reduce.js";
import type { ForecastReply } from "../../protocol/replies.js";
import { shownParams } from "../../protocol/shown-params.js";
import { isFinal } from "../../protocol/state.js";
import { hasProc, NOT_AVAILABLE } from "../../protocol/system/own-process.js";
import type { Paint } from "../../protocol/text/colour.js";
import { firstLine } from "../../protocol/text/first-line.js";
import { sanitize } from "../../protocol/text/sanitize.js";
import { fileUrl, type Linker, unlinked } from "../kit/output/links.js";
import { formatShortTime } from "../kit/output/local-time.js";
import { fullTime, type TimeStyle } from "../kit/output/time.js";
import { formatAbout, formatBytes, formatCount, formatDuration } from "../terminal/format.js";
import { stageColour, stageGlyph, stateColour, stateGlyph } from "../terminal/glyphs.js";
import { ranHere, stageNote } from "../terminal/stage-note.js";
import { barLine } from "../text/bar.js";
import { causeLines, frameLines } from "../text/causes.js";
import { resultLines } from "../text/lines.js";
import { type ChainLinks, chainLines } from "./chain-lines.js";
import { linkedLine } from "./run-links.js";

const BAR_COLUMNS = 60;
const NAME_COLUMNS = 10;

export interface RecordLook {
  paint: Paint;
  now?: number;
  /** Null: times are printed in both ways. */
  time?: TimeStyle | null;
  chain?: ChainLinks | null;
  forecast?: ForecastReply | null;
  link?: Linker;
  /** Addresses of the files of the run. */
  urls?: { run: string | null; log: string | null };
}

/** A record as text lines; empty fields are left out. */
export function recordLines(it: Operation, options: RecordLook): string[] {
  const { paint, chain, forecast, link = unlinked, time = null } = options;
  const now = options.now ?? Date.now();
  const field = (name: string, value: string | null) =>
    value === null || value === "" ? [] : [`${paint("dim", name.padEnd(NAME_COLUMNS))}${value}`];
  const section = (name: string, lines: string[]) =>
    lines.length === 0 ? [] : [paint("dim", name), ...lines.map((line) => `  ${line}`)];
  const when = (iso: string) => fullTime(iso, time, now);
  const timeField = (name: string, iso: string | null) => field(name, iso === null ? null : when(iso));
  // In a fleet, the files of an operation are on its host.
  const cwd = it.host === undefined || it.host === hostname() ? it.cwd : null;
  const linkedText = (text: string) => linkedLine(text, cwd, link);
  const state = `${stateGlyph(it.state)} ${it.state}${stateNote(it, when)}`;
  return [
    `${link(options.urls?.run ?? null, paint("bold", it.id))}  ${sanitize(it.op)}  ${paint(stateColour(it.state), state)}`,
    ...field("title", linkedText(sanitize(it.title))),
    ...field("label", it.label === null ? null : linkedText(sanitize(it.label))),
    ...field("cwd", link(cwd === null ? null : fileUrl(cwd), sanitize(it.cwd))),
    ...field("pid", it.pid ? String(it.pid) : null),
    ...field("terminal", it.terminal === null ? null : `${sanitize(it.terminal)}: liveops attach ${it.id}`),
    ...field("chain", chainText(it)),
    ...field("schedule", it.schedule ?? null),
    ...field("again of", it.againOf ?? null),
    ...field("trace", it.traceparent?.split("-")[1] ?? null),
    ...field("queue", queueText(it)),
    ...field("host", it.host === undefined ? null : sanitize(it.host)),
    ...field("only on", placeText(it)),
    ...field("after", waitText(it.after, it.waitsFor)),
    ...field("after any", waitText(it.afterAny, it.waitsFor)),
    ...timeField("starts at", it.notBefore),
    ...field("expected", expectedText(it, forecast?.operations[it.id], now)),
    ...field("paused", pausedText(it)),
    ...section(
      "hooks",
      Object.entries(it.hooks ?? {}).map(([hook, command]) => `${hook}: ${sanitize(command)}`),
    ),
    ...section(
      "failed hooks",
      (it.hookFailures ?? []).map((each) =>
        paint("yellow", `${each.hook} at ${when(each.at)}: ${sanitize(each.message)}`),
      ),
    ),
    ...field("attempt", it.attempt > 1 ? String(it.attempt) : null),
    ...timeField("created", it.createdAt),
    ...timeField("started", it.startedAt),
    ...timeField("finished", it.finishedAt),
    ...field("took", tookText(it, now)),
    ...field("resources", resourcesText(it)),
    ...section("params", resultLines(shownParams(it)).map(linkedText)),
    ...field("env", it.env === undefined ? null : sanitize(it.env.join(" "))),
    ...section("stages", stageLines(it, paint, now)),
    ...field(
      "progress",
      it.state === "running" && reportsProgress(it)
        ? barLine({ ...it, stage: it.untrackedStage }, BAR_COLUMNS)
        : null,
    ),
    ...field("status", it.status === null ? null : linkedText(sanitize(it.status.text))),
    ...section("result", resultLines(it.result, it.resultText).map(linkedText)),
    ...section("operations of the chain", chain ? chainLines(chain, it.id, paint) : []),
    ...section(
      "error",
      errorLines(it).map((line) => paint("red", linkedText(line))),
    ),
    ...field(
      "log",
      it.logLines === 0
        ? null
        : `${link(options.urls?.log ?? null, `${formatCount(it.logLines)} ${it.logLines === 1 ? "line" : "lines"}`)}: liveops logs ${it.id}`,
    ),
  ];
}

/** Without a report, 0% would say something that nobody knows. */
const reportsProgress = ({ progress, percent }: Operation): boolean => progress !== null || percent > 0;

/** Null for an operation of the default queue without a priority. */
function queueText({ queue, priority, slot }: Operation): string | null {
  if (queue === DEFAULT_QUEUE && priority === 0) return null;
  const slotText = slot === null ? "" : `, slot ${slot}`;
  return `${sanitize(queue)}, priority ${priority}${slotText}`;
}

/** The hosts that may run the operation; null: any. */
function placeText({ on, tags = [] }: Operation): string | null {
  const tagged = tags.length === 0 ? null : `hosts with ${tags.join(", ")}`;
  return [on, tagged].filter((part) => part != null).join(", ") || null;
}

function waitText(ids: readonly string[] | undefined, waitsFor: readonly string[] | null): string | null {
  if (ids === undefined) return null;
  const pending = ids.filter((id) => waitsFor?.includes(id)).length;
  return `${ids.join(" ")}${pending === 0 ? "" : ` (${pending} not finished)`}`;
}

/** When a queued operation starts and ends, or a running one ends, as far as that is known. */
function expectedText(
  { state }: Operation,
  expected: ForecastReply["operations"][string] | undefined,
  now: number,
): string | null {
  const said = (what: string, at: string | null | undefined) => {
    if (!at) return [];
    const time = new Date(at);
    const left = time.getTime() - now;
    return [
      left < 1000
        ? `${what} now`
        : `${what} in ~${formatAbout(left)}, at ${formatShortTime(time, new Date(now))}`,
    ];
  };
  const starts = state === "queued" ? said("to start", expected?.startsAt) : [];
  return [...starts, ...said("to end", expected?.endsAt)].join("; ") || null;
}

function pausedText({ pause }: Operation): string | null {
  if (pause === null || pause.since !== null) return null;
  return `${formatDuration(pause.seconds)} in all`;
}

function stateNote(it: Operation, when: (iso: string) => string): string {
  if (it.state === "queued" && it.blocked)
    return `, blocked since ${when(it.blocked.since)}: ${sanitize(it.blocked.reason)}`;
  if (it.state === "queued" && it.waitsFor !== null)
    return `, waits for ${it.waitsFor.length} ${it.waitsFor.length === 1 ? "operation" : "operations"}`;
  if (it.state === "queued" && it.queuePosition !== null) return `, number ${it.queuePosition} in the queue`;
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

function chainText({ chain, id }: Operation): string | null {
  if (chain.previous === null && chain.next === null) return null;
  const links = [chain.previous && `after ${chain.previous}`, chain.next && `then ${chain.next}`].filter(
    Boolean,
  );
  return `${chain.id === id ? "first" : `link ${chain.index + 1} of ${chain.id}`}, ${links.join(", ")}`;
}

function tookText(it: Operation, now: number): string | null {
  if (it.startedAt === null) return null;
  const end = it.finishedAt === null ? now : Date.parse(it.finishedAt);
  const took = formatDuration(it.seconds ?? (end - Date.parse(it.startedAt)) / 1000);
  return isFinal(it.state) ? took : `${took} so far`;
}

function resourcesText({ resources, usage, startedAt }: Operation): string | null {
  if (resources === null) return startedAt === null || hasProc() ? null : NOT_AVAILABLE;
  const { cpuSeconds, maxRssBytes, readBytes, writtenBytes } = resources;
  const now = usage && `, now ${usage.cpu.toFixed(1)} cores, ${formatBytes(usage.rssBytes)}`;
  return [
    `CPU ${formatDuration(cpuSeconds)}, memory at most ${formatBytes(maxRssBytes)}`,
    `, read ${formatBytes(readBytes)}, written ${formatBytes(writtenBytes)}`,
    now ?? "",
  ].join("");
}

function stageLines(it: Operation, paint: Paint, now: number): string[] {
  return it.stages.map((stage) => {
    const state = getOwn(it.stageStates, stage);
    const times = getOwn(it.stageTimes, stage);
    const end = times?.finishedAt ? Date.parse(times.finishedAt) : now;
    const seconds = times && (times.seconds ?? (end - Date.parse(times.startedAt)) / 1000);
    const note = stageNote(state, times);
    const took = seconds === undefined || !ranHere(state, times) ? "" : formatDuration(seconds);
    const glyph = paint(stageColour(state), stageGlyph(state));
    const said = [took, note].filter(Boolean).join("  ");
    return `${glyph} ${sanitize(stage)}${said ? `  ${paint("dim", said)}` : ""}`;
  });
}

function errorLines({ error }: Operation): string[] {
  if (error === null) return [];
  const cause = error.cause === undefined ? "" : `, ${error.cause}`;
  const first = firstLine(error.message);
  const said = `${first} (${error.code}${cause})${error.message.slice(first.length)}`;
  const text = sanitize(said, { newlines: true }).split("\n");
  return [...text, ...frameLines(error.stack), ...causeLines(error)];
}
