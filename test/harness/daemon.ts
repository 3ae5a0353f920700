/**
 * A real daemon, the built one, in a child process in a temporary world, with a client of it.
 *
 * `await using daemon = await TestDaemon.start(...)`: at the end it is stopped, and the test fails where it left a
 * process, a socket or a directory behind.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { LaunchReport } from "../../daemon/cli/foreground.js";
import { Client } from "../../protocol/client/client.js";
import type { Config } from "../../protocol/command/config.js";
import { newId } from "../../protocol/id.js";
import type { Operation } from "../../protocol/operation.js";
import type { SubmitBody } from "../../protocol/requests.js";
import { World } from "./world.js";

export interface DaemonOptions {
  /** Files of the operations directory, by name. */
  ops?: Record<string, string>;
  concurrency?: number;
  env?: Record<string, string>;
  /** Instead of one in the world: a file system of its own. It must exist, and be taken away by whoever made it. */
  stateDir?: string;
  /** A built program other than that of this repository. */
  dist?: string;
  /** Content of the config file. */
  config?: Config;
  /** Words before the daemon's command, such as those that enter a namespace. */
  enter?: string[];
}

export class TestDaemon {
  readonly client: Client;
  #child: ChildProcess | null = null;
  #ended: Promise<number | null> = Promise.resolve(null);
  /** What the last daemon of this world wrote to stderr. */
  #stderr = "";

  private constructor(
    readonly world: World,
    private readonly options: DaemonOptions,
  ) {
    this.client = new Client(world.socket);
  }

  /** A world without a daemon yet: `startAgain` starts it. */
  static prepare(options: DaemonOptions = {}): TestDaemon {
    const daemon = new TestDaemon(new World(options.ops, options.stateDir, options.dist), options);
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

  /** Starts it in the same world, after `stop` or `kill`. Resolves when its socket answers. */
  async startAgain(): Promise<void> {
    const { world, options } = this;
    const words = ["start", "--foreground", "--concurrency", String(options.concurrency ?? 2)];
    const [command, ...rest] = [...(options.enter ?? []), process.execPath, world.bin("liveopsd"), ...words];
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
    // After "exit", once stderr is read to its end.
    this.#ended = new Promise((resolve) => child.once("close", (code) => resolve(code)));
    const report = await new Promise<LaunchReport | null>((resolve) => {
      child.once("message", (message) => resolve(message as LaunchReport));
      child.once("exit", () => resolve(null));
    });
    if (report?.type !== "answers")
      throw new Error(`the daemon did not start: ${JSON.stringify(report)} ${this.#stderr}`);
  }

  /** Resolves when the daemon has ended, by itself or by a signal. */
  async exited(): Promise<{ code: number | null; stderr: string }> {
    const child = this.#child;
    const code = await this.#ended;
    if (this.#child === child) this.#child = null;
    return { code, stderr: this.#stderr };
  }

  /** As `liveopsd stop`; with `now` as `stop --now`. Resolves when its process is gone. */
  async stop(now = false): Promise<void> {
    await this.client.stop(now);
    await this.#ended;
    this.#child = null;
  }

  /** Sends a signal and returns at once. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** SIGKILL, and the reaping of it. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#ended;
    this.#child = null;
  }

  submit(op: string, body: Omit<SubmitBody, "op"> = {}): Promise<Operation> {
    return this.client.submit({ op, ...body }, newId());
  }

  /** The record once it is finished. */
  async untilFinished(id: string): Promise<Operation> {
    for await (const line of this.client.watch({ operation: id })) if (line.type === "end") break;
    return this.client.show(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      // What a test left running goes too; a daemon that was killed is started once more for that.
      if (!this.#child && this.world.processes().length > 0) await this.startAgain();
      if (this.#child) await this.stop(true);
    } finally {
      await this.world.close();
    }
  }
}
