/**
 * Checks a state directory for `liveopsd doctor`: reads every record of every file, verifies its checksum, and repairs
 * what a start would repair. While a daemon runs, the check changes nothing.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ID_PATTERN } from "../../protocol/id.js";
import { parseNumberedRecord, parseRecord } from "../../protocol/record-line.js";
import type { KernelLock } from "../os/kernel-lock.js";
import { lockStateDir } from "../os/state-lock.js";
import { TrustedClock } from "../os/trusted-clock.js";
import { attemptsIn } from "../run-files/log-slices.js";
import { isUnreadable, recordFiles } from "../run-files/unreadable.js";
import { readCheckpoint } from "../store/checkpoint.js";
import { checkStateDir, PlaceError } from "../store/directories.js";
import { EmbeddedStore } from "../store/embedded-store.js";
import { isOfFleet, type Layout, layoutOf } from "../store/layout.js";
import { readPayload } from "../store/payloads.js";
import { prepareStateFiles, putAsideIfOdd } from "../store/quarantine.js";
import { readLines } from "../store/read-lines.js";
import { originalOf } from "./copied-state.js";
import { adoptOrphans, hasOrphan } from "./orphans.js";

export interface Finding {
  state: "ok" | "mended" | "damaged";
  what: string;
}

export interface Examination {
  /** A daemon holds the state directory: nothing was changed. */
  running: boolean;
  findings: Finding[];
}

export async function examine(stateDir: string): Promise<Examination> {
  const layout = layoutOf(stateDir);
  if (!existsSync(layout.root))
    return { running: false, findings: [{ state: "ok", what: `${stateDir} does not exist yet` }] };
  let lock: KernelLock | null = null;
  try {
    checkStateDir(layout);
    const oddLock = putAsideIfOdd(layout.lock);
    lock = await lockStateDir(layout);
    if (lock === null) return { running: true, findings: scan(layout) };
    const odd = prepareStateFiles(layout);
    if (oddLock !== null) odd.push(oddLock);
    // A store without the operations of the fleet would take their run files for left-overs.
    if (isOfFleet(layout)) return { running: false, findings: [ofFleet(layout), ...scan(layout)] };
    return { running: false, findings: [...(await mend(layout, odd)), ...scan(layout)] };
  } catch (error) {
    if (!(error instanceof PlaceError)) throw error;
    return { running: false, findings: [{ state: "damaged", what: error.message }] };
  } finally {
    lock?.release();
  }
}

function ofFleet({ root }: Layout): Finding {
  return {
    state: "ok",
    what: `${root} is that of a host of a fleet: its operations are in the database, and all run files are kept`,
  };
}

/** Checks every record and changes nothing. */
export function inspect(stateDir: string): Finding[] {
  return scan(layoutOf(stateDir));
}

/** Repairs as a start does, and deletes run files of removed operations. */
async function mend(layout: Layout, odd: readonly string[]): Promise<Finding[]> {
  const broken: Error[] = [];
  const clock = new TrustedClock(layout.clock);
  const store = new EmbeddedStore({
    layout,
    onChange: () => {},
    onBroken: (error) => broken.push(error),
    now: () => clock.now(),
  });
  store.problems.push(...odd);
  await store.start();
  if (store.problems.length > 0 || hasOrphan(store, layout))
    store.problems.push(...(await adoptOrphans(store, layout)));
  const found: Finding[] = store.problems.map((what) => ({ state: "mended", what }));
  // After damage, now or earlier, an operation may only seem to be removed.
  const isWhole = found.length === 0 && quarantined(layout).length === 0;
  for (const id of operationIds(layout)) {
    if (!store.find(id)) found.push(isWhole ? clearAway(layout, id) : orphan(layout, id));
  }
  await store.stop();
  return [...found, ...broken.map((error): Finding => ({ state: "damaged", what: error.message }))];
}

/** Deletes run files left by a crash between the record of a removal and the removal itself. */
function clearAway(layout: Layout, id: string): Finding {
  rmSync(join(layout.runs, id), { recursive: true, force: true });
  return { state: "mended", what: `run files of ${id}, which was removed, were deleted` };
}

function orphan(layout: Layout, id: string): Finding {
  return {
    state: "damaged",
    what: `${join(layout.runs, id)}: its operation is unknown; the files are kept`,
  };
}

function scan(layout: Layout): Finding[] {
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
function quarantined(layout: Layout): Finding[] {
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
function operationIds(layout: Layout): string[] {
  return readdirSync(layout.runs).filter((name) => ID_PATTERN.test(name));
}
