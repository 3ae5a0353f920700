/** The events of an attempt in a state directory, wherever they are stored. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { attemptOf } from "../../daemon/run-files/events-reader.js";

/** The lines of events without their newlines, by `<id>/<attempt>`. */
type Events = Map<string, string[]>;

/** The file of the worker that has events of the operation. @throws if there is none */
export function eventsFileOf(stateDir: string, id: string): string {
  const isOf = (key: string) => key.startsWith(`${id}/`);
  const file = workerFiles(stateDir).find((each) => [...eventsIn(each, byLine).keys()].some(isOf));
  if (file === undefined) throw new Error(`no worker has events of ${id}`);
  return file;
}

/** The lines of the events, without their newlines. */
export function storedEvents(stateDir: string, id: string, attempt = 1): string[] {
  const long = join(stateDir, "runs", id, String(attempt), "events.ndjson");
  const files = [...workerFiles(stateDir), ...(existsSync(long) ? [long] : [])];
  const segments = filesIn(join(stateDir, "history"), ".ndjson").reverse();
  const found = [
    ...files.map((file) => eventsIn(file, byLine)),
    ...segments.map((file) => eventsIn(file, sealed)),
  ];
  return (
    found.map((events) => events.get(`${id}/${attempt}`)).find((lines) => lines !== undefined) ?? []
  );
}

const workerFiles = (stateDir: string) => filesIn(join(stateDir, "workers"), ".events.ndjson");

function filesIn(dir: string, end: string): string[] {
  const names = readdirSync(dir).filter((name) => name.endsWith(end));
  return names.sort().map((name) => join(dir, name));
}

/** What was read of a file that has not changed since: a storm asks for thousands of operations. */
const known = new Map<string, { stamp: string; events: Events }>();

/** @param take adds what a line holds */
function eventsIn(file: string, take: (line: string, events: Events) => void): Events {
  const { size, mtimeNs } = statSync(file, { bigint: true });
  const stamp = `${size} ${mtimeNs}`;
  const before = known.get(file);
  if (before?.stamp === stamp) return before.events;
  const events: Events = new Map();
  for (const line of readFileSync(file, "utf8").split("\n").slice(0, -1)) take(line, events);
  known.set(file, { stamp, events });
  return events;
}

function byLine(line: string, events: Events): void {
  const of = attemptOf(line);
  if (of === null) return;
  const key = `${of.id}/${of.attempt}`;
  const lines = events.get(key);
  if (lines) lines.push(line);
  else events.set(key, [line]);
}

/** The last record of an operation counts. */
function sealed(line: string, events: Events): void {
  if (!line.includes('"attemptEvents":')) return;
  const { id, entry } = JSON.parse(line) as {
    id: string;
    entry: { attemptEvents: Record<string, string> };
  };
  for (const [attempt, text] of Object.entries(entry.attemptEvents))
    events.set(`${id}/${attempt}`, text.split("\n").slice(0, -1));
}
