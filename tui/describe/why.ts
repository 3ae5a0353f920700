/**
 * A `Why` as sections of rows. Text, dashboard, page and Markdown draw the same rows. All texts are
 * untrusted.
 */

import { failureLines } from "../../protocol/text/failure-lines.js";
import type { Change, Machine, Why } from "../../protocol/why.js";
import { formatBytes, formatCount, formatDuration } from "../terminal/format.js";
import { oddNotes } from "../terminal/stage-note.js";

export type WhyLook = "plain" | "bad" | "muted" | "added" | "removed" | "here" | "command";

export interface WhyRow {
  readonly text: string;
  readonly look: WhyLook;
}

export interface WhySection {
  readonly name: WhyName;
  /** What stands above its rows; "": nothing. */
  readonly title: string;
  readonly rows: readonly WhyRow[];
}

export type WhyName =
  | ("failure" | "source" | "output" | "changes" | "machine")
  | ("waits" | "odd" | "left" | "ran" | "notes" | "next");

/** The sections that have something to tell. */
export function describeWhy(why: Why): WhySection[] {
  const all: WhySection[] = [
    { name: "failure", title: "", rows: failureRows(why) },
    { name: "source", title: "", rows: sourceRows(why) },
    { name: "output", title: "last lines", rows: plain(why.failure?.lines ?? []) },
    { name: "waits", title: "", rows: waitRows(why) },
    { name: "odd", title: "unusual", rows: plain(oddNotes(why)) },
    {
      name: "left",
      title: leftTitle(why),
      rows: why.left.map(decisionRow),
    },
    { name: "ran", title: "ran", rows: why.ran.map(decisionRow) },
    {
      name: "changes",
      title: sinceTitle(why),
      rows: why.changes.flatMap((change) => changeRows(change, why.at)),
    },
    {
      name: "machine",
      title: "machine",
      rows: why.machine === null ? [] : machineRows(why.machine),
    },
    { name: "notes", title: "", rows: why.notes.map((text) => row(text, "muted")) },
    { name: "next", title: "next", rows: nextRows(why) },
  ];
  return all.filter(
    ({ name, rows }) => rows.length > 0 || (name === "changes" && why.since !== null),
  );
}

const row = (text: string, look: WhyLook = "plain"): WhyRow => ({ text, look });
const plain = (texts: readonly string[]): WhyRow[] => texts.map((text) => row(text));

function failureRows({ failure, attempt }: Why): WhyRow[] {
  if (failure === null) return [];
  return failureLines(failure, attempt).map(({ part, text }) => row(text, LOOKS[part]));
}

const LOOKS = { where: "plain", command: "plain", error: "bad", place: "muted" } as const;

function sourceRows({ failure }: Why): WhyRow[] {
  const { source = null, place = null } = failure ?? {};
  if (source === null) return [];
  const digits = String(source.from + source.lines.length - 1).length;
  const indent = Math.min(
    ...source.lines.filter((text) => text.trim() !== "").map((text) => text.search(/\S/)),
  );
  return source.lines.map((text, i) => {
    const number = source.from + i;
    const isHere = number === place?.line && place.to === undefined;
    const sign = isHere ? "▸" : " ";
    return row(
      `${sign} ${String(number).padStart(digits)} │ ${text.slice(indent)}`,
      isHere ? "here" : "plain",
    );
  });
}

function sinceTitle({ since, at, changes }: Why): string {
  if (since === null) return "";
  const took = since.seconds === null ? "" : `, took ${formatDuration(since.seconds)}`;
  const what = changes.length === 0 ? "nothing known has changed" : "changed";
  return `${what} since ${since.id} succeeded (${before(since.finishedAt, at)}${took})`;
}

/**
 * `since it succeeded 6s before`, `nothing known has changed since it succeeded 6s before`; "": no
 * success is known.
 */
export function sinceText({ since, at, changes }: Why): string {
  if (since === null) return "";
  const what = changes.length === 0 ? "nothing known has changed " : "";
  return `${what}since it succeeded ${before(since.finishedAt, at)}`;
}

/** `2h before`. */
function before(time: string, end: string): string {
  const seconds = (Date.parse(end) - Date.parse(time)) / 1000;
  return `${formatDuration(Math.max(0, Math.round(seconds)))} before`;
}

const DIFF_TONES = new Map<string, WhyLook>([
  ["+", "added"],
  ["-", "removed"],
]);

function changeRows(
  { kind, name, before: was, now, at, diff = [] }: Change,
  end: string,
): WhyRow[] {
  const when = at === undefined ? "" : `, ${before(at, end)}`;
  switch (kind) {
    case "script":
      return [
        row(diff.length === 0 ? `${name} was edited${when}` : `${name}${when}`),
        ...diff.map((line) => row(`  ${line}`, DIFF_TONES.get(line.charAt(0)) ?? "muted")),
      ];
    case "commit":
      if (was !== undefined) return [row(`commit ${name} is checked out (was ${was})`)];
      return [row(now === undefined ? `commits: ${name}` : `commit ${name} by ${now}${when}`)];
    case "parameter":
      if (now === undefined) return [row(`${name} is not set (was ${was})`)];
      return [row(`${name}=${now} (was ${was ?? "not set"})`)];
    case "variable":
      if (was !== undefined) return [row(`${name} is not set any more`)];
      return [row(`${name} ${now === undefined ? "has another value" : "is new"}`)];
    case "stage":
      return [row(`stage ${name} took ${now}, usually ${was}`)];
    case "log":
      return [row(`new in the log, ${name} (${was}):`), row(`  ${now}`, "here")];
    case "directory":
    case "host":
    case "version":
      return [row(`${kind}: ${now ?? "none"} (was ${was ?? "none"})`)];
    default:
      return [row(`${kind} ${name}: ${now ?? "none"} (was ${was ?? "none"})${when}`)];
  }
}

/**
 * Free space below which a disk or the memory is a likely cause, as a part of it: file systems keep
 * 5 % for root.
 */
const FULL = 0.05;
/**
 * Load of a core above which programs wait so long that they run into time limits; a build alone
 * makes 1 to 2.
 */
const LOAD_MOST = 4;

function machineRows({ disks, memory, load, cores, processes, outOfMemory }: Machine): WhyRow[] {
  const share = (part: number, whole: number) =>
    `${formatBytes(part)} of ${formatBytes(whole)} free`;
  const few = (part: number, whole: number): WhyLook => (part < whole * FULL ? "bad" : "plain");
  const named = processes.map(
    ({ name, pid, rssBytes }) => `${name} (${pid}) ${formatBytes(rssBytes)}`,
  );
  return [
    ...(outOfMemory === null ? [] : [row(outOfMemory, "bad")]),
    ...disks.map(({ path, freeBytes, totalBytes }) =>
      row(`disk ${path}: ${share(freeBytes, totalBytes)}`, few(freeBytes, totalBytes)),
    ),
    row(
      `memory: ${share(memory.availableBytes, memory.totalBytes)}`,
      few(memory.availableBytes, memory.totalBytes),
    ),
    row(
      `load ${load} on ${formatCount(cores)} ${cores === 1 ? "core" : "cores"}`,
      load > LOAD_MOST * cores ? "bad" : "plain",
    ),
    ...(named.length === 0
      ? []
      : [row(`largest: ${named.join(", ")}`, few(memory.availableBytes, memory.totalBytes))]),
  ];
}

function waitRows({ waits, at }: Why): WhyRow[] {
  return waits.flatMap(({ what, until, at: end }) => {
    const left =
      end === null ? null : Math.max(0, Math.round((Date.parse(end) - Date.parse(at)) / 1000));
    const isCommand = until?.startsWith("liveops ") === true;
    const when =
      left === null
        ? ""
        : `${isCommand ? "it ends by itself " : ""}in about ${formatDuration(left)}`;
    const told = isCommand ? `to end that: ${until}` : `until ${until}`;
    const how = until === null ? "" : told;
    const ends = [how, when].filter(Boolean).join(isCommand ? "; " : ", ");
    // One reason is the sentence above already.
    return [
      ...(waits.length === 1 ? [] : [row(what)]),
      ...(ends === "" ? [] : [row(ends, "muted")]),
    ];
  });
}

function decisionRow({ stage, step, reason }: Why["ran"][number]): WhyRow {
  return row(`${step === undefined ? stage : `${stage}/${step}`}: ${reason}`);
}

function leftTitle({ savedSeconds }: Why): string {
  return savedSeconds === null
    ? "did not run"
    : `did not run, which saved about ${formatDuration(savedSeconds)}`;
}

function nextRows({ next }: Why): WhyRow[] {
  const width = Math.max(...next.map(({ command }) => command.length));
  return next.map(({ command, does }) => row(`${command.padEnd(width)}  # ${does}`, "command"));
}

/** For a ticket. */
export function whyMarkdown(why: Why, clean: (text: string) => string): string {
  const { op, id, title, state, summary, at } = why;
  const sections = describeWhy(why).flatMap(({ name, title: head, rows }) => {
    const texts = rows.map(({ text }) => clean(text));
    // A fence longer than any in its text.
    const fence = "`".repeat(
      Math.max(3, ...texts.flatMap((text) => text.match(/`+/g) ?? []).map((run) => run.length + 1)),
    );
    const isPlain = name === "notes" || texts.length === 0;
    const body = isPlain ? texts : [fence, ...texts, fence];
    return ["", ...(head === "" ? [] : [`**${clean(head)}**`, ""]), ...body];
  });
  const heading = `### ${clean(title)}: ${state}`;
  return [
    heading,
    "",
    clean(summary),
    "",
    `\`${clean(op)}\` \`${id}\`, ${at}`,
    ...sections,
    "",
  ].join("\n");
}
