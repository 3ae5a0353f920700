/**
 * Reports the daemon's state to systemd (sd_notify): READY, STATUS, STOPPING, and WATCHDOG while
 * the daemon can record a decision.
 *
 * Node opens no datagram sockets in the file system, so systemd's own program `systemd-notify`
 * sends each message. The unit needs `NotifyAccess=all` for that.
 */
import { type ChildProcess, spawn } from "node:child_process";

type Env = Record<string, string | undefined>;

/** Milliseconds between two checks of the status without a watchdog. */
const STATUS_MS = 30_000;

const VARIABLES = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] as const;

export interface ServiceState {
  /** One line for `systemctl status`. */
  status(): string;
  /** Milliseconds for which the oldest decision has waited for the disk. */
  waitingMs(): number;
  /** The program that sends messages is missing, or failed. */
  onFailure(message: string): void;
}

export class ServiceNotifier {
  #timer: NodeJS.Timeout | null = null;
  #sending: ChildProcess | null = null;
  #sentStatus = "";
  #hasFailed = false;

  private constructor(
    private readonly socket: string,
    /** Milliseconds after which systemd ends a daemon that sends no ping; null: no watchdog. */
    private readonly watchdogMs: number | null,
    private readonly path: string,
  ) {}

  /**
   * Null if no service manager asked for messages. Removes its variables from the environment:
   * operations must not notify in the daemon's name.
   */
  static take(env: Env, pid: number): ServiceNotifier | null {
    const [socket, usec, forPid] = VARIABLES.map((name) => env[name]);
    for (const name of VARIABLES) delete env[name];
    if (!socket) return null;
    const isForUs = forPid === undefined || Number(forPid) === pid;
    const watchdogMs = isForUs && Number(usec) > 0 ? Number(usec) / 1000 : null;
    return new ServiceNotifier(socket, watchdogMs, env.PATH ?? "");
  }

  /** The daemon answers. From now on it pings until `end`. */
  start(state: ServiceState): void {
    const { watchdogMs } = this;
    this.#sentStatus = state.status();
    this.#send(["READY=1", `STATUS=${this.#sentStatus}`], state);
    const every = Math.min(watchdogMs === null ? STATUS_MS : watchdogMs / 2, STATUS_MS);
    this.#timer = setInterval(() => this.#tell(state), every);
  }

  /** The daemon begins to stop. It continues to ping meanwhile. */
  stopping(): void {
    this.#spawn(["STOPPING=1"]);
  }

  end(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  #tell(state: ServiceState): void {
    const { watchdogMs } = this;
    const status = state.status();
    const isAlive = watchdogMs !== null && state.waitingMs() < watchdogMs / 2;
    if (!isAlive && status === this.#sentStatus) return;
    this.#sentStatus = status;
    this.#send([...(isAlive ? ["WATCHDOG=1"] : []), `STATUS=${status}`], state);
  }

  /** Sends one message at a time: a message that hangs is killed for the next one. */
  #send(words: string[], state: ServiceState): void {
    this.#sending?.kill("SIGKILL");
    const child = this.#spawn(words);
    this.#sending = child;
    const fail = (why: string) => {
      if (this.#sending === child) this.#sending = null;
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      state.onFailure(`systemd was not notified: ${why}`);
    };
    child.once("error", (error) => fail(`systemd-notify cannot be run (${error.message})`));
    child.once("exit", (code, signal) => {
      if (code !== 0) return fail(`systemd-notify ended with ${signal ?? `exit code ${code}`}`);
      if (this.#sending === child) this.#sending = null;
      this.#hasFailed = false;
    });
  }

  #spawn(words: string[]): ChildProcess {
    const child = spawn("systemd-notify", words, {
      stdio: "ignore",
      env: { PATH: this.path, NOTIFY_SOCKET: this.socket },
    });
    child.on("error", () => {});
    child.unref();
    return child;
  }
}
