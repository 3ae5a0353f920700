/**
 * The check of a state dir: every record of every file read and its checksum verified, what a start would mend
 * mended. Called by `liveopsd doctor`; with a daemon running it only looks.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lockStateDir } from "./lock/state-lock.js";
import { attemptsIn } from "./run-files/log-slices.js";
import { eventsFile, logFile, olderLogFile } from "./run-files/names.js";
import { parseSummed } from "./run-files/summed-line.js";
import { decodeLine } from "./store/checked-line.js";
import { readCheckpoint } from "./store/checkpoint.js";
import { PlaceError, prepareStateDir } from "./store/directories.js";
import { type Layout, layoutOf } from "./store/layout.js";
import { readPayload } from "./store/payloads.js";
import { readLines } from "./store/read-lines.js";
import { Store } from "./store/store.js";
import { TrustedClock } from "./trusted-clock.js";
import { hasUnownedWorker, takeUpUnowned } from "./unowned.js";

export interface Finding {
  state: "ok" | "mended" | "damaged";
  what: string;
}

export interface Examination {
  /** A daemon holds the state dir: nothing was changed. */
  running: boolean;
  findings: Finding[];
}

export async function examine(stateDir: string): Promise<Examination> {
  const layout = layoutOf(stateDir);
  if (!existsSync(layout.root))
    return { running: false, findings: [{ state: "ok", what: `${stateDir} does not exist yet` }] };
  try {
    prepareStateDir(layout);
  } catch (error) {
    if (!(error instanceof PlaceError)) throw error;
    return { running: false, findings: [{ state: "damaged", what: error.message }] };
  }
  const lock = await lockStateDir(layout);
  try {
    const mended = lock ? await mend(layout) : [];
    return { running: lock === null, findings: [...mended, ...scan(layout)] };
  } finally {
    lock?.release();
  }
}

/** Checks every record and changes nothing. */
export function inspect(stateDir: string): Finding[] {
  return scan(layoutOf(stateDir));
}

/** Does what a start does, and clears away run files of operations that are gone. */
async function mend(layout: Layout): Promise<Finding[]> {
  const broken: Error[] = [];
  const clock = new TrustedClock(layout.clock);
  const store = new Store({
    layout,
    onChange: () => {},
    onBroken: (error) => broken.push(error),
    now: () => clock.now(),
  });
  await store.start();
  if (store.problems.length > 0 || hasUnownedWorker(store, layout))
    store.problems.push(...(await takeUpUnowned(store, layout)));
  const found: Finding[] = store.problems.map((what) => ({ state: "mended", what }));
  // With something unread, now or earlier, an operation may only seem to be gone.
  const isWhole = found.length === 0 && quarantined(layout).length === 0;
  for (const id of readdirSync(layout.runs)) {
    if (!store.find(id)) found.push(isWhole ? clearAway(layout, id) : orphan(layout, id));
  }
  await store.stop();
  return [...found, ...broken.map((error): Finding => ({ state: "damaged", what: error.message }))];
}

/** A crash came between the record of a removal and the removal itself. */
function clearAway(layout: Layout, id: string): Finding {
  rmSync(join(layout.runs, id), { recursive: true, force: true });
  return { state: "mended", what: `run files of ${id}, which was removed, were cleared away` };
}

function orphan(layout: Layout, id: string): Finding {
  return {
    state: "damaged",
    what: `${join(layout.runs, id)}: its operation is not known (any more); the files are kept`,
  };
}

function scan(layout: Layout): Finding[] {
  return [
    scanCheckpoint(layout),
    scanLines("the journal", filesIn(layout.journal, ".journal"), (line) => decodeLine(line) !== null),
    scanLines("the history", filesIn(layout.history, ".ndjson"), (line) => decodeLine(line) !== null),
    scanLines("run files", runFiles(layout), (line) => parseSummed(line) !== null),
    scanPayloads(layout),
    ...quarantined(layout),
  ].flat();
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
    let lines = 0;
    let damaged = 0;
    for (const { text, isComplete } of readLines(file)) {
      // What follows the last newline is still being written, or was never acknowledged.
      if (!isComplete) break;
      lines++;
      if (!isWhole(text)) damaged++;
    }
    records += lines - damaged;
    if (damaged > 0)
      found.push({ state: "damaged", what: `${file}: ${damaged} of ${lines} records are damaged` });
  }
  return [{ state: "ok", what: `${name}: ${records} records in ${files.length} files` }, ...found];
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
  return [{ state: "ok", what: `large values: ${files.length - damaged.length} files` }, ...damaged];
}

/** What earlier starts put aside: still there for whoever wants to look, or to be deleted. */
function quarantined(layout: Layout): Finding[] {
  return [layout.root, layout.journal, layout.history].flatMap((dir) =>
    readdirSync(dir)
      .filter((name) => name.includes(".damaged-"))
      .map(
        (name): Finding => ({
          state: "ok",
          what: `${join(dir, name)} was put aside earlier; delete it when you are done with it`,
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
  return readdirSync(layout.runs).flatMap((id) =>
    attemptsIn(join(layout.runs, id)).flatMap((attempt) => {
      const dir = join(layout.runs, id, String(attempt));
      return [eventsFile(dir), olderLogFile(dir), logFile(dir)].filter((file) => existsSync(file));
    }),
  );
}
