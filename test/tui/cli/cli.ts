/** The built bins as processes: `liveops` unless another is named. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { Running } from "../../end-to-end/bins.js";
import { runHere } from "./here.js";

const BINS = new URL("../../../dist/bin/", import.meta.url).pathname;
export const BIN = join(BINS, "liveops.cjs");

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  env?: Record<string, string>;
  input?: string;
  cwd?: string;
  /** Default: `liveops`. */
  bin?: string;
}

/** A directory and a home for the tests of one file, so that no config file is found. */
export class Cli {
  readonly dir = mkdtempSync(join(tmpdir(), "liveops-cli-"));
  readonly home = join(this.dir, "home");
  readonly #running = new Set<Running>();

  constructor() {
    mkdirSync(this.home);
  }

  start(words: string[], options: CliOptions = {}): Running {
    const { bin, cwd, env } = this.#placeOf(options);
    // As the bin itself starts Node: no word is an option of Node.
    const child = spawn(process.execPath, ["--", bin, ...words], { cwd, env });
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    const running = new Running(child);
    this.#running.add(running);
    return running;
  }

  async run(words: string[], options: CliOptions = {}): Promise<Ended> {
    const { code, stdout, stderr } = await this.start(words, options).ended;
    return { code, stdout, stderr };
  }

  /**
   * In this process, unless the command reads its stdin or starts a process that shares its
   * streams.
   */
  here(words: string[], options: CliOptions = {}): Promise<Ended> {
    if (options.input || words[0] === "run") return this.run(words, options);
    return runHere(words, this.#placeOf(options));
  }

  #placeOf({ bin = "liveops", cwd = this.dir, env = {} }: CliOptions) {
    const base = {
      PATH: process.env.PATH,
      HOME: this.home,
      LIVEOPS_AUTOSTART: "0",
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    };
    return { bin: join(BINS, `${bin}.cjs`), cwd, env: { ...base, ...env } };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.kill()));
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** One home for all tests of the file that calls this. */
export function useCli(): Cli {
  const cli = new Cli();
  afterAll(() => cli.close());
  return cli;
}
