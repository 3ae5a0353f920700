/**
 * Checks a state directory for `liveops doctor`: reads every record of every file, verifies its checksum, and repairs
 * what a start would repair. While a daemon runs, the check changes nothing.
 */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Bus } from "../bus.js";
import type { KernelLock } from "../os/kernel-lock.js";
import { SealedEvents } from "../run-files/sealed-events.js";
import { WorkerEvents } from "../run-files/worker-events.js";
import { checkStateDir, PlaceError } from "../store/directories.js";
import { EmbeddedStore } from "../store/embedded-store.js";
import { isOfFleet, type Layout, layoutOf } from "../store/layout.js";
import { prepareStateFiles, putAsideIfOdd } from "../store/quarantine.js";
import { lockStateDir } from "../store/state-lock.js";
import { TrustedClock } from "../store/trusted-clock.js";
import { recoverEvents } from "./orphans.js";
import { type Finding, operationIds, scan } from "./state-scan.js";

/** Operations read at a time. */
const PAGE = 200;

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

/** Repairs as a start does, and deletes run files of removed operations. */
async function mend(layout: Layout, odd: readonly string[]): Promise<Finding[]> {
  const broken: Error[] = [];
  const clock = new TrustedClock(layout.clock);
  const bus = new Bus();
  bus.on("broken", (error) => broken.push(error));
  bus.on("problem", (problem) => store.addProblem(problem));
  const workerEvents = new WorkerEvents(layout.workers);
  const store = new EmbeddedStore({
    layout,
    attemptEvents: new SealedEvents(layout, workerEvents, (problem) => store.addProblem(problem)),
    bus,
    now: () => clock.now(),
  });
  store.problems.push(...odd);
  await store.start();
  meetIndex(store);
  await recoverEvents(store, layout, workerEvents);
  const unknown = operationIds(layout).filter((id) => !store.find(id));
  const removed = unknown.length > 0 ? store.removedIds() : new Set<string>();
  const left = unknown.map((id) => (removed.has(id) ? clearAway(layout, id) : orphan(layout, id)));
  await store.stop();
  const found = [...store.problems.map((what): Finding => ({ state: "mended", what })), ...left];
  return [...found, ...broken.map((error): Finding => ({ state: "damaged", what: error.message }))];
}

/** Reads each finished operation by the index of the history, which is rebuilt where a record is not at its place. */
function meetIndex(store: EmbeddedStore): void {
  for (let before: number | undefined; ; ) {
    const page = store.list({ before }, PAGE);
    before = page.at(-1)?.order;
    if (page.length < PAGE) return;
  }
}

/** Deletes run files left by a crash between the record of a removal and the removal itself. */
function clearAway(layout: Layout, id: string): Finding {
  rmSync(join(layout.runs, id), { recursive: true, force: true });
  return { state: "mended", what: `run files of ${id}, which was removed, were deleted` };
}

function orphan(layout: Layout, id: string): Finding {
  return {
    state: "damaged",
    what: `${join(layout.runs, id)}: its operation is unknown, and no record says that it was removed; the files are kept`,
  };
}
