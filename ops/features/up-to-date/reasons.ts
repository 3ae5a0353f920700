/** The texts that say why a stage or step runs, or is up to date. */
import type { Differences } from "./files/content.js";
import type { Given, Stamp } from "./files/stamps.js";

/** What a run would begin with, beside what the last one had. */
export interface Reason {
  before: Stamp;
  given: Given;
  changes: Omit<Differences, "changed"> & {
    /** `by`: the stage or step that made it anew in this run; null: none. */
    changed: ReadonlyArray<{ path: string; by: string | null }>;
  };
  made: Differences;
}

/** Why it runs; null: nothing changed. */
export function reasonOf({ before, given, changes, made }: Reason): string | null {
  const was = before.given;
  if (given.command !== was.command) return "the command changed";
  if (given.shell !== was.shell) return `the shell changed from ${was.shell} to ${given.shell}`;
  if (given.directory !== was.directory) return `the directory changed from ${was.directory}`;
  if (given.outputs !== was.outputs) return "its outputs changed";
  const values = namesThatDiffer(was.values, given.values).map((name) => `$${name}`);
  if (values.length > 0) return `${counted(values)} changed`;
  const printed = namesThatDiffer(was.printed, given.printed);
  if (printed.length > 0)
    return `the output of ${counted(printed.map((text) => text.split("\n", 1)[0]!))} changed`;
  const { changed, added, gone } = changes;
  const needs = [
    ...changed.map(({ path, by }) =>
      by === null ? `${path} changed` : `${path} was made anew by ${by}`,
    ),
    ...added.map((path) => `${path} is new`),
    ...gone.map((path) => `${path} is gone`),
  ];
  if (needs.length > 0) return counted(needs);
  const makes = [
    ...made.gone.map((path) => `${path} is missing`),
    ...made.changed.map((path) => `${path} is not as it was made`),
  ];
  return makes.length === 0 ? null : counted(makes);
}

/** The first text, and how many more there are. */
function counted([first, ...others]: readonly string[]): string {
  return others.length === 0 ? first! : `${first} (and ${others.length} more)`;
}

function namesThatDiffer(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): string[] {
  return [...new Set([...Object.keys(now), ...Object.keys(before)])].filter(
    (name) => before[name] !== now[name],
  );
}

/** `up to date: 214 files, made 14:02`. */
export function upToDateText(last: {
  files: number;
  outputs: number;
  makes: number;
  at: string;
}): string {
  const { files, outputs, makes, at } = last;
  const needs = [
    files > 0 ? number(files, "file") : "",
    outputs > 0 ? number(outputs, "output") : "",
  ];
  const when = `${makes > 0 ? "made" : "ran"} ${timeText(new Date(at), new Date())}`;
  return `up to date: ${[...needs, when].filter(Boolean).join(", ")}`;
}

function number(count: number, of: string): string {
  return `${count.toLocaleString("en-US")} ${of}${count === 1 ? "" : "s"}`;
}

/** The local time; with its date on another day. */
function timeText(at: Date, now: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  const isToday = at.toDateString() === now.toDateString();
  return isToday
    ? time
    : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}
