/**
 * Odd objects in place of our files: a directory, a pipe, a socket, links, another user's file, a
 * huge file of zeros. The daemon starts, reports what it set aside, and loses at most the operation
 * of that file.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Refusal } from "../../protocol/errors.js";
import { newId } from "../../protocol/id.js";
import { TestDaemon } from "../harness/daemon.js";
import { eventsFileOf } from "../harness/stored-events.js";
import { temporaryDirectory } from "../harness/temporary.js";
import { journalFiles } from "./crafted.js";
import { FULL } from "./mode.js";
import {
  eventually,
  inStage,
  operations,
  recordThat,
  startDaemon,
  untilFinished,
} from "./start.js";
import { compareOnce, record } from "./tally.js";

const OPERATIONS = ["floods", "gate", "resumes"];

/** Operations of the state directory that is damaged, by what they are there. */
interface Past {
  /** Over, in the history. */
  sealed: string;
  /** Failed in its second stage, of a resumable type, in the history. */
  failed: string;
  /** It ran, and its worker was killed with the daemon. */
  running: string;
  queued: string;
  /** Over, in the journal alone. */
  recent: string;
}

/** Whatever is damaged, a request is answered within this time, in ms. */
const ANSWER_MS = 5000;

const scratch = temporaryDirectory();
const template = join(scratch.path, "state");
let past: Past;

beforeAll(async () => {
  await using daemon = await startDaemon(OPERATIONS, { concurrency: 1 });
  const cwd = scratch.path;
  const gate = (name: string) => ({ cwd, params: { gate: join(cwd, name), chatty: true } });
  const side = join(cwd, "side");
  const sealed = (await daemon.submit("floods", { cwd, params: { lines: 3 } })).id;
  const failed = (await daemon.submit("resumes", { cwd, params: { side, ends: ["throw"] } })).id;
  await Promise.all([sealed, failed].map((id) => untilFinished(daemon, id)));
  const running = (await daemon.submit("gate", gate("running"))).id;
  await inStage(daemon, running, "Wait");
  const queued = (await daemon.submit("gate", gate("queued"))).id;
  for (let n = 0; n < 2; n++) {
    await daemon.stop();
    await daemon.startAgain();
  }
  const pid = await inStage(daemon, running, "Wait");
  const recent = (await daemon.submit("floods", { cwd, params: { lines: 3 } })).id;
  await daemon.client.cancel(recent);
  await daemon.kill();
  process.kill(pid, "SIGKILL");
  past = { sealed, failed, running, queued, recent };
  // Without the file by which a copy is recognised: its queue would be held.
  const isKept = (path: string) =>
    !lstatSync(path).isSocket() && basename(path) !== "directory.json";
  cpSync(daemon.world.stateDir, template, { recursive: true, filter: isKept });
  rmSync(daemon.world.socket, { force: true });
  // From here on the gates are open.
  for (const name of ["running", "queued"]) writeFileSync(join(scratch.path, `${name}.1`), "");
}, 60_000);
afterAll(() => scratch[Symbol.dispose]());

/** A kind of object, put in the place of whatever is there. */
interface Kind {
  kind: string;
  put: (path: string) => void | Promise<void>;
  /** It may be as good as what was there. */
  isHarmless?: boolean;
}

let moved = 0;

/** Takes away what is there, then makes something in its place. */
const instead = (make: (path: string) => void | Promise<void>) => (path: string) => {
  rmSync(path, { recursive: true, force: true });
  return make(path);
};

/** Changes what is there, or an empty file. */
const changed = (change: (path: string) => void) => (path: string) => {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) writeFileSync(path, "");
  change(path);
};

const KINDS: Kind[] = [
  { kind: "a directory", put: instead((path) => mkdirSync(path)) },
  { kind: "a named pipe", put: instead((path) => void execFileSync("mkfifo", [path])) },
  { kind: "a socket", put: instead(putSocket) },
  { kind: "a link to a file elsewhere", put: changed(putLinkToItself) },
  { kind: "a dangling link", put: instead((path) => symlinkSync(`${path}-missing`, path)) },
  { kind: "a looping link", put: instead((path) => symlinkSync(basename(path), path)) },
  { kind: "a file of mode 000", put: changed((path) => chmodSync(path, 0)), isHarmless: true },
  { kind: "an empty file", put: instead((path) => writeFileSync(path, "")), isHarmless: true },
  { kind: "a gigabyte of zeros", put: instead(putZeros) },
  // Only root can give a file away.
  ...(process.getuid?.() === 0
    ? [{ kind: "a file of another user", put: changed((path) => chownSync(path, 12_345, 12_345)) }]
    : []),
];

/** A directory of ours. */
function isUsable(path: string): boolean {
  const stats = lstatSync(path);
  return stats.isDirectory() && stats.uid === process.geteuid?.();
}

function isEmpty(stats: Stats): boolean {
  return stats.isFile() && stats.blocks === 0;
}

/** Kinds that stand for the others where the short form leaves some out. */
const SHORT = ["a directory", "a named pipe", "a gigabyte of zeros"];

function putZeros(path: string): void {
  writeFileSync(path, "");
  truncateSync(path, 2 ** 30);
}

/** What was there moves elsewhere, and a link to it stands in its place. */
function putLinkToItself(path: string): void {
  const elsewhere = join(scratch.path, `moved-${++moved}`);
  cpSync(path, elsewhere, { recursive: true });
  rmSync(path, { recursive: true });
  symlinkSync(elsewhere, path);
}

/** A socket whose server is gone. */
async function putSocket(path: string): Promise<void> {
  const short = join(tmpdir(), newId());
  const server = createServer().listen(short);
  await new Promise((resolve) => server.once("listening", resolve));
  renameSync(short, path);
  await new Promise((resolve) => server.close(resolve));
}

/** A place in the state directory, and what an odd object there may cost. */
interface Place {
  place: string;
  path: (stateDir: string) => string;
  /** Operations that may end otherwise than they would, or not be known any more. */
  costs?: Array<keyof Past>;
  /** Put aside at the start or when its operation ends, and said. */
  isPutAside?: boolean;
  /** Nobody's: it is left as it is. */
  isLeft?: boolean;
  /**
   * In the short form, the places of a group are hit at once; none lies within another. Default: 0.
   */
  group?: 1 | 2;
}

const inRuns =
  (id: keyof Past, ...rest: string[]) =>
  (stateDir: string) =>
    join(stateDir, "runs", past[id], ...rest);
const inWorkers = (ending: string) => (stateDir: string) => {
  const dir = join(stateDir, "workers");
  return join(dir, readdirSync(dir).find((name) => name.endsWith(ending))!);
};

const PLACES: Place[] = [
  {
    place: "the state document before",
    path: (dir) => join(dir, "state.previous.json"),
    isPutAside: true,
    group: 1,
  },
  ...[
    "liveopsd.log",
    "liveopsd.log.1",
    "liveopsd.json",
    "liveopsd.lock",
    "liveopsd.sock.lock",
    "state.json",
    "state.json.tmp",
    "directory.json",
  ].map((name) => ({
    place: name,
    path: (dir: string) => join(dir, name),
    isPutAside: name !== "liveopsd.log",
  })),
  {
    place: "a journal segment",
    group: 1,
    path: (dir) => journalFiles(dir).at(-1)!,
    costs: ["recent"],
    isPutAside: true,
  },
  {
    place: "a journal segment to come",
    path: (dir) => join(dir, "journal", "000000009999.ndjson"),
  },
  {
    place: "a history segment",
    group: 2,
    path: (dir) => join(dir, "history", "000001.ndjson"),
    costs: ["sealed", "failed"],
    isPutAside: true,
  },
  { place: "the history's index", group: 2, path: (dir) => join(dir, "history", "index.sqlite") },
  {
    place: "an operation's run files",
    group: 2,
    path: inRuns("running"),
    costs: ["running"],
    isPutAside: true,
  },
  {
    place: "an attempt",
    group: 1,
    path: inRuns("running", "1"),
    costs: ["running"],
    isPutAside: true,
  },
  {
    place: "events",
    path: (dir) => eventsFileOf(dir, past.running),
    costs: ["running"],
    isPutAside: true,
  },
  {
    place: "log",
    path: inRuns("running", "1", "log.ndjson"),
    costs: ["running"],
    isPutAside: true,
  },
  {
    place: "the older half of a log",
    path: inRuns("running", "1", "log.1.ndjson"),
    costs: ["running"],
  },
  { place: "a cancel file", path: inRuns("running", "1", "cancel"), costs: ["running"] },
  { place: "stage values", path: inRuns("failed", "values"), costs: ["failed"] },
  {
    place: "what a retry forgot",
    group: 1,
    path: inRuns("failed", "values", "values.ndjson"),
    costs: ["failed"],
  },
  {
    place: "the log of what is over",
    path: inRuns("sealed", "1", "log.ndjson"),
    costs: ["sealed"],
  },
  { place: "the run files of what is queued", path: inRuns("queued"), costs: ["queued"] },
  { place: "a worker's lock", group: 1, path: inWorkers(".lock"), costs: ["running"] },
  { place: "a worker's stdout", path: inWorkers(".stdout"), costs: ["running"] },
  { place: "a worker's stderr", path: inWorkers(".stderr"), costs: ["running"] },
  ...["", "journal", "history", "runs", "workers"].map((dir) => ({
    place: `an unknown file in ${dir || "the state directory"}`,
    path: (stateDir: string) => join(stateDir, dir, "notes.txt"),
    isLeft: true,
  })),
];

interface Row extends Kind {
  where: string;
  places: Place[];
}

/**
 * In the full form each kind in each place that may cost an operation, and in all other places at
 * once. In the short form a kind in a group of places at once.
 */
const ROWS: Row[] = KINDS.flatMap((kind) => {
  const alone = FULL ? PLACES.filter(({ costs }) => costs !== undefined) : [];
  const together = PLACES.filter((place) => !alone.includes(place));
  const groups = FULL || SHORT.includes(kind.kind) ? [0, 1, 2] : [0];
  return [
    ...alone.map((place) => ({ ...kind, where: place.place, places: [place] })),
    ...groups.map((group) => ({
      ...kind,
      where: `group ${group}`,
      places: together.filter((place) => (place.group ?? 0) === group),
    })),
  ];
});

/** A daemon that is about to start on a copy of the state directory. */
function copyOfPast(): TestDaemon {
  const daemon = TestDaemon.prepare({ ops: operations(...OPERATIONS), concurrency: 1 });
  cpSync(template, daemon.world.stateDir, { recursive: true });
  return daemon;
}

describe("in the place of a file", () => {
  test.each(ROWS)(
    "$kind in the place of $where: it costs at most the operation whose file it was",
    async (row) => {
      await using daemon = copyOfPast();
      const { stateDir } = daemon.world;
      const put = row.places.map((place) => ({ ...place, at: place.path(stateDir) }));
      for (const { at } of put) {
        mkdirSync(dirname(at), { recursive: true, mode: 0o700 });
        await row.put(at);
      }
      // A directory in the place of a directory is an attempt that never began.
      const wasDirectory = (at: string) =>
        lstatSync(join(template, relative(stateDir, at)), {
          throwIfNoEntry: false,
        })?.isDirectory() ?? false;
      const before = new Map(
        put.map(({ at }) => [
          at,
          { stats: lstatSync(at), isSame: wasDirectory(at) && isUsable(at) },
        ]),
      );
      await daemon.startAgain();

      // What may not be touched by it is there and goes on.
      const costs = put.flatMap((place) => place.costs ?? []).map((name) => past[name]);
      const expected = Object.values(past).filter((id) => !costs.includes(id));
      const { operations: found } = await daemon.client.list({ limit: 1000 });
      const compared = compareOnce(
        expected,
        found.map(({ id }) => id).filter((id) => !costs.includes(id)),
      );
      record({ fault: "odd objects", injected: put.length, ...compared }, compared.details);
      const ends = {
        ...Object.fromEntries([past.sealed, past.queued].map((id) => [id, "succeeded"])),
        [past.recent]: "cancelled",
      };
      for (const { id } of found) {
        const ended = await untilFinished(daemon, id);
        if (ends[id] && !costs.includes(id)) expect(ended).toMatchObject({ state: ends[id] });
        await expectAnswers(daemon, id);
      }
      const next = await daemon.submit("floods", { params: { lines: 3 } });
      expect((await untilFinished(daemon, next.id)).state).toBe("succeeded");
      const failed = found.find(({ id }) => id === past.failed);
      if (failed?.state === "failed")
        await answered(() => daemon.client.retry(past.failed, { from: "Second" }));

      const { problems } = await daemon.client.daemon();
      for (const { at, isLeft, isPutAside } of put) {
        const { stats, isSame } = before.get(at)!;
        if (isLeft) expect(lstatSync(at).ino).toBe(stats.ino);
        // Run files of zeros hold no line: nothing has to be put aside for them.
        const isNoLine = isEmpty(stats) && /\/runs\/|\.events\./.test(at);
        const isOdd = !row.isHarmless && !isNoLine;
        if (!isPutAside || !isOdd || isSame) continue;
        expect(problems.filter((problem) => problem.includes(at))).not.toEqual([]);
        expect(lstatSync(`${at}.damaged-1`, { throwIfNoEntry: false })).toBeDefined();
      }
    },
  );

  test.each(KINDS)(
    "$kind in the place of version.json: the start is refused with the reason, or goes on",
    async ({ put }) => {
      await using daemon = copyOfPast();
      const path = join(daemon.world.stateDir, "version.json");
      await put(path);
      const before = lstatSync(path);
      const said = await daemon.startAgain().then(
        () => null,
        (error: Error) => error.message,
      );
      // A mode that keeps its own user out is put right; a reader with all rights never saw it.
      if (
        before.isFile() &&
        before.size > 0 &&
        before.size < 4096 &&
        before.uid === process.geteuid?.()
      ) {
        expect(said).toBe(null);
        return;
      }
      expect(said).toContain(path);
      expect(said).toMatch(/format/);
      expect(said).toMatch(/"code":2/);
      expect(lstatSync(path).ino).toBe(before.ino);
      await daemon.kill();
    },
  );
});

test("a state directory that is a file is refused with the reason", async () => {
  await using daemon = TestDaemon.prepare({});
  writeFileSync(daemon.world.stateDir, "");
  await expect(daemon.startAgain()).rejects.toThrow(/cannot be created.*"code":2/);
  await daemon.kill();
});

describe("while the daemon runs", () => {
  test.each(KINDS.filter(({ kind, isHarmless }) => !isHarmless && (FULL || SHORT.includes(kind))))(
    "$kind in the place of events and log: that operation is finished with the reason, the others go on",
    async ({ kind, put }) => {
      await using daemon = await startDaemon(OPERATIONS, { concurrency: 2 });
      const { dir, stateDir } = daemon.world;
      const submit = async (name: string) =>
        (await daemon.submit("gate", { params: { gate: join(dir, name), chatty: true } })).id;
      const [id, other] = await Promise.all([submit("odd"), submit("other")]);
      const pid = await inStage(daemon, id, "Wait");
      await inStage(daemon, other, "Wait");
      // The next daemon opens the files anew.
      await daemon.kill();
      const files = [eventsFileOf(stateDir, id), join(stateDir, "runs", id, "1", "log.ndjson")];
      for (const file of files) await put(file);
      await daemon.startAgain();
      await recordThat(daemon, other, ({ logLines }) => logLines > 0);
      expect((await daemon.client.show(id)).state).toBe("running");
      await expectAnswers(daemon, id);
      // Zeros are what an attempt leaves that never began: it is run, and finds its gate open.
      if (kind.includes("zeros")) writeFileSync(join(dir, "odd.1"), "");
      process.kill(pid, "SIGKILL");
      const ended = await untilFinished(daemon, id);
      if (!kind.includes("zeros")) {
        expect(ended).toMatchObject({
          state: "failed",
          error: { code: "LIVEOPS_RUN_FILES_UNREADABLE" },
        });
        const { problems } = await daemon.client.daemon();
        for (const file of files) expect(problems.join("\n")).toContain(`${file}.damaged-1`);
      }
      await expectAnswers(daemon, id);
      writeFileSync(join(dir, "other.1"), "");
      expect(await untilFinished(daemon, other)).toMatchObject({ state: "succeeded", attempt: 1 });
    },
  );
});

/** Log and events of the operation are answered with what there is, or with a problem. */
async function expectAnswers(daemon: TestDaemon, id: string): Promise<void> {
  await answered(() => daemon.client.log(id));
  await answered(() => daemon.client.log(id, { tail: 5 }));
  await answered(async () => {
    for await (const _ of daemon.client.events(id, { log: true }));
  });
}

/** Within its time; a refusal is an answer, a fault of the daemon is none. */
async function answered(ask: () => Promise<unknown>): Promise<void> {
  let said: unknown = null;
  await eventually(
    "an answer",
    async () => {
      said = await ask().catch((error: unknown) => error);
      return true;
    },
    () => said,
    ANSWER_MS,
  );
  if (said instanceof Refusal) expect(said.code).toBe("LIVEOPS_RUN_FILES_UNREADABLE");
  else expect(said).not.toBeInstanceOf(Error);
}
