/**
 * Damage in the state directory: the damaged part is set aside and reported, the rest still works.
 */
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Operation } from "../../protocol/operation.js";
import { isAlive } from "../end-to-end/processes.js";
import type { TestDaemon } from "../harness/daemon.js";
import { eventsFileOf } from "../harness/stored-events.js";
import { journalFiles } from "./crafted.js";
import { FULL, rows } from "./mode.js";
import {
  completeTest,
  eventually,
  expectWholeStory,
  inStage,
  startDaemon,
  untilFinished,
  wholeLog,
} from "./start.js";
import { compareOnce, record } from "./tally.js";

interface Past {
  /** Succeeded, in the sealed history. */
  sealed: string[];
  /**
   * Cancelled while queued, in the time of the document; still queued; decided after the document.
   */
  queued: string;
  running: string;
  recent: string[];
}

/**
 * A past with something in every place: history, state document, the one before it, and a journal
 * after it.
 */
async function makePast(daemon: TestDaemon): Promise<Past> {
  const sealed: string[] = [];
  for (let n = 0; n < 4; n++) sealed.push(await finish(daemon, `sealed-${n}`));
  const running = await submitGate(daemon, "running");
  // Its start is before the checkpoints, in the worker that ran the others.
  await inStage(daemon, running, "Wait");
  const queued = await submitGate(daemon, "queued");
  for (let n = 0; n < 2; n++) {
    await daemon.stop();
    await daemon.startAgain();
  }
  const recent = [await submitGate(daemon, "recent-0"), await submitGate(daemon, "recent-1")];
  await daemon.kill();
  return { sealed, queued, running, recent };
}

async function submitGate(daemon: TestDaemon, name: string): Promise<string> {
  return (
    await daemon.submit("gate", { params: { gate: join(daemon.world.dir, name) }, label: name })
  ).id;
}

async function finish(daemon: TestDaemon, name: string): Promise<string> {
  writeFileSync(join(daemon.world.dir, `${name}.1`), "");
  const id = await submitGate(daemon, name);
  await untilFinished(daemon, id);
  return id;
}

function openGates(daemon: TestDaemon): void {
  for (const name of ["running", "queued", "recent-0", "recent-1"])
    writeFileSync(join(daemon.world.dir, `${name}.1`), "");
}

interface Damage {
  what: string;
  /** Damages; returns the file that was hit. */
  hit: (stateDir: string) => string;
  /** Ids that may be gone: what stood in the damaged part alone. */
  costs?: (past: Past) => string[];
  /** Whether it is said. A torn tail, an index made anew and a lost temporary file lose nothing. */
  said: RegExp | null;
  aside?: boolean;
  /** Injected by `npm test` too: the damages that no lower test has. */
  smoke?: true;
}

const lastJournal = (stateDir: string) => journalFiles(stateDir).at(-1)!;
const segment = (stateDir: string) => join(stateDir, "history", "000001.ndjson");
const document = (stateDir: string) => join(stateDir, "state.json");

/** Flips one bit of the byte at this part of the file. */
function flip(file: string, part: number): string {
  const bytes = readFileSync(file);
  const at = Math.floor(bytes.length * part);
  bytes[at] = bytes[at]! ^ 4;
  writeFileSync(file, bytes);
  return file;
}

/**
 * Without the room for records to come, which a killed daemon leaves: damage to that costs nothing.
 */
function withoutRoom(file: string): string {
  const text = readFileSync(file, "utf8");
  truncateSync(file, Buffer.byteLength(text.replace(/\t+$/, "")));
  return file;
}

function cut(file: string, bytes: number): string {
  truncateSync(file, readFileSync(file).length - bytes);
  return file;
}

function write(file: string, text: string): string {
  writeFileSync(file, text);
  return file;
}

const DAMAGES: Damage[] = [
  {
    what: "a torn tail of the journal",
    hit: (dir) =>
      write(lastJournal(dir), `${readFileSync(lastJournal(dir), "utf8")}0badc0de 99 {"kind":"subm`),
    said: /torn tail/,
  },
  {
    what: "the journal's last record cut short",
    hit: (dir) => cut(withoutRoom(lastJournal(dir)), 7),
    costs: ({ recent }) => recent.slice(1),
    said: /torn tail/,
  },
  {
    what: "a flipped byte in the journal",
    hit: (dir) => flip(withoutRoom(lastJournal(dir)), 0.25),
    costs: ({ recent }) => recent.slice(0, 1),
    said: /damaged record/,
    smoke: true,
  },
  {
    what: "an empty journal",
    hit: (dir) => write(lastJournal(dir), ""),
    costs: ({ recent }) => recent,
    said: null,
    smoke: true,
  },
  {
    what: "an empty state document",
    hit: (dir) => write(document(dir), ""),
    said: /state\.json could not be read/,
  },
  {
    what: "a flipped byte in the state document",
    hit: (dir) => flip(document(dir), 0.5),
    said: /state\.json could not be read/,
    smoke: true,
  },
  {
    what: "half a state document",
    hit: (dir) => cut(document(dir), 100),
    said: /state\.json could not be read/,
  },
  {
    what: "a state document that is none",
    hit: (dir) => write(document(dir), '{"format":1,"operations":"many"}'),
    said: /state\.json could not be read/,
  },
  {
    what: "a history segment cut short, its index gone",
    hit: (dir) => {
      removeIndex(dir);
      return cut(segment(dir), 30);
    },
    said: /torn tail/,
    smoke: true,
  },
  {
    what: "a flipped byte in a history segment, its index gone",
    hit: (dir) => {
      removeIndex(dir);
      return flip(segment(dir), 0.1);
    },
    said: /damaged record/,
    smoke: true,
  },
  {
    what: "a history index that is gone",
    hit: (dir) => {
      removeIndex(dir);
      return segment(dir);
    },
    said: null,
  },
  {
    what: "a history index that is none",
    hit: (dir) => {
      removeIndex(dir);
      return write(join(dir, "history", "index.sqlite"), "x".repeat(8192));
    },
    said: /rebuilt from the history/,
    aside: false,
    smoke: true,
  },
];

function removeIndex(stateDir: string): void {
  const dir = join(stateDir, "history");
  for (const name of readdirSync(dir))
    if (name.startsWith("index.sqlite")) unlinkSync(join(dir, name));
}

/** Files of the running worker: it goes on while the rest of the state directory is put back. */
const OF_WORKERS = ["workers", "runs"];

/** One past for many damages: each begins with the state directory as the past left it. */
class SharedPast implements AsyncDisposable {
  private constructor(
    readonly daemon: TestDaemon,
    readonly past: Past,
  ) {}

  static async make(): Promise<SharedPast> {
    const daemon = await startDaemon(["gate"], { concurrency: 1 });
    const made = new SharedPast(daemon, await makePast(daemon));
    made.#copy(daemon.world.stateDir, made.#kept);
    return made;
  }

  /** Kills the daemon and puts the state directory back. */
  async putBack(): Promise<this> {
    await this.daemon.kill();
    const { stateDir } = this.daemon.world;
    for (const name of readdirSync(stateDir))
      if (!OF_WORKERS.includes(name)) rmSync(join(stateDir, name), { recursive: true });
    this.#copy(this.#kept, stateDir);
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon[Symbol.asyncDispose]();
  }

  get #kept(): string {
    return join(this.daemon.world.dir, "kept");
  }

  #copy(from: string, to: string): void {
    cpSync(from, to, {
      recursive: true,
      filter: (path) => !OF_WORKERS.includes(relative(from, path)) && !statSync(path).isSocket(),
    });
  }
}

describe("damage", () => {
  let shared: SharedPast;
  beforeAll(async () => {
    if (!FULL) shared = await SharedPast.make();
  });
  afterAll(() => shared?.[Symbol.asyncDispose]());

  test.each(DAMAGES.filter(({ smoke }) => FULL || smoke))("$what", async (damage) => {
    if (FULL || damage.what === "a flipped byte in the journal") {
      await using daemon = await startDaemon(["gate"], { concurrency: 1 });
      const past = await makePast(daemon);
      await expectHarmless(daemon, await afterDamage(daemon, past, damage));
    } else {
      const { daemon, past } = await shared.putBack();
      await afterDamage(daemon, past, damage);
    }
  });

  test("in the state document and in the one before it: their intact lines count, the journal restores the rest", async () => {
    await using own = FULL ? await SharedPast.make() : null;
    const { daemon, past } = own ?? (await shared.putBack());
    const { stateDir } = daemon.world;
    const documents = readdirSync(stateDir).filter((name) =>
      /^state(\.previous)?\.json$/.test(name),
    );
    expect(documents).toHaveLength(2);
    // At the front, where nothing of an operation stands.
    for (const name of documents) flip(join(stateDir, name), 0.005);
    await daemon.startAgain();
    const { problems } = await daemon.client.daemon();
    for (const name of documents) {
      expect(
        problems.filter((problem) => problem.includes(`${name} could not be read`)),
      ).not.toEqual([]);
      expect(existsSync(join(stateDir, `${name}.damaged-1`))).toBe(true);
    }
    const ids = (await daemon.client.list({ limit: 1000 })).operations.map(({ id }) => id);
    const expected = [...past.sealed, past.running, past.queued, ...past.recent];
    const found = compareOnce(expected, ids);
    record({ fault: "damage: both documents", injected: 2, ...found }, found.details);
    // The last test of the shared past: what waits may run.
    openGates(daemon);
    for (const id of expected) expect((await untilFinished(daemon, id)).state).toBe("succeeded");
  });
});

/**
 * Damages and starts the daemon: the damage is said, and costs what it may. Returns the ids that
 * must be there.
 */
async function afterDamage(daemon: TestDaemon, past: Past, damage: Damage): Promise<string[]> {
  const { what, hit, costs, said, aside = said !== null } = damage;
  const file = hit(daemon.world.stateDir);
  await daemon.startAgain();
  const { problems } = await daemon.client.daemon();
  const log = readFileSync(join(daemon.world.stateDir, "liveopsd.log"), "utf8");
  if (said) {
    expect(problems.filter((problem) => said.test(problem) && problem.includes(file))).not.toEqual(
      [],
    );
    expect(log).toMatch(said);
  } else expect(problems).toEqual([]);
  const kept = readdirSync(dirname(file)).filter((name) => name.includes(".damaged-"));
  expect(kept.length > 0).toBe(aside);

  const lost = costs?.(past) ?? [];
  const expected = [...past.sealed, past.running, past.queued, ...past.recent].filter(
    (id) => !lost.includes(id),
  );
  const { operations, total } = await daemon.client.list({ limit: 1000 });
  const found = compareOnce(
    expected,
    operations.map(({ id }) => id),
  );
  record({ fault: `damage: ${what}`, injected: 1, ...found }, found.details);
  expect(total).toBe(operations.length);
  const stateOf = (id: string) => {
    if (past.sealed.includes(id)) return "succeeded";
    return id === past.running ? "running" : "queued";
  };
  // What only the run files know is adopted first, and then finished.
  for (const id of expected)
    await eventually(
      `${id} is ${stateOf(id)}`,
      async () => (await daemon.client.show(id)).state === stateOf(id),
    );
  return expected;
}

/** What is left runs, once; and the next start has nothing more to say. */
async function expectHarmless(daemon: TestDaemon, expected: string[]): Promise<void> {
  openGates(daemon);
  for (const id of expected)
    expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded", attempt: 1 });
  await daemon.stop();
  await daemon.startAgain();
  expect((await daemon.client.daemon()).problems).toEqual([]);
  const again = await daemon.client.list({ limit: 1000 });
  const compared = compareOnce(
    expected,
    again.operations.map(({ id }) => id),
  );
  expect(compared.details).toEqual([]);
}

completeTest(
  "an operation that was removed stays removed, though its worker's file still has its events",
  async () => {
    await using daemon = await startDaemon(["gate"], { concurrency: 1 });
    const { stateDir } = daemon.world;
    const removed = await finish(daemon, "removed");
    const running = await submitGate(daemon, "running");
    await inStage(daemon, running, "Wait");
    expect(eventsFileOf(stateDir, running)).toBe(eventsFileOf(stateDir, removed));
    await daemon.client.remove(removed);
    for (let n = 0; n < 2; n++) {
      await daemon.stop();
      await daemon.startAgain();
    }
    await daemon.kill();
    appendFileSync(lastJournal(stateDir), '0badc0de 99 {"kind":"subm');
    await daemon.startAgain();
    const { problems } = await daemon.client.daemon();
    expect(problems.filter((problem) => /torn tail/.test(problem))).toHaveLength(1);
    const { operations } = await daemon.client.list({ limit: 1000 });
    expect(operations.map(({ id }) => id)).toEqual([running]);
    record({ fault: "damage after a removal", injected: 1, survived: 1, lost: 0, duplicated: 0 });
    openGates(daemon);
    expect(await untilFinished(daemon, running)).toMatchObject({ state: "succeeded", attempt: 1 });
  },
);

/** Takes away or damages all that knows of an operation but its run files. */
const FORGOTTEN: Array<{ what: string; forget: (stateDir: string) => void }> = [
  {
    what: "documents damaged beyond reading, the journal empty",
    forget: (dir) => {
      for (const name of ["state.json", "state.previous.json"]) write(join(dir, name), "x");
      for (const file of journalFiles(dir)) write(file, "");
    },
  },
  {
    what: "documents and journal gone",
    forget: (dir) => {
      for (const name of ["state.json", "state.previous.json"]) rmSync(join(dir, name));
      for (const file of journalFiles(dir)) rmSync(file);
    },
  },
];

test.each(rows(1, FORGOTTEN))(
  "an operation that only its run files know is taken up again: $what",
  async ({ forget, what }) => {
    await using daemon = await startDaemon(["gate", "resumes"], { concurrency: 4 });
    const { dir, stateDir } = daemon.world;
    const alive = await submitGate(daemon, "alive");
    const dead = await submitGate(daemon, "dead");
    const over = await submitGate(daemon, "over");
    const side = join(dir, "side");
    const lost = await daemon.submit("resumes", { params: { side, ends: ["wait", "go"] } });
    const pids = await Promise.all([alive, dead, over].map((id) => inStage(daemon, id, "Wait")));
    const lostPid = await inStage(daemon, lost.id, "Second");
    const before = await daemon.client.show(alive);
    for (let n = 0; n < 2; n++) {
      await daemon.stop();
      await daemon.startAgain();
    }
    await daemon.kill();
    forget(stateDir);
    for (const pid of [pids[1]!, lostPid]) process.kill(pid, "SIGKILL");
    // An outcome nobody has read yet.
    writeFileSync(join(dir, "over.1"), "");
    await eventually("its process is gone", () => !isAlive(pids[2]!));
    await daemon.startAgain();

    const { problems } = await daemon.client.daemon();
    for (const id of [alive, dead, over, lost.id])
      expect(
        problems.filter((problem) => problem.includes(`${id} was lost; it was restored`)),
      ).toHaveLength(1);
    expect(await daemon.client.show(alive)).toMatchObject({
      state: "running",
      attempt: 1,
      params: before.params,
      label: "alive",
      createdAt: before.createdAt,
      stageStates: { Wait: "active" },
    });
    // The word is there with the file.
    writeFileSync(join(dir, "alive.1.new"), "chain");
    renameSync(join(dir, "alive.1.new"), join(dir, "alive.1"));
    const ended = await untilFinished(daemon, alive);
    expect(ended).toMatchObject({ state: "succeeded", attempt: 1 });
    expect(readFileSync(join(dir, "alive.ran"), "utf8")).toBe(`1 ${pids[0]}\n`);
    await expectWholeStory(daemon, ended);
    writeFileSync(join(dir, "alive+.1"), "");
    expect(await untilFinished(daemon, ended.chain.next!)).toMatchObject({ state: "succeeded" });
    expect(await untilFinished(daemon, over)).toMatchObject({ state: "succeeded", attempt: 1 });
    // Whether it was over by then cannot be known: it is not run again by itself, and can be by
    // hand.
    for (const id of [dead, lost.id])
      expect(await untilFinished(daemon, id)).toMatchObject({
        state: "failed",
        attempt: 1,
        error: { code: "LIVEOPS_WORKER_LOST" },
      });
    await daemon.client.retry(lost.id);
    expect(await untilFinished(daemon, lost.id)).toMatchObject({
      state: "succeeded",
      attempt: 2,
      stageTimes: { First: { resumed: true } },
    });

    // What was taken up is known from now on.
    await daemon.kill();
    await daemon.startAgain();
    expect((await daemon.client.daemon()).problems).toEqual([]);
    const expected = [alive, dead, over, lost.id, ended.chain.next!];
    const found = compareOnce(
      expected,
      (await daemon.client.list({ limit: 1000 })).operations.map(({ id }) => id),
    );
    expect(found.details).toEqual([]);
    record({ fault: `only the run files left: ${what}`, injected: 4, ...found }, found.details);
  },
);

test("the journal gone, and a document from when the worker ran another operation: what runs is taken up", async () => {
  await using daemon = await startDaemon(["gate"], { concurrency: 1 });
  const { dir, stateDir } = daemon.world;
  const before = await submitGate(daemon, "before");
  const pid = await inStage(daemon, before, "Wait");
  const file = document(stateDir);
  const isRunning = () => {
    const { operations } = JSON.parse(readFileSync(file, "utf8")) as {
      operations: Record<string, Operation>;
    };
    return operations[before]?.state === "running";
  };
  await eventually("the document shows it", () => existsSync(file) && isRunning());
  const older = readFileSync(file);
  writeFileSync(join(dir, "before.1"), "");
  await untilFinished(daemon, before);
  const now = await submitGate(daemon, "now");
  expect(await inStage(daemon, now, "Wait")).toBe(pid);
  await daemon.kill();
  writeFileSync(file, older);
  rmSync(join(stateDir, "state.previous.json"), { force: true });
  for (const name of journalFiles(stateDir)) rmSync(name);
  await daemon.startAgain();
  expect(await daemon.client.show(now)).toMatchObject({
    state: "running",
    attempt: 1,
    label: "now",
  });
  writeFileSync(join(dir, "now.1"), "");
  for (const id of [before, now])
    expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded", attempt: 1 });
  record({
    fault: "damage: an older document alone",
    injected: 1,
    survived: 2,
    lost: 0,
    duplicated: 0,
  });
});

completeTest(
  "a damaged record of a start: its worker is found, and the operation is not run a second time",
  async () => {
    await using daemon = await startDaemon(["gate"], { concurrency: 1 });
    const { dir, stateDir } = daemon.world;
    const id = await submitGate(daemon, "started");
    const pid = await inStage(daemon, id, "Wait");
    await daemon.kill();
    const file = lastJournal(stateDir);
    writeFileSync(file, readFileSync(file, "utf8").replace('"kind":"started"', '"kind":"startad"'));
    await daemon.startAgain();
    expect(await daemon.client.show(id)).toMatchObject({ state: "running", attempt: 1 });
    writeFileSync(join(dir, "started.1"), "");
    expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded", attempt: 1 });
    expect(readFileSync(join(dir, "started.ran"), "utf8")).toBe(`1 ${pid}\n`);
    record({
      fault: "damage: the record of a start",
      injected: 1,
      survived: 1,
      lost: 0,
      duplicated: 0,
    });
  },
);

completeTest(
  "a worker that works for nothing that is known is ended, and its files go",
  async () => {
    await using daemon = await startDaemon(["gate"], { concurrency: 1 });
    const { dir, stateDir } = daemon.world;
    const id = await submitGate(daemon, "nobody");
    const pid = await inStage(daemon, id, "Wait");
    await daemon.kill();
    for (const name of journalFiles(stateDir)) rmSync(name);
    rmSync(eventsFileOf(stateDir, id));
    await daemon.startAgain();
    expect((await daemon.client.list({})).total).toBe(0);
    await eventually("it is ended", () => !isAlive(pid));
    const busy = () =>
      readdirSync(join(stateDir, "workers")).filter((name) => name.endsWith(".lock")).length;
    await eventually("its files are gone", () => busy() <= 1);
    expect(existsSync(join(dir, "nobody.2"))).toBe(false);
    record({
      fault: "a worker whose operation nobody knows",
      injected: 1,
      survived: 1,
      lost: 0,
      duplicated: 0,
    });
  },
);

completeTest(
  "damage in run files: the damaged line is passed over and said, the others are there, the outcome counts",
  async () => {
    await using daemon = await startDaemon(["counted"], { concurrency: 1 });
    const params = {
      side: join(daemon.world.dir, "side"),
      name: "run",
      lines: 20,
      pause: 0,
      links: 1,
    };
    const { id } = await daemon.submit("counted", { params });
    await untilFinished(daemon, id);
    const log = join(daemon.world.stateDir, "runs", id, "1", "log.ndjson");
    const lines = readFileSync(log, "utf8").split("\n");
    lines[4] = lines[4]!.replace("line 5", "line 6");
    writeFileSync(log, lines.join("\n"));
    const texts = (await wholeLog(daemon, id)).map(({ text }) => text);
    expect(texts).toHaveLength(19);
    expect(texts).not.toContain("line 5");
    expect(texts.filter((text) => text === "line 6")).toHaveLength(1);
    rmSync(join(daemon.world.stateDir, "runs", id), { recursive: true });
    expect(await wholeLog(daemon, id)).toEqual([]);
    expect((await daemon.client.show(id)) satisfies Operation).toMatchObject({
      state: "succeeded",
    });
  },
);
