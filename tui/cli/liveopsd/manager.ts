/**
 * systemd runs the daemon as a unit of its user, or of the system: the commands on the daemon ask
 * it.
 */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Client } from "../../../protocol/client/client.js";
import { Refusal } from "../../../protocol/errors.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import { until } from "../../../protocol/system/until.js";
import { shellLine } from "../../../protocol/text/shell-quote.js";
import { type ReportTo, say } from "../../kit/report.js";
import { answering, OTHER_MS } from "./other-daemon.js";

type Env = Record<string, string | undefined>;

/** The unit that `liveops install` writes. */
export const UNIT = "liveopsd.service";

/** Begins the line by which `liveops install` notes whose daemon a unit runs. */
export const STATE_DIR = "# State directory: ";

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

  /**
   * The `liveops install` that gives the daemon these options; null for a unit that somebody else
   * wrote.
   */
  installLine(options: readonly string[]): string | null {
    const { stateDir } = this;
    if (stateDir === null) return null;
    return shellLine([
      "liveops",
      "install",
      ...(this.text!.includes(" --state-dir ") ? ["--state-dir", stateDir] : []),
      ...options,
    ]);
  }

  async runs(pid: number): Promise<boolean> {
    return (
      Number((await this.#ask("show", "--property=MainPID", "--value", this.name)).stdout) === pid
    );
  }

  /** @throws Refusal if the daemon does not start */
  async start(verb: "start" | "restart"): Promise<void> {
    // After several failures systemd refuses a start until it is told to forget them.
    await this.#ask("reset-failed", this.name);
    await this.tell(`Not ${verb}ed`, verb, this.name);
  }

  /** Why the user's manager cannot be used; null if it can. */
  async problem(): Promise<string | null> {
    if (process.platform !== "linux") return `${process.platform} has no systemd`;
    const { isDone, stderr, isMissing } = await this.#ask("show", "--property=Version", "--value");
    if (isMissing) return "this machine has no systemd (systemctl was not found)";
    return isDone ? null : `the user's manager of systemd does not answer (${stderr})`;
  }

  /** Runs systemctl. @returns what a person types for it @throws Refusal if it fails */
  async tell(summary: string, ...words: string[]): Promise<string> {
    const line = ["systemctl", ...this.#scope, ...words].join(" ");
    const { isDone, stderr } = await this.#ask(...words);
    if (isDone) return line;
    if (!this.isUser && process.geteuid?.() !== 0)
      throw serviceRefusal(summary, `${this.label} runs the daemon: run sudo ${line}`);
    const log = ["journalctl", ...this.#scope, "-u", this.name, "-n", "20"].join(" ");
    throw serviceRefusal(summary, `${line} failed: ${stderr}; see: ${log}`);
  }

  get #scope(): string[] {
    return this.isUser ? ["--user"] : [];
  }

  #ask(...words: string[]): Promise<Ended> {
    return systemctl([...this.#scope, "--no-ask-password", ...words], managerEnvironment(this.env));
  }
}

/** The unit that was installed for this state directory; null if there is none. Runs no program. */
export function unitFor(stateDir: string, env: Env = process.env): Unit | null {
  if (process.platform !== "linux") return null;
  const unit = new Unit(UNIT, true, env);
  return unit.stateDir === stateDir ? unit : null;
}

/** The unit that runs this daemon, whoever wrote its file; null if none does. */
export async function unitRunning(daemon: { pid: number; stateDir: string }): Promise<Unit | null> {
  if (process.platform !== "linux") return null;
  const name = unitIn(textOf(`/proc/${daemon.pid}/cgroup`) ?? "");
  const inCgroup = name === null ? [] : [new Unit(name), new Unit(name, false)];
  for (const unit of [unitFor(daemon.stateDir), ...inCgroup])
    if (unit !== null && (await unit.runs(daemon.pid))) return unit;
  return null;
}

/**
 * The unit that runs the daemon, or that was installed for its state directory. Null if there is
 * none, or if systemd does not answer, which is reported.
 *
 * @param places of a start; a socket that was given is not the one of the unit's file
 * @param daemon the daemon that answers now
 */
export async function unitToUse(
  { socket, stateDir }: { socket: string | undefined; stateDir: string },
  daemon: DaemonReply | null,
  to: ReportTo,
): Promise<Unit | null> {
  const running = daemon === null ? null : await unitRunning(daemon);
  if (running !== null) return running;
  const installed = unitFor(daemon?.stateDir ?? stateDir);
  if (installed === null || socket !== undefined) return null;
  const problem = await installed.problem();
  if (problem === null) return installed;
  say(to, `${installed.label} is not used: ${problem}`, "yellow");
  return null;
}

/** Lets systemd start the daemon. @param before the daemon that answered before */
export async function startUnit(
  unit: Unit,
  verb: "start" | "restart",
  client: Client,
  before: DaemonReply | null,
): Promise<DaemonReply> {
  await unit.start(verb);
  const now = await until(async () => {
    const daemon = await answering(client);
    return daemon !== null && daemon.pid !== before?.pid ? daemon : null;
  }, OTHER_MS);
  if (now !== null) return now;
  throw serviceRefusal(
    "Not started",
    `${unit.label} was started, and no daemon answers on ${client.socket}; see: liveopsd logs`,
  );
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

/** The state directory of a unit that `liveops install` wrote; null for every other text. */
export function stateDirIn(text: string): string | null {
  const line = text.split("\n").find((each) => each.startsWith(STATE_DIR));
  try {
    const stateDir: unknown = JSON.parse(line?.slice(STATE_DIR.length) ?? "null");
    return typeof stateDir === "string" ? stateDir : null;
  } catch {
    return null;
  }
}

export function serviceRefusal(summary: string, why: string): Refusal {
  return new Refusal("LIVEOPS_WRONG_STATE", why, {}, { status: 409, title: "Conflict", summary });
}

/** Where the user's manager reads the units of this user. */
function unitDirectory(env: Env): string {
  return join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), ".config"), "systemd", "user");
}

/**
 * A shell of `su` or cron has no `XDG_RUNTIME_DIR`, by which systemctl finds the user's manager.
 */
function managerEnvironment(env: Env): Env {
  const runtime = `/run/user/${process.geteuid?.()}`;
  if (env.XDG_RUNTIME_DIR || env.DBUS_SESSION_BUS_ADDRESS || !existsSync(join(runtime, "systemd")))
    return env;
  return { ...env, XDG_RUNTIME_DIR: runtime };
}

interface Ended {
  isDone: boolean;
  stdout: string;
  /** One line: what the program wrote to stderr, or why it could not be run. */
  stderr: string;
  isMissing: boolean;
}

/** Longest time in ms: a start of a unit may take as long as systemd gives it (90 s). */
const LONGEST_MS = 120_000;

function systemctl(words: readonly string[], env: Env): Promise<Ended> {
  const options = { env: { ...env, LC_ALL: "C", SYSTEMD_COLORS: "0" }, timeout: LONGEST_MS };
  return new Promise((resolve) => {
    const child = execFile("systemctl", words, options, (error, stdout, stderr) => {
      resolve({
        isDone: error === null,
        stdout: stdout.trim(),
        stderr: stderr.trim().replaceAll("\n", "; ") || (error?.message.split("\n")[0] ?? ""),
        isMissing: error?.code === "ENOENT",
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
