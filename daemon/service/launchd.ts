/** The daemon as an agent of launchd, on macOS. Written from launchctl(1) and launchd.plist(5); never run there. */
import { homedir } from "node:os";
import { join } from "node:path";
import { until } from "../os/until.js";
import { type Ran, runProgram } from "./run-program.js";
import { type InstallableService, serviceRefusal } from "./service.js";

type Env = Record<string, string | undefined>;

/** Longest time for the end of a daemon, in ms. */
const END_MS = 30_000;

export const AGENT_FILES = /^dev\.liveops\.liveopsd(-[\w.-]+)?\.plist$/;

export function agentLabel(name: string | undefined): string {
  return name === undefined ? "dev.liveops.liveopsd" : `dev.liveops.liveopsd-${name}`;
}

export function agentDirectory(env: Env): string {
  return join(env.HOME || homedir(), "Library", "LaunchAgents");
}

export class LaunchdAgent implements InstallableService {
  readonly starts = "launchd starts the daemon at login";

  constructor(
    /** The label of the agent. */
    readonly name: string,
    private readonly env: Env = process.env,
  ) {}

  get label(): string {
    return `the launchd agent ${this.name}`;
  }

  get file(): string {
    return join(agentDirectory(this.env), `${this.name}.plist`);
  }

  async problem(): Promise<string | null> {
    const { isMissing, code, said } = await this.#ask("print", this.#domain);
    if (isMissing) return "launchctl was not found";
    return code === 0 ? null : `launchd has no session of this user (${said})`;
  }

  async mainPid(): Promise<number | null> {
    const { stdout } = await this.#ask("print", this.#target);
    const pid = /^\s*pid = (\d+)$/m.exec(stdout)?.[1];
    return pid === undefined ? null : Number(pid);
  }

  async enable(): Promise<void> {
    await this.#must("Not changed", "enable", this.#target);
    // launchd keeps the former file until the agent is booted out.
    if (await this.#isLoaded()) await this.#must("Not changed", "bootout", this.#target);
    await this.#must("Not changed", "bootstrap", this.#domain, this.file);
  }

  async disable(): Promise<void> {
    if (await this.#isLoaded()) await this.#must("Not changed", "bootout", this.#target);
  }

  async forget(): Promise<void> {}

  async isEnabled(): Promise<boolean> {
    return this.#isLoaded();
  }

  async start(): Promise<void> {
    if (!(await this.#isLoaded())) await this.#must("Not started", "bootstrap", this.#domain, this.file);
    await this.#must("Not started", "kickstart", this.#target);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** After SIGTERM the daemon ends with 0, so launchd does not start it again. */
  async stop(): Promise<void> {
    if ((await this.mainPid()) === null) return;
    await this.#must("Not stopped", "kill", "SIGTERM", this.#target);
    await until(async () => (await this.mainPid()) === null, END_MS);
  }

  get #domain(): string {
    return `gui/${process.getuid?.()}`;
  }

  get #target(): string {
    return `${this.#domain}/${this.name}`;
  }

  async #isLoaded(): Promise<boolean> {
    return (await this.#ask("print", this.#target)).code === 0;
  }

  #ask(...words: string[]): Promise<Ran> {
    return runProgram("launchctl", words, this.env);
  }

  async #must(summary: string, ...words: string[]): Promise<void> {
    const { code, said } = await this.#ask(...words);
    if (code !== 0) throw serviceRefusal(summary, `launchctl ${words.join(" ")} failed: ${said}`);
  }
}
