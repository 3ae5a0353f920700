/** The daemon as a unit of systemd: of the user's manager, or of the system for a unit that an administrator wrote. */
import { existsSync, readFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { type Ran, runProgram } from "./run-program.js";
import { type InstallableService, type Service, serviceRefusal } from "./service.js";

type Env = Record<string, string | undefined>;

export const UNIT_NAMES = /^liveopsd(-[\w.-]+)?\.service$/;

export function unitName(name: string | undefined): string {
  return name === undefined ? "liveopsd.service" : `liveopsd-${name}.service`;
}

/** Where the user's manager reads the units of this user. */
export function unitDirectory(env: Env): string {
  return join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), ".config"), "systemd", "user");
}

class SystemdUnit implements Service {
  constructor(
    readonly name: string,
    /** Of the user's manager; otherwise of the system. */
    private readonly isUser = true,
    protected readonly env: Env = process.env,
  ) {}

  get label(): string {
    return `the systemd ${this.isUser ? "" : "system "}unit ${this.name}`;
  }

  async mainPid(): Promise<number | null> {
    const pid = Number(await this.#property("MainPID"));
    return pid > 0 ? pid : null;
  }

  async start(): Promise<void> {
    // After several failures systemd refuses a start until it is told to forget them.
    await this.ask("reset-failed", this.name);
    await this.#change("start", "Not started");
  }

  async restart(): Promise<void> {
    await this.ask("reset-failed", this.name);
    await this.#change("restart", "Not restarted");
  }

  async stop(): Promise<void> {
    await this.#change("stop", "Not stopped");
  }

  protected ask(...words: string[]): Promise<Ran> {
    const scope = this.isUser ? ["--user"] : [];
    return runProgram("systemctl", [...scope, "--no-ask-password", ...words], managerEnvironment(this.env));
  }

  /** As one types it. */
  protected commandLine(...words: string[]): string {
    return ["systemctl", ...(this.isUser ? ["--user"] : []), ...words].join(" ");
  }

  async #property(name: string): Promise<string> {
    return (await this.ask("show", `--property=${name}`, "--value", this.name)).stdout;
  }

  async #change(verb: string, summary: string): Promise<void> {
    const { code, said } = await this.ask(verb, this.name);
    if (code === 0) return;
    if (!this.isUser && process.geteuid?.() !== 0)
      throw serviceRefusal(
        summary,
        `${this.label} runs the daemon: run sudo ${this.commandLine(verb, this.name)}`,
      );
    const status = verb === "stop" ? "" : await this.#property("ExecMainStatus");
    const how = status === "" || status === "0" ? said : `the daemon ended with exit code ${status}`;
    const log = `journalctl ${this.isUser ? "--user " : ""}-u ${this.name} -n 20`;
    throw serviceRefusal(summary, `${this.commandLine(verb, this.name)} failed: ${how}; see: ${log}`);
  }
}

/** The unit that `liveopsd install` writes. */
export class UserUnit extends SystemdUnit implements InstallableService {
  get file(): string {
    return join(unitDirectory(this.env), this.name);
  }

  readonly starts = "systemd starts the daemon at login";

  async problem(): Promise<string | null> {
    const { code, said, isMissing } = await this.ask("show", "--property=Version", "--value");
    if (isMissing) return "this machine has no systemd (systemctl was not found)";
    if (code !== 0) return `the user's manager of systemd does not answer (${said})`;
    return null;
  }

  async enable(): Promise<void> {
    await this.#must("daemon-reload");
    await this.#must("enable", this.name);
  }

  async disable(): Promise<void> {
    await this.#must("disable", "--now", this.name);
  }

  async forget(): Promise<void> {
    await this.ask("reset-failed", this.name);
    await this.#must("daemon-reload");
  }

  async isEnabled(): Promise<boolean> {
    return (await this.ask("is-enabled", this.name)).stdout === "enabled";
  }

  async #must(...words: string[]): Promise<void> {
    const { code, said } = await this.ask(...words);
    if (code !== 0) throw serviceRefusal("Not changed", `${this.commandLine(...words)} failed: ${said}`);
  }
}

/** A shell of `su` or cron has no `XDG_RUNTIME_DIR`, by which systemctl finds the user's manager. */
function managerEnvironment(env: Env): Env {
  const runtime = `/run/user/${process.geteuid?.()}`;
  if (env.XDG_RUNTIME_DIR || env.DBUS_SESSION_BUS_ADDRESS || !existsSync(join(runtime, "systemd")))
    return env;
  return { ...env, XDG_RUNTIME_DIR: runtime };
}

/** The unit whose main process this is; null if it is of no unit. */
export async function unitOf(pid: number, env: Env = process.env): Promise<Service | null> {
  const name = unitIn(textOf(`/proc/${pid}/cgroup`));
  if (name === null) return null;
  for (const isUser of [true, false]) {
    const unit = new SystemdUnit(name, isUser, env);
    if ((await unit.mainPid()) === pid) return unit;
  }
  return null;
}

/** The innermost service in /proc/<pid>/cgroup; the user's manager itself runs no daemon. */
export function unitIn(cgroup: string): string | null {
  for (const line of cgroup.split("\n")) {
    const path = /^(?:0::|\d+:name=systemd:)(\/.*)$/.exec(line)?.[1];
    const unit = path?.split("/").findLast((part) => part.endsWith(".service"));
    if (unit !== undefined && !unit.startsWith("user@")) return unit;
  }
  return null;
}

/** Whether systemd keeps the user's manager without a login; null if that cannot be found out. */
export async function lingers(env: Env = process.env): Promise<boolean | null> {
  const user = userInfo().username;
  const { code, stdout } = await runProgram(
    "loginctl",
    ["show-user", user, "--property=Linger", "--value"],
    env,
  );
  if (code === 0 && (stdout === "yes" || stdout === "no")) return stdout === "yes";
  // logind knows only users with a session or lingering.
  if (existsSync("/var/lib/systemd/linger")) return existsSync(join("/var/lib/systemd/linger", user));
  return null;
}

/** @returns why lingering could not be enabled; null if it is enabled now */
export async function enableLinger(env: Env = process.env): Promise<string | null> {
  const { code, said } = await runProgram("loginctl", ["enable-linger"], env);
  return code === 0 ? null : said;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
