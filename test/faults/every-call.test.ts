/**
 * The first call of the file system below the state directory fails, then the second one, and so on
 * until a run in which none is left to fail: submit, two operations of a chain, stop, start, read.
 * Calls of daemon, loader and workers count alike, those of SQLite and of Node's threads too.
 * `LIVEOPS_FAULTS_CALL="EIO 17"` repeats one run.
 *
 * Not covered: calls that look at a name without opening it (stat), calls outside of the state
 * directory, and errors that stay.
 *
 * @module-tag gcc
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Client } from "../../protocol/client/client.js";
import { ConnectionLostError, NoAnswerError } from "../../protocol/client/errors.js";
import { REFUSALS, Refusal } from "../../protocol/errors.js";
import { newId } from "../../protocol/id.js";
import type { Operation } from "../../protocol/operation.js";
import { isFinal } from "../../protocol/state.js";
import { until } from "../../protocol/system/until.js";
import { TestDaemon } from "../harness/daemon.js";
import { problemsIn } from "../harness/store.js";
import { useDirectories } from "../harness/temporary.js";
import { Dice, FULL, patience } from "./mode.js";
import { operations } from "./start.js";
import { record } from "./tally.js";

const directory = useDirectories();

/** As in failing-call.c. */
const OPENS = 1;
const CREATES = 2;
const READS = 4;
const WRITES = 8;
const SYNCS = 16;
const NAMES = 32;
const REMOVES = 64;
const CLOSES = 128;

interface Fault {
  name: string;
  /** 0: a short write. */
  error: number;
  /** The calls that can end so. */
  kinds: number;
  fullAfterShort?: boolean;
  /** The short form lets one of so many calls fail. */
  every: number;
}

const { EIO, ENOSPC, EMFILE } = constants.errno;
const ALL = OPENS | CREATES | READS | WRITES | SYNCS | NAMES | REMOVES | CLOSES;

const FAULTS: Fault[] = [
  { name: "EIO", error: EIO, kinds: ALL, every: 330 },
  { name: "ENOSPC", error: ENOSPC, kinds: CREATES | WRITES | SYNCS | NAMES, every: 240 },
  { name: "EMFILE", error: EMFILE, kinds: OPENS | CREATES, every: 180 },
  { name: "short write", error: 0, kinds: WRITES, every: 140 },
  { name: "short write, then ENOSPC", error: 0, kinds: WRITES, fullAfterShort: true, every: 140 },
];

/** The complete form lets one of so many calls fail, others with each seed. */
const STEP = 16;

/** Longest wait for the end of a process, in ms; passed only by a test that fails. */
const GONE_MS = 30_000;

/**
 * Time in ms for a daemon to end that has broken a connection. A daemon that takes longer is asked
 * again.
 */
const SOON_MS = 2000;

const TEXT = "x".repeat(20_000);
const STAGES = { passes: ["Read", "Pass"], takes: ["Take", "Keep"] };
const RESULTS: Record<string, unknown> = {
  passes: { text: TEXT },
  takes: { text: TEXT, kept: "small" },
};

const library = join(directory(), "failing-call.so");

function compile(): void {
  const source = fileURLToPath(new URL("./failing-call.c", import.meta.url));
  execFileSync("gcc", ["-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source]);
}

/** The control file of failing-call.c. */
class Control {
  readonly #file: string;
  readonly library: string;

  constructor(dir: string) {
    mkdirSync(dir);
    this.#file = join(dir, "control");
    this.library = join(dir, "failing-call.so");
    copyFileSync(library, this.library);
  }

  set({ error, kinds, fullAfterShort }: Fault, at: number, below: string): void {
    const bytes = Buffer.alloc(24 + 256 + 1024);
    for (const [index, value] of [
      error,
      kinds,
      at,
      0,
      0,
      Number(fullAfterShort === true),
    ].entries())
      bytes.writeInt32LE(value, 4 * index);
    bytes.write(below, 24);
    writeFileSync(this.#file, bytes);
  }

  /** The call that failed; null: none did. */
  get failed(): string | null {
    const bytes = readFileSync(this.#file);
    const text = bytes.toString("utf8", 24 + 256);
    return bytes.readInt32LE(16) === 0 ? null : text.slice(0, text.indexOf("\0"));
  }
}

interface Outcome {
  /** The call that failed; null: the run was clean. */
  call: string | null;
  broken: string[];
  /** What was seen of the failure. */
  seen: string[];
}

/** One run: the daemon is started again whenever it has ended. */
class Run {
  readonly #broken: string[] = [];
  readonly #seen: string[] = [];
  readonly #ops = operations("passes");
  readonly #daemon: TestDaemon;
  readonly #control: Control;
  readonly #side: string;
  #isUp = false;
  #starts = 0;
  #stderr = "";

  constructor(
    private readonly fault: Fault,
    at: number,
  ) {
    const dir = directory();
    this.#control = new Control(join(dir, "io"));
    this.#side = join(dir, "side");
    writeFileSync(this.#side, "");
    this.#daemon = TestDaemon.prepare({
      dir,
      ops: this.#ops,
      concurrency: 1,
      env: { LD_PRELOAD: this.#control.library },
    });
    this.#control.set(fault, at, this.#daemon.world.stateDir);
  }

  async perform(): Promise<Outcome> {
    try {
      const ids = await this.#work();
      const { failed } = this.#control;
      await this.#judge(ids);
      return { call: failed, broken: this.#broken, seen: this.#seen };
    } catch (error) {
      this.#broken.push((error as Error).stack ?? String(error));
      await this.#daemon.kill();
      return { call: this.#control.failed, broken: this.#broken, seen: this.#seen };
    } finally {
      for (const pid of this.#daemon.world.processes()) await this.#gone(pid);
      const close = () =>
        this.#daemon.world.close().catch((error: Error) => this.#broken.push(error.message));
      if (process.env.LIVEOPS_FAULTS_CALL === undefined) await close();
      else process.stdout.write(`kept: ${this.#daemon.world.dir}\n`);
    }
  }

  async #gone(pid: number): Promise<void> {
    if (await this.#isGone(pid)) return;
    this.#broken.push(`process ${pid} is left`);
    process.kill(pid, "SIGKILL");
  }

  #isGone(pid: number, ms = GONE_MS): Promise<boolean | null> {
    return until(() => !this.#daemon.world.processes().includes(pid), ms);
  }

  /** Submits, waits for the end of the chain, stops, starts, reads. */
  async #work(): Promise<string[]> {
    const key = newId();
    const params = { side: this.#side, text: TEXT };
    const { id } = await this.#ask(({ client }) => client.submit({ op: "passes", params }, key));
    const first = await this.#untilFinished(id);
    const ids = [id];
    if (first.chain.next !== null) {
      ids.push(first.chain.next);
      await this.#untilFinished(first.chain.next);
    }
    await this.#stop();
    if (this.#control.failed !== null) return ids;
    for (const each of ids) {
      const { op, state, result } = await this.#ask(({ client }) => client.show(each));
      if (state === "succeeded" && JSON.stringify(result) !== JSON.stringify(RESULTS[op]))
        this.#broken.push(`${op} is shown as succeeded without its result`);
      await this.#ask(({ client }) => client.log(each));
      await this.#ask(({ client }) => eventsOf(client, each));
    }
    await this.#ask(({ client }) => client.list());
    await this.#stop();
    return ids;
  }

  #untilFinished(id: string): Promise<Operation> {
    return this.#ask(async ({ client }) => {
      const began = performance.now();
      for (;;) {
        const shown = await client.show(id);
        if (isFinal(shown.state)) return shown;
        if (performance.now() - began > 30_000)
          throw new Error(`${shown.op} does not end: ${JSON.stringify(shown).slice(0, 2000)}`);
        await delay(5);
      }
    });
  }

  async #stop(): Promise<void> {
    if (!this.#isUp) return;
    await this.#daemon.client
      .stop()
      .catch((error: Error) => this.#seen.push(`stop: ${error.message}`));
    await this.#ended("at the stop");
  }

  /**
   * What a daemon answers, which is started where none runs. Refusals of the contract are tried
   * again.
   */
  async #ask<T>(question: (daemon: TestDaemon) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      await this.#start();
      try {
        return await question(this.#daemon);
      } catch (error) {
        this.#seen.push(`${(error as { code?: string }).code}: ${(error as Error).message}`);
        if (tries === 6) throw error;
        if (error instanceof Refusal) this.#checkRefusal(error);
        else if (error instanceof NoAnswerError) continue;
        else if (
          await this.#isGone(
            this.#daemon.pid,
            error instanceof ConnectionLostError ? SOON_MS : GONE_MS,
          )
        )
          await this.#ended("at a request");
        // A file could not be read in the middle of a stream: clients ask again.
        else if (error instanceof ConnectionLostError) continue;
        else throw error;
      }
    }
  }

  #checkRefusal({ code, message, status }: Refusal): void {
    if (
      code === "LIVEOPS_INTERNAL" ||
      !(code in REFUSALS) ||
      status < 500 ||
      /\n\s+at /.test(message)
    )
      this.#broken.push(`a refusal that is none of the contract: ${status} ${code} ${message}`);
  }

  async #start(): Promise<void> {
    if (this.#isUp) return;
    if (++this.#starts > 6) throw new Error("the daemon does not stay");
    try {
      await this.#daemon.startAgain();
      this.#isUp = true;
    } catch (error) {
      // What the command that starts a daemon prints.
      this.#stderr += (error as Error).message;
      await this.#ended("at the start", (error as Error).message);
      await this.#start();
    }
  }

  async #ended(when: string, said = ""): Promise<void> {
    this.#isUp = false;
    const { code, stderr: printed } = await this.#daemon.exited();
    const stderr = said + printed;
    this.#stderr += stderr;
    if (code !== 0) this.#seen.push(`exit ${code} ${when}: ${stderr.trim()}`);
    const expected = [70];
    if (when === "at the stop") expected.push(0);
    if (when === "at the start") expected.push(2, 5);
    if (!expected.includes(code ?? -1)) this.#broken.push(`exit ${code} ${when}: ${stderr}`);
    if (code !== 0 && stderr.trim() === "")
      this.#broken.push(`exit ${code} ${when} without a word`);
    if (/\n\s+at /.test(stderr)) this.#broken.push(`a stack trace ${when}: ${stderr}`);
  }

  /** Holds what a daemon finds, which starts without a fault, against the promises. */
  async #judge(ids: string[]): Promise<void> {
    const { dir, stateDir } = this.#daemon.world;
    await using daemon = TestDaemon.prepare({ dir, ops: this.#ops, concurrency: 1 });
    await daemon.startAgain();
    const { operations: all } = await daemon.client.list();
    const found = all.map(({ id }) => id);
    if (found.toSorted().join() !== ids.toSorted().join())
      this.#broken.push(`lost or twice: ${ids} are acknowledged, ${found} are there`);
    const { problems } = await daemon.client.daemon();
    let isClean = ids.length === 2;
    for (const id of found) {
      const shown = await daemon.client.show(id);
      const isUnchanged = await this.#judgeOperation(daemon, shown);
      isClean &&= isUnchanged;
    }
    const log = readFileSync(join(stateDir, "liveopsd.log"), "utf8");
    const errors = log
      .split("\n")
      .filter((line) => /"level":"?(warn|error|fatal|[456]0)/.test(line));
    this.#seen.push(
      ...problems.map((text) => `problem: ${text}`),
      ...errors.map((line) => `log: ${line}`),
    );
    const told = [this.#stderr, ...this.#seen, JSON.stringify(all)].join("\n");
    if (!isClean && !/EIO|ENOSPC|EMFILE|disk|mkdir/i.test(told))
      this.#broken.push(`nothing tells why: ${told.slice(0, 2000)}`);
    if (this.fault.error !== EIO && this.fault.error !== EMFILE && !isClean)
      this.#broken.push(`a full disk changed the end: ${JSON.stringify(all).slice(0, 3000)}`);
    await daemon.stop();
    const later = await problemsIn(stateDir);
    if (later.length > 0) this.#broken.push(`the next start: ${later.join("; ")}`);
    const left = readdirSync(stateDir, { recursive: true, encoding: "utf8" }).filter((name) =>
      /\.tmp$|damaged|-journal$/.test(name),
    );
    if (left.length > 0) this.#broken.push(`left: ${left}`);
  }

  /** Whether it went as if nothing had failed. */
  async #judgeOperation(daemon: TestDaemon, shown: Operation): Promise<boolean> {
    const { id, op, state, attempt, result } = shown;
    const stages = STAGES[op as keyof typeof STAGES];
    const ran = readFileSync(this.#side, "utf8")
      .split("\n")
      .filter((line) => line.startsWith(id))
      .map((line) => line.split(" ").slice(1).join(" "));
    if (new Set(ran).size < ran.length) this.#broken.push(`${op} ran twice: ${ran}`);
    if (ran.some((line) => Number(line.split(" ")[0]) > attempt))
      this.#broken.push(`an attempt that is not told: ${ran}, attempt ${attempt}`);
    if (!isFinal(state)) this.#broken.push(`${op} is ${state}`);
    if (state === "succeeded") {
      for (const stage of stages)
        if (!ran.some((line) => line.endsWith(` ${stage}`)))
          this.#broken.push(`${op} succeeded without ${stage}`);
      if (JSON.stringify(result) !== JSON.stringify(RESULTS[op]))
        this.#broken.push(`${op} succeeded with ${JSON.stringify(result)?.slice(0, 200)}`);
    } else if (!/^LIVEOPS_/.test(shown.error?.code ?? ""))
      this.#broken.push(`${op} is ${state}: ${JSON.stringify(shown.error)}`);
    const { lines } = await daemon.client.log(id);
    const texts = lines.map(({ text }) => text);
    this.#seen.push(...texts.map((text) => `its log: ${text}`));
    const events = await eventsOf(daemon.client, id);
    if (events.length < 2) this.#broken.push(`${op} has ${events.length} events`);
    const isClean = state === "succeeded" && attempt === 1;
    const whole = stages.map((stage) => `${stage} is here`);
    const hasLines = texts.join() === whole.join();
    if (state === "succeeded" && !hasLines && !texts.some((text) => /dropped/.test(text)))
      if (whole.some((line) => !texts.includes(line)))
        this.#broken.push(`${op} lost lines: ${texts}`);
    return isClean;
  }
}

async function eventsOf(client: Client, id: string): Promise<object[]> {
  const events: object[] = [];
  for await (const event of client.events(id)) events.push(event);
  return events;
}

/** Runs until one is clean; returns the runs in which a call failed. */
async function loop(
  fault: Fault,
  first: number,
  step: number,
): Promise<{ runs: number; broken: string[] }> {
  const broken: string[] = [];
  let at = first;
  let runs = 0;
  let isClean = false;
  const go = async () => {
    while (!isClean) {
      const number = at;
      at += step;
      const outcome = await new Run(fault, number).perform();
      if (outcome.call === null) isClean = true;
      else runs++;
      broken.push(
        ...outcome.broken.map((text) => `${fault.name} ${number}, ${outcome.call}: ${text}`),
      );
    }
  };
  await Promise.all([go(), go()]);
  return { runs, broken };
}

const [only, number] = /^(.*) (\d+)$/.exec(process.env.LIVEOPS_FAULTS_CALL ?? "")?.slice(1) ?? [];

test.each(FAULTS.filter(({ name }) => only === undefined || name === only))(
  "$name at each call: every promise holds",
  { timeout: patience(180_000, 3_600_000) },
  async (fault) => {
    compile();
    if (number !== undefined) {
      const outcome = await new Run(fault, Number(number)).perform();
      process.stdout.write(`${outcome.call}\n${outcome.seen.join("\n")}\n`);
      expect(outcome.broken).toEqual([]);
      return;
    }
    const step = FULL ? STEP : fault.every;
    const first = FULL ? new Dice(fault.name).whole(1, STEP) : Math.ceil(step / 2);
    const { runs, broken } = await loop(fault, first, step);
    const lost = broken.length;
    record(
      {
        fault: `${fault.name} at each call`,
        injected: runs,
        survived: runs - lost,
        lost,
        duplicated: 0,
      },
      broken,
    );
  },
);
