/**
 * Runs the built daemon in a child process in a temporary world, with a client.
 *
 * `await using daemon = await TestDaemon.start(...)` stops the daemon at the end of the scope.
 * `useDaemon(...)` shares one daemon between the tests of a file: a start costs more than most
 * tests. The test fails where the daemon leaves a process, a socket or a directory behind.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { afterAll, afterEach, beforeAll } from "vitest";
import { Client } from "../../protocol/client/client.js";
import { newId } from "../../protocol/id.js";
import type { Operation } from "../../protocol/operation.js";
import type { SubmitBody } from "../../protocol/requests.js";
import type { Config } from "../../protocol/system/config-settings.js";
import type { LaunchReport } from "../../tui/cli/liveopsd/foreground.js";
import { World } from "./world.js";

export interface DaemonOptions {
  /** Files of the operations directory, by name. */
  ops?: Record<string, string>;
  concurrency?: number;
  /** More words of the command that starts the daemon. */
  words?: string[];
  env?: Record<string, string>;
  /**
   * Another state directory, such as one on its own file system. The caller creates and removes it.
   */
  stateDir?: string;
  /** Another build. Default: dist/ of this repository. */
  dist?: string;
  /** Directory of an existing world. Default: a new world. */
  dir?: string;
  /** Content of the config file. */
  config?: Config;
  /** Words before the daemon's command, such as a command that enters a namespace. */
  enter?: string[];
}

export class TestDaemon {
  readonly client: Client;
  #child: ChildProcess | null = null;
  #ended: Promise<number | null> = Promise.resolve(null);
  /** stderr of the last daemon of this world. */
  #stderr = "";

  private constructor(
    readonly world: World,
    private readonly options: DaemonOptions,
  ) {
    this.client = new Client(world.socket);
  }

  /** Makes a world without a daemon; `startAgain` starts the daemon. */
  static prepare(options: DaemonOptions = {}): TestDaemon {
    const daemon = new TestDaemon(
      new World(options.ops, options.stateDir, options.dist, options.dir),
      options,
    );
    if (options.config) daemon.world.writeConfig(options.config);
    return daemon;
  }

  static async start(options: DaemonOptions = {}): Promise<TestDaemon> {
    const daemon = TestDaemon.prepare(options);
    try {
      await daemon.startAgain();
    } catch (error) {
      await daemon.kill();
      await daemon.world.close();
      throw error;
    }
    return daemon;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error("the daemon is not running");
    return pid;
  }

  /**
   * Starts the daemon in the same world, after `stop` or `kill`. Resolves when the socket answers.
   */
  async startAgain(): Promise<void> {
    const { world, options } = this;
    const words = ["start", "--foreground", "--concurrency", String(options.concurrency ?? 2)];
    words.push(...(options.words ?? []));
    const [command, ...rest] = [
      ...(options.enter ?? []),
      process.execPath,
      world.bin("liveopsd"),
      ...words,
    ];
    const child = spawn(command!, rest, {
      cwd: world.dir,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...world.env, ...options.env },
    });
    this.#stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.#child = child;
    // `close` comes after `exit`, when stderr is read to its end.
    this.#ended = new Promise((resolve) => child.once("close", (code) => resolve(code)));
    const report = await new Promise<LaunchReport | null>((resolve) => {
      child.once("message", (message) => resolve(message as LaunchReport));
      child.once("exit", () => resolve(null));
    });
    if (report?.type !== "answers")
      throw new Error(`the daemon did not start: ${JSON.stringify(report)} ${this.#stderr}`);
  }

  /** Resolves when the daemon has ended, with or without a signal. */
  async exited(): Promise<{ code: number | null; stderr: string }> {
    const child = this.#child;
    const code = await this.#ended;
    if (this.#child === child) this.#child = null;
    return { code, stderr: this.#stderr };
  }

  /**
   * Stops like `liveops stop`; with `now`, like `stop --now`. Resolves when the process is gone.
   */
  async stop(now = false): Promise<void> {
    await this.client.stop({ now });
    await this.#ended;
    this.#child = null;
  }

  /** Sends a signal and returns at once. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Sends SIGKILL and waits for the end of the process. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#ended;
    this.#child = null;
  }

  submit(op: string, body: Omit<SubmitBody, "op"> = {}): Promise<Operation> {
    return this.client.submit({ op, ...body }, newId());
  }

  /** Resolves with the record when the operation is finished. */
  async untilFinished(id: string): Promise<Operation> {
    for await (const line of this.client.watch({ operation: id })) if (line.type === "end") break;
    return this.client.show(id);
  }

  /** Cancels what a test left behind and opens its queues, so that the next one does not wait. */
  async quiet(): Promise<void> {
    if (!this.#child) await this.startAgain();
    const { operations } = await this.client.list({ state: ["queued", "running"] });
    // One that ends by itself at this moment is as good.
    for (const { id } of operations) await this.client.cancel(id).catch(() => {});
    for (const { id } of operations) await this.untilFinished(id);
    await this.client.resumeQueue();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      // Ends operations that the test left running; a killed daemon is started once more for that.
      if (!this.#child && this.world.processes().length > 0) await this.startAgain();
      if (this.#child) await this.stop(true);
    } finally {
      await this.world.close();
    }
  }
}

/** One daemon for the tests of the file that calls this. */
export function useDaemon(options: DaemonOptions = {}): TestDaemon {
  const daemon = TestDaemon.prepare(options);
  beforeAll(() => daemon.startAgain());
  afterEach(() => daemon.quiet());
  afterAll(() => daemon[Symbol.asyncDispose]());
  return daemon;
}
