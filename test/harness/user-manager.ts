/**
 * A real user's manager of systemd for tests, on machines where root may make namespaces. Whatever
 * it runs ends with its namespace of processes.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { newId } from "../../protocol/id.js";
import { binFile, type Ended, Running } from "../end-to-end/bins.js";
import { until } from "../end-to-end/until.js";

const SCRIPT = new URL("./user-manager.sh", import.meta.url).pathname;
const NAMESPACES = ["--mount", "--pid", "--cgroup"];

/** Where the cgroup (v2) hierarchy is mounted; null if it is not. */
function cgroupRoot(): string | null {
  const mounts = readFileSync("/proc/mounts", "utf8").split("\n");
  return mounts.find((line) => line.split(" ")[2] === "cgroup2")?.split(" ")[1] ?? null;
}

/** Why no manager can be started here; null if one can. */
export function whyNoManager(): string | null {
  if (process.platform !== "linux" || process.geteuid?.() !== 0) return "not root on Linux";
  const tried = spawnSync("unshare", [...NAMESPACES, "--fork", "--mount-proc", "true"]);
  if (tried.status !== 0) return "no namespaces may be made";
  const root = cgroupRoot();
  if (root === null) return "no cgroup v2 is mounted";
  try {
    const dir = join(root, `liveops-test-${newId()}`);
    mkdirSync(dir);
    rmdirSync(dir);
    return null;
  } catch {
    return "no cgroup may be made";
  }
}

export class UserManager {
  readonly #cgroup = join(cgroupRoot()!, `liveops-test-${newId()}`);
  readonly #env: Record<string, string>;
  readonly #child: ChildProcess;
  #output = "";

  /** @param dir of the test; `run` in it is the runtime directory */
  constructor(
    readonly dir: string,
    env: Record<string, string> = {},
  ) {
    this.#env = {
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: join(dir, "home"),
      XDG_RUNTIME_DIR: join(dir, "run"),
      TMPDIR: join(dir, "tmp"),
      ...env,
    };
    for (const name of ["home", "run", "tmp"])
      mkdirSync(join(dir, name), { mode: 0o700, recursive: true });
    mkdirSync(this.#cgroup);
    const join_ = 'echo 0 > "$1/cgroup.procs"; shift; exec "$@"';
    const unshare = ["unshare", ...NAMESPACES, "--fork", "--kill-child", "--mount-proc"];
    this.#child = spawn(
      "sh",
      ["-c", join_, "sh", this.#cgroup, ...unshare, "sh", SCRIPT, this.#env.XDG_RUNTIME_DIR!],
      { env: this.#env, stdio: ["ignore", "pipe", "pipe"] },
    );
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.setEncoding("utf8").on("data", (text: string) => (this.#output += text));
  }

  /** Resolves when the manager answers. */
  async ready(): Promise<void> {
    const answers = async () =>
      (await this.run("systemctl", "--user", "is-system-running")).code === 0;
    await until("the user's manager runs", answers, async () => this.#output);
  }

  /** Runs a program beside the manager. */
  run(program: string, ...words: string[]): Promise<Ended> {
    return this.start({}, program, ...words).ended;
  }

  start(env: Record<string, string>, program: string, ...words: string[]): Running {
    const enter = ["--target", String(this.#init()), ...NAMESPACES, "--wd=/", program, ...words];
    return new Running(
      spawn("nsenter", enter, { env: { ...this.#env, ...env }, stdio: ["ignore", "pipe", "pipe"] }),
    );
  }

  liveopsd(...words: string[]): Promise<Ended> {
    return this.run(process.execPath, binFile("liveopsd"), ...words);
  }

  liveops(...words: string[]): Promise<Ended> {
    return this.run(process.execPath, binFile("liveops"), ...words);
  }

  /** The first process of the namespace. */
  #init(): string {
    const { pid } = this.#child;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return children === "" ? "-1" : children;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.kill("SIGKILL");
    await ended;
    await until("its cgroups are gone", () => removed(this.#cgroup));
  }
}

/** Removes a tree of cgroups; false while processes are in it. */
function removed(dir: string): boolean {
  try {
    for (const entry of readdirSync(dir, { withFileTypes: true }))
      if (entry.isDirectory()) removed(join(dir, entry.name));
    rmdirSync(dir);
    return true;
  } catch {
    return !existsSync(dir);
  }
}
