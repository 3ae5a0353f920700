/**
 * A temporary world for the real bins: home, XDG directories, a place for operations and one to
 * work in.
 *
 * `useWorld` makes one for the tests of a file and takes it down after them: the daemon is stopped,
 * and no process and no file of it is left, which is asserted.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { textOf } from "../../ops/programs/proc.js";
import { Client } from "../../protocol/client/client.js";
import { submitPlace } from "../../protocol/client/submit-place.js";
import { newId } from "../../protocol/id.js";
import type { Operation } from "../../protocol/operation.js";
import { applyWatchLine, EMPTY_VIEW } from "../../protocol/watch.js";
import { type Ended, type Running, type StartOptions, startBin } from "./bins.js";
import { isAlive, processesOf } from "./processes.js";
import { PATIENCE, until } from "./until.js";

const OPERATIONS = new URL("./operations", import.meta.url).pathname;

/** The examples that come with liveops; they load only where they are named. */
const EXAMPLES = new URL("../../ops/examples", import.meta.url).pathname;

export class World {
  /** A short path: ssh has its sockets in it. */
  readonly dir = join(tmpdir(), `e2e-${newId().slice(0, 6)}`);
  readonly state = join(this.dir, "state", "liveops");
  readonly socket = join(this.dir, "run", "liveops", "liveopsd.sock");
  /** The user's own operations: found without being named. */
  readonly ops = join(this.dir, "config", "liveops", "ops");
  /** Where the commands are typed. */
  readonly work = join(this.dir, "work");
  readonly client = new Client(this.socket);
  readonly env: Record<string, string> = {
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    HOME: join(this.dir, "home"),
    XDG_STATE_HOME: join(this.dir, "state"),
    XDG_RUNTIME_DIR: join(this.dir, "run"),
    XDG_CONFIG_HOME: join(this.dir, "config"),
    TMPDIR: join(this.dir, "tmp"),
    LIVEOPS_AUTOSTART: "0",
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? "",
    TZ: "UTC",
    TERM: "xterm-256color",
  };
  readonly #running = new Set<Running>();

  /**
   * Its directories; apart from the constructor, since tests are collected that are then not run.
   */
  make(): this {
    for (const dir of ["home", "state", "run", "tmp", "work"])
      mkdirSync(join(this.dir, dir), { mode: 0o700, recursive: true });
    mkdirSync(this.ops, { recursive: true });
    return this;
  }

  /** Copies operations of `test/end-to-end/operations` to where liveops finds them. */
  takeOperations(...names: string[]): void {
    for (const name of names) cpSync(join(OPERATIONS, `${name}.ts`), join(this.ops, `${name}.ts`));
  }

  /** Makes daemon and commands load the examples. */
  takeExamples(): this {
    this.env.LIVEOPS_OPS = EXAMPLES;
    return this;
  }

  /**
   * Copies the state directory. The daemon may rename a file meanwhile; the copy is then made
   * again.
   */
  copyState(to: string): void {
    for (let tries = 1; ; tries++) {
      try {
        cpSync(this.state, to, { recursive: true });
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT" || tries === 5) throw error;
        rmSync(to, { recursive: true, force: true });
      }
    }
  }

  /** Writes a file of this world; returns its path. */
  write(path: string, text: string | Buffer): string {
    const file = join(this.dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  start(bin: string, words: string[], options: StartOptions = {}): Running {
    const { cwd = this.work, env = {} } = options;
    const running = startBin(bin, words, { ...options, cwd, env: { ...this.env, ...env } });
    this.#running.add(running);
    return running;
  }

  liveops(words: string[], options: StartOptions = {}): Promise<Ended> {
    return this.start("liveops", words, options).ended;
  }

  liveopsd(words: string[], options: StartOptions = {}): Promise<Ended> {
    return this.start("liveopsd", words, options).ended;
  }

  /** Starts the daemon as a user does. */
  async startDaemon(words: string[] = [], options: StartOptions = {}): Promise<void> {
    const ended = await this.liveopsd(["start", ...words], options);
    expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: "" });
  }

  /** As a crash or the system does it; returns when it is dead. */
  async killDaemon(): Promise<void> {
    const { pid } = await this.client.daemon();
    process.kill(pid, "SIGKILL");
    await until("the daemon is dead", () => !isAlive(pid));
  }

  /**
   * Submits; returns the id. Starts the command only for a file, or an option other than `--label`.
   */
  async submit(op: string, ...words: string[]): Promise<string> {
    const [given, args] = cutAtDashes(words);
    const at = given.indexOf("--label");
    const label = at === -1 ? {} : { label: given[at + 1]! };
    const set = at === -1 ? given : given.toSpliced(at, 2);
    if (!/[/.]/.test(op) && !set.some((word) => word.startsWith("-"))) {
      const place = submitPlace(this.socket, { cwd: this.work, allow: undefined }, this.env);
      if (args !== null) set.push(`args:=${JSON.stringify(args)}`);
      return (await this.client.submit({ op, set, ...label, ...place }, newId())).id;
    }
    const ended = await this.liveops(["submit", op, ...words]);
    // A submit to a paused queue says that it waits.
    expect(ended, ended.stderr).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^(waits: .*\n)?$/),
    });
    expect(ended.stdout).toMatch(/^[a-z][0-9a-z]{11}\n$/);
    return ended.stdout.trim();
  }

  /**
   * The record once it fits. The daemon tells of each change: to ask again and again takes the time
   * of others.
   */
  record(id: string, fits: (operation: Operation) => boolean): Promise<Operation> {
    const signal = AbortSignal.timeout(PATIENCE);
    return until(
      `operation ${id} fits`,
      async () => {
        try {
          return await this.#firstFit(id, fits, signal);
        } catch (error) {
          if (error === signal.reason) return null;
          throw error;
        }
      },
      async () => JSON.stringify(await this.client.show(id)),
    );
  }

  /** Null: the stream has ended, as it does with the operation, and no record of it fits. */
  async #firstFit(
    id: string,
    fits: (operation: Operation) => boolean,
    signal: AbortSignal,
  ): Promise<Operation | null> {
    let view = EMPTY_VIEW;
    for await (const line of this.client.watch({ operation: id }, signal)) {
      view = applyWatchLine(view, line);
      const record = view.operations.get(id);
      if (record === undefined || !fits(record)) continue;
      // A stream leaves keys out. What fitted for a moment is gone by now.
      const shown = await this.client.show(id);
      return fits(shown) ? shown : record;
    }
    return null;
  }

  inState(id: string, state: Operation["state"]): Promise<Operation> {
    return this.record(id, (record) => record.state === state);
  }

  finished(id: string): Promise<Operation> {
    return this.record(id, ({ state }) => state !== "queued" && state !== "running");
  }

  /**
   * Cancels what a test that failed left behind, so that the tests after it do not wait for a
   * worker.
   */
  async quiet(): Promise<void> {
    const { operations } = await this.client.list({ state: ["queued", "running"] });
    // One that ends by itself at this moment is as good.
    for (const { id } of operations) await this.client.cancel(id).catch(() => {});
    for (const { id } of operations) await this.finished(id);
  }

  async lines(id: string): Promise<string[]> {
    const { lines } = await this.client.log(id, { limit: 10_000 });
    return lines.map((line) => line.text);
  }

  async close(): Promise<void> {
    for (const running of this.#running) await running.kill();
    if (processesOf(this.dir).length > 0)
      await this.client.stop({ now: true }).catch(() => this.liveopsd(["stop", "--now"]));
    try {
      // What was told to end is given the moment it takes.
      await until("no process of this world is left", () => processesOf(this.dir).length === 0);
    } catch {
      const left = processesOf(this.dir);
      for (const { pid } of left) process.kill(pid, "SIGKILL");
      expect(left, "processes that outlived their world").toEqual([]);
    } finally {
      rmSync(this.dir, { recursive: true, force: true });
    }
  }
}

/** The words before `--`, and those after it. */
function cutAtDashes(words: string[]): [string[], string[] | null] {
  const at = words.indexOf("--");
  return at === -1 ? [[...words], null] : [words.slice(0, at), words.slice(at + 1)];
}

/**
 * Characters of the daemon's log that are printed where a test fails: the world takes the log with
 * it.
 */
const LOG_TOLD = 5000;

/** One world for the tests of the file that calls this; with a daemon unless it says no. */
export function useWorld({
  operations = [] as string[],
  examples = false,
  daemon = true,
  words = [] as string[],
} = {}): World {
  const world = new World();
  if (examples) world.takeExamples();
  beforeAll(async () => {
    world.make().takeOperations(...operations);
    if (daemon) await world.startDaemon(words);
  });
  const log = join(world.state, "liveopsd.log");
  beforeEach(({ onTestFailed }) =>
    onTestFailed(() => console.error(textOf(log, "utf8")?.slice(-LOG_TOLD))),
  );
  afterAll(() => world.close());
  return world;
}
