/**
 * A temporary world for real processes: its own home, XDG directories, state directory, socket and
 * operations directory. The HOME of every process in the world identifies the processes that a test
 * leaves behind.
 *
 * `close` fails the test where a process or a socket is left, then removes everything.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "../../protocol/system/until.js";

/** Time limit for processes that were told to end. */
const GONE_MS = 60_000;

export class World {
  readonly home: string;
  readonly opsDir: string;
  readonly stateDir: string;
  readonly socket: string;

  /**
   * @param ops files of the operations directory, by name
   * @param dist the build to run. Default: dist/ of this repository
   */
  constructor(
    ops: Record<string, string> = {},
    stateDir?: string,
    private readonly dist = fileURLToPath(new URL("../../dist", import.meta.url)),
    /** Default: a new directory. */
    readonly dir = mkdtempSync(join(tmpdir(), "liveops-world-")),
  ) {
    this.home = join(dir, "home");
    this.opsDir = join(dir, "ops");
    this.stateDir = stateDir ?? join(this.dir, "state");
    this.socket = join(this.stateDir, "liveopsd.sock");
    for (const made of [this.home, this.opsDir]) mkdirSync(made, { mode: 0o700, recursive: true });
    for (const [name, text] of Object.entries(ops)) this.writeOp(name, text);
  }

  get env(): Record<string, string> {
    return {
      PATH: process.env.PATH ?? "",
      HOME: this.home,
      XDG_CONFIG_HOME: join(this.home, ".config"),
      XDG_CACHE_HOME: join(this.home, ".cache"),
      XDG_STATE_HOME: join(this.home, ".local", "state"),
      XDG_RUNTIME_DIR: join(this.dir, "run"),
      LIVEOPS_STATE_DIR: this.stateDir,
      LIVEOPS_OPS: this.opsDir,
      LIVEOPS_AUTOSTART: "0",
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? "",
      NO_COLOR: "1",
    };
  }

  writeOp(name: string, text: string): string {
    const file = join(this.opsDir, name);
    writeFileSync(file, text);
    return file;
  }

  writeConfig(config: object): void {
    const dir = join(this.home, ".config", "liveops");
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeFileSync(join(dir, "config.json"), JSON.stringify(config), { mode: 0o600 });
  }

  /** Path of the built bin, to run with Node. */
  bin(name: "liveops" | "liveopsd" | "liveops-tui"): string {
    return join(this.dist, "bin", `${name}.cjs`);
  }

  /** Pids of all processes that were started in this world. */
  processes(): number[] {
    const mark = `HOME=${this.home}`;
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && environment(name).includes(mark))
      .map(Number);
  }

  /** @throws Error that names the leftover: a process that does not end, or the socket */
  async close(): Promise<void> {
    try {
      const gone = await until(() => this.processes().length === 0, GONE_MS);
      if (!gone) {
        const left = this.processes();
        const names = left.map((pid) => `${pid} ${commandLine(pid)}`);
        for (const pid of left) process.kill(pid, "SIGKILL");
        throw new Error(`processes were left behind: ${names.join("; ")}`);
      }
      if (existsSync(this.socket)) throw new Error(`the socket was left behind: ${this.socket}`);
    } finally {
      rmSync(this.dir, { recursive: true, force: true });
    }
  }
}

function environment(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").slice(0, 200);
  } catch {
    return "?";
  }
}
