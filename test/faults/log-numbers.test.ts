/**
 * The numbers of log lines and events over several attempts: after a kill of any process at any
 * moment, the next attempt continues after all lines and events of the previous attempt.
 */
import {
  appendFileSync,
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ConnectionLostError, NoDaemonError } from "../../protocol/client/errors.js";
import type { LogLine, Operation } from "../../protocol/operation.js";
import { isAlive } from "../end-to-end/processes.js";
import type { TestDaemon } from "../harness/daemon.js";
import { counts, Dice, patience } from "./mode.js";
import {
  eventually,
  expectNoGap,
  recordThat,
  startDaemon,
  untilFinished,
  wholeLog,
} from "./start.js";
import { compareOnce, record } from "./tally.js";

const LINES = 60;

interface Loud {
  id: string;
  side: string;
  /** Every log line that a watch stream sent, over all reconnects. */
  followed: Promise<LogLine[]>;
}

/** Submits the type `loud` and follows its log from the first line to the end. */
async function submitLoud(daemon: TestDaemon, name: string, ends: string[]): Promise<Loud> {
  const side = join(daemon.world.dir, name);
  const { id } = await daemon.submit("loud", { params: { side, lines: LINES, ends } });
  return { id, side, followed: follow(daemon, id) };
}

/** Reconnects with the last line it has, as `liveops watch` does, until the operation has ended. */
async function follow(daemon: TestDaemon, id: string): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  await eventually(
    "the watch stream ends",
    async () => {
      try {
        const query = { operation: id, log: true, logAfter: lines.at(-1)?.n ?? 0 };
        for await (const line of daemon.client.watch(query)) {
          if (line.type === "log") lines.push(...line.lines);
          if (line.type === "end") return true;
        }
      } catch (error) {
        if (!(error instanceof NoDaemonError) && !(error instanceof ConnectionLostError))
          throw error;
      }
      return null;
    },
    () => ({ last: lines.at(-1) }),
    patience(50_000),
  );
  return lines;
}

/** Once the attempt has logged all its lines: the pid of its worker. */
async function hasLogged(side: string, attempt: number): Promise<number> {
  const file = `${side}.${attempt}`;
  await eventually(
    `attempt ${attempt} has logged`,
    () => existsSync(file) && readFileSync(file, "utf8"),
  );
  return Number(readFileSync(file, "utf8"));
}

/** SIGKILL; the process may have ended by itself a moment before. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Kills the process and waits until nothing runs under the pid. */
async function killWorker(pid: number): Promise<void> {
  kill(pid);
  await eventually("the worker is dead", () => !isAlive(pid));
}

/**
 * The law: n = 1..N, seq ascending, each line that was written is there once, for pages and for the
 * follower.
 */
async function expectNumbers(
  daemon: TestDaemon,
  { id, side, followed }: Loud,
  fault: string,
): Promise<Operation> {
  const ended = await untilFinished(daemon, id);
  const log = await wholeLog(daemon, id);
  expectNoGap(log, ended);
  expect((await followed).map(({ n }) => n)).toEqual(log.map(({ n }) => n));
  const numbers: number[] = [];
  for await (const line of daemon.client.events(id, { log: true }))
    if (line.type !== "end" && line.seq > 0) numbers.push(line.seq);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  expect(numbers.at(-1)).toBe(ended.seq);
  const written = readFileSync(side, "utf8").split("\n").filter(Boolean);
  const logged = log.map(({ text }) => text).filter((text) => text.startsWith("attempt "));
  const found = compareOnce(written, logged);
  record({ fault, injected: ended.attempt - 1, ...found }, found.details);
  return ended;
}

test("a daemon killed while an automatic retry waits: the next attempt's lines continue after those of the former", async () => {
  await using daemon = await startDaemon(["loud"]);
  const loud = await submitLoud(daemon, "retry", ["throw", "throw", "go"]);
  for (const attempt of [1, 2]) {
    await recordThat(
      daemon,
      loud.id,
      ({ retryAt, attempt: ran }) => retryAt !== null && ran === attempt,
    );
    await daemon.kill();
    await daemon.startAgain();
  }
  const ended = await expectNumbers(daemon, loud, "daemon killed between automatic attempts");
  expect(ended).toMatchObject({ state: "succeeded", attempt: 3, logLines: 3 * LINES });
});

test("a worker killed before the daemon has read its lines: the next attempt's lines continue after all of them", async () => {
  await using daemon = await startDaemon(["loud"]);
  const loud = await submitLoud(daemon, "unread", ["wait", "wait", "go"]);
  await recordThat(daemon, loud.id, ({ state }) => state === "running");
  // The daemon reads nothing from here on; it dies with its worker, or after it.
  daemon.signal("SIGSTOP");
  await killWorker(await hasLogged(loud.side, 1));
  await daemon.kill();
  await daemon.startAgain();
  const second = await hasLogged(loud.side, 2);
  daemon.signal("SIGSTOP");
  await killWorker(second);
  daemon.signal("SIGCONT");
  const ended = await expectNumbers(daemon, loud, "worker killed with unread lines");
  expect(ended).toMatchObject({ state: "succeeded", attempt: 3 });
});

test("a daemon killed right after it kept a dead worker's output: no line of it is logged twice", async () => {
  await using daemon = await startDaemon(["loud"]);
  const side = join(daemon.world.dir, "kept");
  const params = { side, lines: LINES, ends: ["wait", "wait"] };
  const { id } = await daemon.submit("loud", { params });
  const pid = await hasLogged(side, 1);
  await daemon.kill();
  await killWorker(pid);
  const { stateDir } = daemon.world;
  const workers = join(stateDir, "workers");
  const lastWords = ["attempt 1 last words", "attempt 1 very last words"];
  for (const name of readdirSync(workers).filter((each) => each.endsWith(".stdout")))
    appendFileSync(join(workers, name), `${lastWords.join("\n")}\n`);
  // The next daemon keeps the output in the log; what it decided after that is taken back.
  const before = join(daemon.world.dir, "before");
  cpSync(stateDir, before, { recursive: true, filter: isFile });
  await daemon.startAgain();
  const second = await hasLogged(side, 2);
  await daemon.kill();
  await killWorker(second);
  rmSync(join(stateDir, "runs", id, "2"), { recursive: true });
  for (const name of readdirSync(before).filter((each) => each !== "runs")) {
    rmSync(join(stateDir, name), { recursive: true, force: true });
    cpSync(join(before, name), join(stateDir, name), { recursive: true });
  }
  await daemon.startAgain();
  await recordThat(daemon, id, ({ attempt }) => attempt === 2);
  const texts = (await wholeLog(daemon, id)).map(({ text }) => text);
  const found = compareOnce(
    [...Array.from({ length: LINES }, (_, index) => `attempt 1 line ${index + 1}`), ...lastWords],
    texts.filter((text) => text.startsWith("attempt 1 ")),
  );
  record({ fault: "daemon killed after it kept output", injected: 1, ...found }, found.details);
});

function isFile(path: string): boolean {
  return !lstatSync(path).isSocket();
}

type Fault = "daemon" | "worker" | "both" | "unread";
const FAULTS: Fault[] = ["daemon", "worker", "both", "unread"];

test("whatever is killed, and when, lines are numbered 1 to N and events ascend", {
  timeout: patience(80_000, 900_000),
}, async () => {
  await using daemon = await startDaemon(["loud"], { concurrency: 3 });
  const dice = new Dice("log numbers");
  for (let round = 0; round < counts(2, 40); round++) {
    const ends = Array.from({ length: 4 }, () => (dice.chance(0.5) ? "throw" : "wait"));
    const louds = await Promise.all(
      ["a", "b", "c"].map((name) => submitLoud(daemon, `law-${round}-${name}`, ends)),
    );
    for (let n = 0; n < 4; n++) await strike(daemon, dice, louds, FAULTS[dice.whole(0, 3)]!);
    // What waits to be killed is; each attempt is another one, so that ends after four of them at
    // most.
    let over = false;
    const ended = Promise.all(
      louds.map((loud) => expectNumbers(daemon, loud, "log numbers: any kill")),
    ).finally(() => {
      over = true;
    });
    await eventually(
      "all have ended",
      async () => {
        if (over) return true;
        for (const pid of await waiting(daemon, louds)) kill(pid);
        return null;
      },
      undefined,
      patience(60_000),
    );
    await ended;
  }
});

async function strike(daemon: TestDaemon, dice: Dice, louds: Loud[], fault: Fault): Promise<void> {
  await dice.moment(0, 400);
  if (fault === "unread") daemon.signal("SIGSTOP");
  if (fault !== "daemon") for (const pid of working(louds)) if (dice.chance(0.7)) kill(pid);
  if (fault === "unread") await dice.moment(0, 100);
  if (fault === "worker") return;
  await daemon.kill();
  await daemon.startAgain();
}

/** Pids of the workers that said they logged all and are still there. */
function working(louds: Loud[]): number[] {
  return louds.flatMap(({ side }) =>
    Array.from({ length: 20 }, (_, index) => `${side}.${index + 1}`)
      .filter((file) => existsSync(file))
      .map((file) => Number(readFileSync(file, "utf8")))
      .filter((pid) => pid > 0 && isAlive(pid)),
  );
}

/** Of those, the workers whose operation runs: they wait to be killed. */
async function waiting(daemon: TestDaemon, louds: Loud[]): Promise<number[]> {
  const pids: number[] = [];
  for (const { id, side } of louds) {
    const { state, attempt, params } = await daemon.client.show(id);
    const end = (params.ends as string[])[attempt - 1];
    if (state !== "running" || end !== "wait" || !existsSync(`${side}.${attempt}`)) continue;
    const pid = Number(readFileSync(`${side}.${attempt}`, "utf8"));
    if (pid > 0 && isAlive(pid)) pids.push(pid);
  }
  return pids;
}
