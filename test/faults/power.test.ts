/**
 * Power cuts: records what daemon and workers write, leaves the state directory as a power cut may
 * leave it, and holds the next daemon to the promises.
 *
 * The world of a broken promise is kept. `LIVEOPS_FAULTS_WORLD` repeats its cuts, with the seed
 * that was printed, and keeps a copy of each state that breaks a promise.
 *
 * @module-tag strace
 */
import { cpSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { attemptOf } from "../../daemon/run-files/events-reader.js";
import { workerOfEvents } from "../../daemon/run-files/worker-events.js";
import { TestDaemon } from "../harness/daemon.js";
import { problemsIn } from "../harness/store.js";
import { counts, Dice, patience, rows } from "./mode.js";
import { Disk, ORDERS, type Order } from "./power/disk.js";
import { judge, type Known } from "./power/judge.js";
import { CONFIG, sideFile } from "./power/marks.js";
import { type Recording, read, record } from "./power/recording.js";
import { operations } from "./start.js";
import { record as count } from "./tally.js";

const RECORDINGS = counts(1, 3);
/** Of each recording. */
const CUTS = counts(4, 30);
const REQUESTS = counts(15, 80);

const KEPT = process.env.LIVEOPS_FAULTS_WORLD;

interface Recorded extends Recording {
  daemon: TestDaemon;
}

const recorded: Recorded[] = [];
let isBroken = false;

beforeAll(
  async () => {
    for (let n = 1; n <= (KEPT ? 1 : RECORDINGS); n++) {
      const options = { ops: operations("powered"), config: CONFIG, ...(KEPT && { dir: KEPT }) };
      const daemon = TestDaemon.prepare(options);
      const { world } = daemon;
      recorded.push({
        daemon,
        ...(await (KEPT ? read(world) : record(world, `workload ${n}`, REQUESTS))),
      });
    }
  },
  patience(300_000, 900_000),
);

afterAll(async () => {
  const dirs = recorded.map(({ daemon }) => daemon.world.dir);
  if (isBroken && !KEPT)
    process.stdout.write(`kept, for LIVEOPS_FAULTS_WORLD: ${dirs.map(keep).join(" ")}\n`);
  else if (!KEPT) for (const { daemon } of recorded) await daemon.world.close();
});

/**
 * Moves the world out of the directory of the run, which is removed at the end; returns its new
 * path.
 */
function keep(dir: string): string {
  const kept = join(dir, "../..", basename(dir));
  renameSync(dir, kept);
  return kept;
}

test("whatever a power cut leaves of what was not synced, every promise holds", {
  timeout: patience(600_000, 3_600_000),
}, async () => {
  const broken: string[] = [];
  let kept = 0;
  for (const [index, recording] of recorded.entries()) {
    const dice = new Dice(`power cuts of workload ${index + 1}`);
    const moments = Array.from({ length: CUTS }, () => momentIn(recording, dice)).sort(
      (a, b) => a - b,
    );
    const disk = new Disk(recording.daemon.world.stateDir);
    let done = 0;
    for (const [number, at] of moments.entries()) {
      for (; done < at; done++) disk.apply(recording.calls[done]!);
      const order = ORDERS[number % ORDERS.length]!;
      const said = await cut(recording, disk, order, dice, at);
      kept += said.kept;
      broken.push(
        ...said.broken.map((text) => `workload ${index + 1}, call ${at}, ${order}: ${text}`),
      );
    }
  }
  isBroken = broken.length > 0;
  const duplicated = broken.filter((text) => text.includes("twice")).length;
  const lost = broken.length - duplicated;
  count(
    { fault: "power cut", injected: recorded.length * CUTS, survived: kept, lost, duplicated },
    broken,
  );
});

/**
 * Without the journal, an operation that has begun is lost where its worker left no file, or begins
 * again.
 */
const DROPPED = [
  ["the journal", /\/journal\/\d+\.ndjson$/, /is lost|twice/],
  ["the names in the journal", /\/journal$/, /is lost|twice/],
  ["events", /\.events\.ndjson$/, /twice/],
] as const;

test.each(rows(1, DROPPED))(
  "a disk that drops the syncs of %s breaks a promise, and that is found",
  { timeout: 180_000 },
  async (_, dropped, said) => {
    const recording = recorded[0]!;
    const dice = new Dice("dropped syncs");
    // Not every moment shows it: an operation that is cancelled next does not begin again.
    const moments = recording.effects.filter(({ text }) => text.endsWith(" begins")).slice(0, 20);
    const all: string[] = [];
    for (const { at } of moments) {
      const disk = new Disk(recording.daemon.world.stateDir, (path) => dropped.test(path));
      for (const call of recording.calls.slice(0, at)) disk.apply(call);
      const { broken } = await cut(recording, disk, "nothing", dice, at);
      all.push(...broken);
      if (broken.some((text) => said.test(text))) break;
    }
    expect(all.join("\n")).toMatch(said);
  },
);

/** Leaves the state of the cut in the state directory, and runs a daemon on it. */
async function cut(recording: Recorded, disk: Disk, order: Order, dice: Dice, at: number) {
  const { daemon } = recording;
  const { stateDir, dir } = daemon.world;
  for (const name of readdirSync(stateDir))
    rmSync(join(stateDir, name), { recursive: true, force: true });
  writeFileSync(sideFile(dir), "");
  disk.leave(order, dice);
  const copy = join(dir, `cut ${at}, ${order}`);
  if (KEPT) cpSync(stateDir, copy, { recursive: true });
  try {
    await daemon.startAgain();
    const known = knownAt(recording, at);
    const { kept, broken } = await judge(daemon, known);
    const { problems } = await daemon.client.daemon();
    await daemon.stop();
    const said = [...problems, ...(await problemsIn(stateDir))];
    broken.push(...said.filter((problem) => isUnexpected(problem, known)));
    if (KEPT && broken.length === 0) rmSync(copy, { recursive: true });
    return { kept, broken };
  } catch (error) {
    await daemon.kill();
    const { stderr } = await daemon.exited();
    return { kept: 0, broken: [`${(error as Error).message} ${stderr}`] };
  }
}

const EXPECTED = [
  // Records of a sync that had not ended: nobody has seen their effect.
  /\/journal\/\d+\.ndjson: (a torn tail|a damaged record|\d+ damaged records) of /,
  /\/journal: records? [\d to]+ (is|are) missing/,
  // Log lines and progress of the last moment.
  /\/log\.ndjson: a line could not be read: /,
  /\/runs\/\w+\/\d+: the log: a damaged record was passed over/,
  /\/(?:runs|workers)\/.*: \d+ of \d+ records are damaged/,
  /\/workers\/\w+\.events\.ndjson: (a torn tail|a damaged record|\d+ damaged records) of /,
  /: the events of \w+, attempt \d+: (records? [\d to]+ (is|are) missing|\d+ of \d+ records are damaged)/,
  // The workload has a schedule.
  /after a reboot, schedules stand still until a command starts the daemon/,
];

function isUnexpected(problem: string, { marks }: Known): boolean {
  // After a checkpoint, no start looks for run files whose removal was not synced.
  const [, id] = /^the run files of (\w+) are left$/.exec(problem) ?? [];
  const isRemoved = marks.some(
    (mark) => "asked" in mark && mark.asked === "remove" && mark.id === id,
  );
  return !isRemoved && !EXPECTED.some((expected) => expected.test(problem));
}

/** Often right after a client learned something, or right before a sync has ended. */
function momentIn({ calls, marks }: Recording, dice: Dice): number {
  if (dice.chance(0.5)) return marks[dice.whole(0, marks.length - 1)]!.at;
  const at = dice.whole(0, calls.length);
  if (dice.chance(0.5)) return at;
  const next = calls.findIndex(({ type }, index) => index >= at && type === "sync-ends");
  return next === -1 ? at : next;
}

function knownAt({ calls, marks, effects }: Recording, moment: number): Known {
  const begun = new Set<string>();
  for (const call of calls.slice(0, moment)) {
    if (call.type !== "write" || workerOfEvents(call.path) === null) continue;
    const of = attemptOf(call.bytes.toString("utf8"));
    if (of !== null) begun.add(`${of.id}/${of.attempt}`);
  }
  return {
    marks: marks.filter(({ at }) => at <= moment).map(({ mark }) => mark),
    effects: effects.filter(({ at }) => at <= moment).map(({ text }) => text),
    begun,
  };
}
