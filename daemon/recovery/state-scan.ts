/** Reads every record of every file of a state directory, and verifies its checksum. */

import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ID_PATTERN } from "../../protocol/id.js";
import {
  gapAtEnd,
  type NumberedRecord,
  parseNumberedRecord,
  parseRecord,
  RecordCheck,
  seqOfRecord,
} from "../../protocol/record-line.js";
import { count } from "../../protocol/text/count.js";
import { linesOfRest } from "../run-files/attempt-files.js";
import { cutShort } from "../run-files/checked-events.js";
import { attemptOf } from "../run-files/events-reader.js";
import type { LogRecord } from "../run-files/log-tail.js";
import { attemptsIn } from "../run-files/runs.js";
import { isUnreadable, recordFiles } from "../run-files/unreadable.js";
import { AttemptEnds } from "../store/attempt-ends.js";
import type { Entry } from "../store/decision.js";
import { isOfFleet, type Layout } from "../store/layout.js";
import { readPayload } from "../store/payloads.js";
import { readLines } from "../store/read-lines.js";
import { readStateDocument } from "../store/read-state.js";
import { originalOf } from "./copied-state.js";

export interface Finding {
  state: "ok" | "mended" | "damaged";
  what: string;
}

/** Checks every record and changes nothing. */
export function scan(layout: Layout): Finding[] {
  const ends = new AttemptEnds();
  return [
    ...scanDirectory(layout),
    ...scanStore(layout, ends),
    ...scanRunFiles(layout, ends),
    ...scanPayloads(layout),
    ...quarantined(layout),
  ];
}

/** @param ends gets the operations */
function scanStore(layout: Layout, ends: AttemptEnds): Finding[] {
  const numbered = (use: (record: NumberedRecord) => void) => (line: string) => {
    const record = parseNumberedRecord(line);
    if (record !== null) use(record);
    return record !== null;
  };
  const { findings, journal } = scanDocuments(layout, ends);
  const decided = numbered((record) => {
    if (record.n > journal) ends.addDecision(record);
  });
  const found: Finding[] = [];
  const sealed = numbered(({ value }) => {
    const { entry } = value as { entry: Entry | null };
    if (entry === null) return;
    ends.addFinished(entry);
    found.push(...scanSealedEvents(entry, ends));
  });
  return [
    ...findings,
    ...scanLines("the journal", filesIn(layout.journal, ".ndjson"), inOrder(decided)),
    ...scanLines("the history", filesIn(layout.history, ".ndjson"), inOrder(sealed)),
    ...found,
  ];
}

/** Checks the events in a record of the history. */
function scanSealedEvents({ record: { id }, attemptEvents = {} }: Entry, ends: AttemptEnds): Finding[] {
  return Object.entries(attemptEvents).flatMap(([attempt, text]): Finding[] => {
    const lines = text.split("\n").slice(0, -1);
    const check = new RecordCheck(0);
    const last = lines.filter((line) => check.look(line)).at(-1);
    const where = `the history: the events of ${id}, attempt ${attempt}`;
    const { damaged, gaps } = check;
    return [
      ...(damaged > 0 ? [`${where}: ${damaged} of ${lines.length} records are damaged`] : []),
      ...gaps.map((gap) => `${where}: ${gap}`),
      ...cutShort(where, seqOfRecord(last ?? "") ?? 0, ends.lastOf(id, attempt)),
    ].map(asDamage);
  });
}

const asDamage = (what: string): Finding => ({ state: "damaged", what });

/** What is wrong with a line: it is damaged, or does not follow the one before it, in words; null: nothing. */
type LookAtLine = (line: string, file: string) => "damaged" | string | null;

/** The lines of all files are numbered without a gap. */
function inOrder(isWhole: (line: string) => boolean): LookAtLine {
  const check = new RecordCheck(null);
  return (line, file) => {
    if (!check.look(line) || !isWhole(line)) return "damaged";
    const gap = check.gaps.shift();
    return gap === undefined ? null : `${file}: ${gap}`;
  };
}

function scanRunFiles(layout: Layout, ends: AttemptEnds): Finding[] {
  const files = [...runFiles(layout), ...filesIn(layout.workers, ".events.ndjson")];
  /** The last event of each attempt, and its file. */
  const last = new Map<string, { id: string; attempt: number; seq: number; file: string }>();
  /** A file of a log, or the events of an attempt. */
  let part = "";
  let check = new RecordCheck(null);
  /** The file of the line before, if that line is damaged. */
  let damagedIn: string | null = null;
  /** The last log line of each operation. */
  const lines = new Map<string, number>();
  const read = (line: string, file: string) => {
    const seq = seqOfRecord(line);
    const of = seq === null ? null : attemptOf(line);
    if (of !== null) last.set(`${of.id}/${of.attempt}`, { ...of, seq: seq!, file });
    const next = of === null ? file : `${file}: the events of ${of.id}, attempt ${of.attempt}`;
    if (seq !== null && next !== part) {
      // Damage before the first event of an attempt may hold earlier ones of it.
      check = new RecordCheck(of === null || damagedIn === file ? null : 0);
      part = next;
    }
    damagedIn = seq === null ? file : null;
    check.look(line, of === null ? (parseRecord<LogRecord>(line)?.lines.length ?? 1) : 1);
    const id = basename(dirname(dirname(file)));
    if (of === null) lines.set(id, Math.max(lines.get(id) ?? 0, check.last ?? 0));
    const gap = check.gaps.shift();
    if (seq === null) return "damaged";
    return gap === undefined ? null : `${part}: ${gap}`;
  };
  // A power cut may have taken the newlines of the last records, and have left NUL bytes of reserved space.
  const readRest = (text: string, file: string) => {
    for (const line of linesOfRest(text)) read(line, file);
  };
  const found = scanLines("run files", files, read, readRest);
  for (const { id, attempt, seq, file } of last.values()) {
    // A running daemon may have removed the operation.
    if (!existsSync(file)) continue;
    const where = `${file}: the events of ${id}, attempt ${attempt}`;
    found.push(...cutShort(where, seq, ends.lastOf(id, String(attempt))).map(asDamage));
  }
  for (const [id, end] of ends.lines) {
    const gap = gapAtEnd(lines.get(id) ?? 0, end);
    if (gap !== null && existsSync(join(layout.runs, id)))
      found.push(asDamage(`${join(layout.runs, id)}: the log: ${gap}`));
  }
  return found;
}

function scanDirectory(layout: Layout): Finding[] {
  const original = originalOf(layout);
  if (original === null) return [];
  const what = `${layout.root} is a copy of ${original}: a start holds the operations that were queued there`;
  return [{ state: "ok", what }];
}

/** `journal`: number of the last decision that the newest document reflects. */
function scanDocuments(layout: Layout, ends: AttemptEnds): { findings: Finding[]; journal: number } {
  // No start reads the document of a host of a fleet.
  if (isOfFleet(layout)) return { findings: [], journal: 0 };
  const newest = scanDocument(layout.document);
  for (const entry of newest.live) ends.addLive(entry);
  const findings = [newest.finding];
  if (existsSync(layout.previousDocument)) findings.push(scanDocument(layout.previousDocument).finding);
  return { findings, journal: newest.journal };
}

function scanDocument(file: string): { finding: Finding; live: readonly Entry[]; journal: number } {
  const read = readStateDocument(file);
  if (read === null)
    return { finding: { state: "ok", what: `${file}: not written yet` }, live: [], journal: 0 };
  const { problem, document } = read;
  if (problem !== null) return { finding: asDamage(`${file}: ${problem}`), live: [], journal: 0 };
  const what = `${file}: holds ${count(document.live.length, "live operation")}`;
  return { finding: { state: "ok", what }, live: document.live, journal: document.journal };
}

/** @param onRest called with the text after the last newline: still being written, or never acknowledged */
function scanLines(
  name: string,
  files: string[],
  look: LookAtLine,
  onRest: (text: string, file: string) => void = () => {},
): Finding[] {
  const found: Finding[] = [];
  let records = 0;
  for (const file of files) {
    let [whole, damaged, zeros] = [0, 0, 0];
    try {
      for (const { text, isComplete } of readLines(file)) {
        if (!isComplete) {
          onRest(text, file);
          continue;
        }
        const wrong = look(text, file);
        if (wrong === "damaged") {
          damaged++;
          zeros += text.split("\0").length - 1;
          continue;
        }
        whole++;
        if (wrong !== null) found.push(asDamage(wrong));
      }
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      found.push({ state: "damaged", what: error.message });
    }
    records += whole;
    const hole = zeros > 0 ? `, in a hole of ${count(zeros, "NUL byte")}` : "";
    if (damaged > 0)
      found.push({
        state: "damaged",
        what: `${file}: ${damaged} of ${whole + damaged} records are damaged${hole}`,
      });
  }
  return [
    { state: "ok", what: `${name}: ${count(records, "record")} in ${count(files.length, "file")}` },
    ...found,
  ];
}

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
  return [{ state: "ok", what: `large values: ${count(files.length - damaged.length, "file")}` }, ...damaged];
}

/** Files that earlier starts moved aside: they remain until the user deletes them. */
function quarantined(layout: Layout): Finding[] {
  // A copy may have no workers.
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
  if (!existsSync(dir)) return [];
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
