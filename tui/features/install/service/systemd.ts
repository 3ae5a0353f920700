/** The daemon as a unit of systemd: of the user's manager, or of the system for a unit that an administrator wrote. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { Refusal } from "../../../../protocol/errors.js";
import { shellLine } from "../../../../protocol/text/shell-quote.js";
import { stateDirIn } from "./unit-text.js";

type Env = Record<string, string | undefined>;

const UNIT_NAME = /^liveopsd(?:-([\w.-]+))?\.service$/;

export class Unit {
  constructor(
    readonly name: string,
    /** Whether the unit belongs to the manager of the user; otherwise to that of the system. */
    readonly isUser = true,
    private readonly env: Env = process.env,
  ) {}

  /** `the systemd unit liveopsd.service`, for messages. */
  get label(): string {
    return `the systemd ${this.isUser ? "" : "system "}unit ${this.name}`;
  }

  /** Where `liveops install` writes the unit. */
  get file(): string {
    return join(unitDirectory(this.env), this.name);
  }

  /** The text of the file; null if there is none. */
  get text(): string | null {
    return textOf(this.file);
  }

  /** The state directory of the daemon, where `liveops install` wrote the file; null otherwise. */
  get stateDir(): string | null {
    return this.isUser ? stateDirIn(this.text ?? "") : null;
  }

  /** The `liveops install` that gives the daemon these options; null for a unit that somebody else wrote. */
  installLine(options: readonly string[]): string | null {
    const { stateDir } = this;
    if (stateDir === null) return null;
    const name = UNIT_NAME.exec(this.name)?.[1];
    return shellLine([
      ...["liveops", "install"],
      ...(name === undefined ? [] : ["--name", name]),
      ...(this.text!.includes(" --state-dir ") ? ["--state-dir", stateDir] : []),
      ...options,
    ]);
  }

  /** Pid of the daemon that the unit runs; null if it runs none. */
  async mainPid(): Promise<number | null> {
    const pid = Number(await this.#property("MainPID"));
    return pid > 0 ? pid : null;
  }

  /** @throws Refusal if the daemon does not start */
  async start(verb: "start" | "restart" = "start"): Promise<void> {
    // After several failures systemd refuses a start until it is told to forget them.
    await this.#ask("reset-failed", this.name);
    await this.#change(verb, `Not ${verb}ed`);
  }

  /** Running operations continue. @throws Refusal */
  async stop(): Promise<void> {
    await this.#change("stop", "Not stopped");
  }

  /** Why the user's manager cannot be used; null if it can. */
  async problem(): Promise<string | null> {
    const { code, stderr, isMissing } = await this.#ask("show", "--property=Version", "--value");
    if (isMissing) return "this machine has no systemd (systemctl was not found)";
    return code === 0 ? null : `the user's manager of systemd does not answer (${stderr})`;
  }

  /** Makes systemd read the file and start the daemon from now on. @throws Refusal */
  async enable(): Promise<void> {
    await this.#must("daemon-reload");
    await this.#must("enable", this.name);
  }

  /** Stops the daemon. Running operations continue. The file is still there. @throws Refusal */
  async disable(): Promise<void> {
    await this.#must("disable", "--now", this.name);
  }

  /** After the file was removed. */
  async forget(): Promise<void> {
    await this.#ask("reset-failed", this.name);
    await this.#must("daemon-reload");
  }

  #ask(...words: string[]): Promise<Ended> {
    const scope = this.isUser ? ["--user"] : [];
    return run("systemctl", [...scope, "--no-ask-password", ...words], managerEnvironment(this.env));
  }

  /** As one types it. */
  #commandLine(...words: string[]): string {
    return ["systemctl", ...(this.isUser ? ["--user"] : []), ...words].join(" ");
  }

  async #property(name: string): Promise<string> {
    return (await this.#ask("show", `--property=${name}`, "--value", this.name)).stdout;
  }

  async #change(verb: string, summary: string): Promise<void> {
    const { code, stderr } = await this.#ask(verb, this.name);
    if (code === 0) return;
    if (!this.isUser && process.geteuid?.() !== 0)
      throw serviceRefusal(
        summary,
        `${this.label} runs the daemon: run sudo ${this.#commandLine(verb, this.name)}`,
      );
    const status = verb === "stop" ? "" : await this.#property("ExecMainStatus");
    const how = status === "" || status === "0" ? stderr : `the daemon ended with exit code ${status}`;
    const log = `journalctl ${this.isUser ? "--user " : ""}-u ${this.name} -n 20`;
    throw serviceRefusal(summary, `${this.#commandLine(verb, this.name)} failed: ${how}; see: ${log}`);
  }

  async #must(...words: string[]): Promise<void> {
    const { code, stderr } = await this.#ask(...words);
    if (code !== 0) throw serviceRefusal("Not changed", `${this.#commandLine(...words)} failed: ${stderr}`);
  }
}

/** @param name of several daemons of one user; undefined: the usual name */
export function unitNamed(name: string | undefined): Unit {
  return new Unit(name === undefined ? "liveopsd.service" : `liveopsd-${name}.service`);
}

/** The unit that was installed for this state directory; null if there is none. Runs no program. */
export function unitFor(stateDir: string, env: Env = process.env): Unit | null {
  if (process.platform !== "linux") return null;
  try {
    const names = readdirSync(unitDirectory(env)).filter((name) => UNIT_NAME.test(name));
    const units = names.sort().map((name) => new Unit(name, true, env));
    return units.find((unit) => unit.stateDir === stateDir) ?? null;
  } catch {
    return null;
  }
}

/** The unit that runs this daemon, whoever wrote its file; null if none does. */
export async function unitRunning(daemon: { pid: number; stateDir: string }): Promise<Unit | null> {
  if (process.platform !== "linux") return null;
  const name = unitIn(textOf(`/proc/${daemon.pid}/cgroup`) ?? "");
  const inCgroup = name === null ? [] : [new Unit(name), new Unit(name, false)];
  for (const unit of [unitFor(daemon.stateDir), ...inCgroup])
    if (unit !== null && (await unit.mainPid()) === daemon.pid) return unit;
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
export async function lingers(): Promise<boolean | null> {
  const user = userInfo().username;
  const { code, stdout } = await run("loginctl", ["show-user", user, "--property=Linger", "--value"]);
  if (code === 0 && (stdout === "yes" || stdout === "no")) return stdout === "yes";
  // logind knows only users with a session or lingering.
  if (existsSync("/var/lib/systemd/linger")) return existsSync(join("/var/lib/systemd/linger", user));
  return null;
}

/** @returns why lingering could not be enabled; null if it is enabled now */
export async function enableLinger(): Promise<string | null> {
  const { code, stderr } = await run("loginctl", ["enable-linger"]);
  return code === 0 ? null : stderr;
}

export function serviceRefusal(summary: string, why: string): Refusal {
  return new Refusal("LIVEOPS_WRONG_STATE", why, {}, { status: 409, title: "Conflict", summary });
}

/** Where the user's manager reads the units of this user. */
function unitDirectory(env: Env): string {
  return join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), ".config"), "systemd", "user");
}

/** A shell of `su` or cron has no `XDG_RUNTIME_DIR`, by which systemctl finds the user's manager. */
function managerEnvironment(env: Env): Env {
  const runtime = `/run/user/${process.geteuid?.()}`;
  if (env.XDG_RUNTIME_DIR || env.DBUS_SESSION_BUS_ADDRESS || !existsSync(join(runtime, "systemd")))
    return env;
  return { ...env, XDG_RUNTIME_DIR: runtime };
}

interface Ended {
  /** Null if the program could not be run, or was killed. */
  code: number | null;
  stdout: string;
  /** One line: what the program wrote to stderr, or why it could not be run. */
  stderr: string;
  isMissing: boolean;
}

/** Longest time in ms: a start of a unit may take as long as systemd gives it (90 s). */
const LONGEST_MS = 120_000;

function run(program: string, words: readonly string[], env: Env = process.env): Promise<Ended> {
  const options = { env: { ...env, LC_ALL: "C", SYSTEMD_COLORS: "0" }, timeout: LONGEST_MS };
  return new Promise((resolve) => {
    const child = execFile(program, words, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      resolve({
        code: typeof code === "number" ? code : null,
        stdout: stdout.trim(),
        stderr: stderr.trim().replaceAll("\n", "; ") || (error?.message.split("\n")[0] ?? ""),
        isMissing: String(code) === "ENOENT",
      });
    });
    child.stdin?.end();
  });
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
