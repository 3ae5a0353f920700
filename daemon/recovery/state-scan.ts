/** Reads every record of every file of a state directory, and verifies its checksum. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ID_PATTERN } from "../../protocol/id.js";
import { parseNumberedRecord, parseRecord } from "../../protocol/record-line.js";
import { attemptsIn } from "../run-files/log-slices.js";
import { isUnreadable, recordFiles } from "../run-files/unreadable.js";
import { readCheckpoint } from "../store/checkpoint.js";
import type { Layout } from "../store/layout.js";
import { readPayload } from "../store/payloads.js";
import { readLines } from "../store/read-lines.js";
import { originalOf } from "./copied-state.js";

export interface Finding {
  state: "ok" | "mended" | "damaged";
  what: string;
}

/** Checks every record and changes nothing. */
export function scan(layout: Layout): Finding[] {
  return [
    ...scanDirectory(layout),
    scanCheckpoint(layout),
    scanLines(
      "the journal",
      filesIn(layout.journal, ".ndjson"),
      (line) => parseNumberedRecord(line) !== null,
    ),
    scanLines(
      "the history",
      filesIn(layout.history, ".ndjson"),
      (line) => parseNumberedRecord(line) !== null,
    ),
    scanLines("run files", runFiles(layout), (line) => parseRecord(line) !== null),
    scanPayloads(layout),
    ...quarantined(layout),
  ].flat();
}

function scanDirectory(layout: Layout): Finding[] {
  const original = originalOf(layout);
  if (original === null) return [];
  const what = `${layout.root} is a copy of ${original}: a start holds the operations that were queued there`;
  return [{ state: "ok", what }];
}

function scanCheckpoint(layout: Layout): Finding {
  try {
    const document = readCheckpoint(layout.checkpoint);
    const what = document ? `holds ${document.operations.length} live operations` : "not written yet";
    return { state: "ok", what: `${layout.checkpoint}: ${what}` };
  } catch (error) {
    return { state: "damaged", what: `${layout.checkpoint}: ${(error as Error).message}` };
  }
}

function scanLines(name: string, files: string[], isWhole: (line: string) => boolean): Finding[] {
  const found: Finding[] = [];
  let records = 0;
  for (const file of files) {
    let [whole, damaged] = [0, 0];
    try {
      for (const { text, isComplete } of readLines(file)) {
        // Text after the last newline is still being written, or was never acknowledged.
        if (!isComplete) break;
        if (isWhole(text)) whole++;
        else damaged++;
      }
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      found.push({ state: "damaged", what: error.message });
    }
    records += whole;
    if (damaged > 0)
      found.push({ state: "damaged", what: `${file}: ${damaged} of ${whole + damaged} records are damaged` });
  }
  return [
    { state: "ok", what: `${name}: ${counted(records, "record")} in ${counted(files.length, "file")}` },
    ...found,
  ];
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function scanPayloads(layout: Layout): Finding[] {
  const files = filesIn(layout.payloads, ".json");
  const damaged = files.flatMap((file): Finding[] => {
    try {
      readPayload(file);
      return [];
    } catch (error) {
      return [{ state: "damaged", what: (error as Error).message }];
    }
  });
  return [
    { state: "ok", what: `large values: ${counted(files.length - damaged.length, "file")}` },
    ...damaged,
  ];
}

/** Files that earlier starts moved aside: they remain until the user deletes them. */
export function quarantined(layout: Layout): Finding[] {
  // A backup has no workers.
  return [layout.root, layout.journal, layout.history, layout.workers, layout.payloads].flatMap((dir) =>
    (existsSync(dir) ? readdirSync(dir) : [])
      .filter((name) => name.includes(".damaged-"))
      .map(
        (name): Finding => ({
          state: "ok",
          what: `${join(dir, name)} was moved aside earlier; delete it when you no longer need it`,
        }),
      ),
  );
}

function filesIn(dir: string, ending: string): string[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(dir, name));
}

function runFiles(layout: Layout): string[] {
  return operationIds(layout).flatMap((id) => {
    const dir = join(layout.runs, id);
    try {
      return attemptsIn(dir)
        .flatMap((attempt) => recordFiles(join(dir, String(attempt))))
        .filter((file) => existsSync(file));
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      // The scan reads the directory as a file and reports it as damaged, with the reason.
      return [dir];
    }
  });
}

/** Other objects among the run files are left alone. */
export function operationIds(layout: Layout): string[] {
  return readdirSync(layout.runs).filter((name) => ID_PATTERN.test(name));
}
