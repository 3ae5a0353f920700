/** The events of an attempt in a state directory, wherever they are stored. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { attemptOf } from "../../daemon/run-files/events-reader.js";

/** The file of the worker that has events of the operation. @throws if there is none */
export function eventsFileOf(stateDir: string, id: string): string {
  const file = workerFiles(stateDir).find((each) => linesOf(each, id, null).length > 0);
  if (file === undefined) throw new Error(`no worker has events of ${id}`);
  return file;
}

/** The lines of the events, without their newlines. */
export function storedEvents(stateDir: string, id: string, attempt = 1): string[] {
  const long = join(stateDir, "runs", id, String(attempt), "events.ndjson");
  const files = [...workerFiles(stateDir), ...(existsSync(long) ? [long] : [])];
  const lines = files.map((file) => linesOf(file, id, attempt)).find((found) => found.length > 0);
  return lines ?? sealedLines(stateDir, id, attempt);
}

function workerFiles(stateDir: string): string[] {
  const dir = join(stateDir, "workers");
  return readdirSync(dir)
    .filter((name) => name.endsWith(".events.ndjson"))
    .map((name) => join(dir, name));
}

function linesOf(file: string, id: string, attempt: number | null): string[] {
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.filter((line) => {
    const of = attemptOf(line);
    return of?.id === id && (attempt === null || of.attempt === attempt);
  });
}

function sealedLines(stateDir: string, id: string, attempt: number): string[] {
  const dir = join(stateDir, "history");
  const segments = readdirSync(dir).filter((name) => name.endsWith(".ndjson"));
  const records = segments.sort().flatMap((name) => readFileSync(join(dir, name), "utf8").split("\n"));
  const last = records.findLast((line) => line.includes(`"id":"${id}","entry":{`));
  const text: string = last === undefined ? "" : (JSON.parse(last).entry.attemptEvents?.[attempt] ?? "");
  return text.split("\n").slice(0, -1);
}
