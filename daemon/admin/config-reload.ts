/**
 * Reads the config file again, on SIGHUP and by the route, and changes the settings that can change while the daemon
 * runs. Services read these settings at each use; what a service keeps, `apply` changes. A file that is not valid
 * changes nothing.
 */
import { statSync } from "node:fs";
import { UsageError } from "../../protocol/failures.js";
import type { ConfigState } from "../../protocol/replies.js";
import { CONFIG_KEYS, type Config, RELOAD } from "../../protocol/system/config-settings.js";
import type { Log } from "../log/log.js";
import type { ConfigSource, Settings } from "../settings.js";

interface ReloadOptions {
  /** In effect; changed by a reload. */
  settings: Settings;
  source: ConfigSource;
  log: Pick<Log, "info" | "error">;
  /** The fleet knows these settings since the host joined it. */
  restartOnly: ReadonlyArray<keyof Config>;
  /**
   * These settings have changed. `commit` changes them.
   *
   * @throws Error if they cannot be applied, before `commit`
   */
  apply(changed: ReadonlySet<keyof Config>, next: Settings, commit: () => void): Promise<void>;
}

/** The part of the settings that a key of the config file decides. */
const PART: Partial<Record<keyof Config, keyof Settings>> = { ops: "opsDirs", env: "fromDaemon" };

export class ConfigReload {
  #loadedAt = new Date();
  #stamp: string;
  #restart: Array<keyof Config> = [];
  #problem: string | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: ReloadOptions) {
    this.#stamp = stampOf(options.source.file);
  }

  get state(): ConfigState {
    const { file } = this.options.source;
    const changed = stampOf(file) !== this.#stamp;
    return {
      file,
      loadedAt: this.#loadedAt.toISOString(),
      changed,
      restart: [...this.#restart],
      problem: (changed ? this.#nextProblem() : null) ?? this.#problem,
    };
  }

  /** Why a reload would change nothing; null for a valid file. */
  #nextProblem(): string | null {
    try {
      this.options.source.read();
      return null;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return error.message;
    }
  }

  /** One at a time. Returns the settings that take effect now. */
  reload(): Promise<Array<keyof Config>> {
    const reloaded = this.#last.then(() => this.#reload());
    this.#last = reloaded.catch(() => {});
    return reloaded;
  }

  async #reload(): Promise<Array<keyof Config>> {
    const { source, settings, log } = this.options;
    const stamp = stampOf(source.file);
    let next: Settings;
    try {
      next = source.read();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return this.#fail(error.message);
    }
    const changed = OF_DAEMON.filter((key) => !isSame(partOf(settings, key), partOf(next, key)));
    const live = changed.filter((key) => this.#isLive(key));
    try {
      if (live.length > 0)
        await this.options.apply(new Set(live), next, () => {
          for (const key of live) commit(settings, key, partOf(next, key));
        });
    } catch (error) {
      return this.#fail((error as Error).message);
    }
    this.#loadedAt = new Date();
    this.#stamp = stamp;
    this.#problem = null;
    this.#restart = changed.filter((key) => !live.includes(key));
    log.info({ applied: live, restart: this.#restart }, `the config file ${source.file} was read again`);
    return live;
  }

  #fail(problem: string): [] {
    this.#problem = problem;
    this.options.log.error(`the config file was not applied: ${problem}`);
    return [];
  }

  #isLive(key: keyof Config): boolean {
    return RELOAD[key] === "live" && !this.options.restartOnly.includes(key);
  }
}

/** The commands and the dashboard read the other keys themselves. */
const OF_DAEMON = CONFIG_KEYS.filter((key) => RELOAD[key] === "live" || RELOAD[key] === "restart");

/** A key that only features read stands in the config alone. */
function partOf(settings: Settings, key: keyof Config): unknown {
  const name = PART[key] ?? key;
  return name in settings ? (settings as unknown as Record<string, unknown>)[name] : settings.config[key];
}

/** Services hold the lists: a list is changed in place. */
function commit(settings: Settings, key: keyof Config, value: unknown): void {
  const held = partOf(settings, key);
  if (Array.isArray(held)) held.splice(0, held.length, ...(value as unknown[]));
  else if ((PART[key] ?? key) in settings) Object.assign(settings, { [PART[key] ?? key]: value });
  else settings.config = { ...settings.config, [key]: value };
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Changes with each change of the file. */
function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? "" : `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs}`;
}
