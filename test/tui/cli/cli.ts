/** The built bins as processes: `liveops` unless another is named. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
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
  readonly #running = new Set<ChildProcess>();

  constructor() {
    mkdirSync(this.home);
  }

  start(words: string[], options: CliOptions = {}): CliProcess {
    const { bin, cwd, env } = this.#placeOf(options);
    // As the bin itself starts Node: no word is an option of Node.
    const child = spawn(process.execPath, ["--", bin, ...words], { cwd, env });
    this.#running.add(child);
    child.on("exit", () => this.#running.delete(child));
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    return new CliProcess(child);
  }

  run(words: string[], options: CliOptions = {}): Promise<Ended> {
    return this.start(words, options).ended;
  }

  /** In this process, unless the command reads its stdin or starts a process that shares its streams. */
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

  close(): void {
    for (const child of this.#running) child.kill("SIGKILL");
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export class CliProcess {
  stdout = "";
  stderr = "";
  readonly ended: Promise<Ended>;
  readonly #heard = new Set<() => void>();

  constructor(readonly child: ReturnType<typeof spawn>) {
    const hear = (stream: "stdout" | "stderr") =>
      child[stream]?.setEncoding("utf8").on("data", (text: string) => {
        this[stream] += text;
        for (const wake of this.#heard) wake();
      });
    hear("stdout");
    hear("stderr");
    this.ended = new Promise((resolve) =>
      child.on("close", (code) => {
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
        for (const wake of this.#heard) wake();
      }),
    );
  }

  /** Resolves once the stream has said it; throws where the process ends without. */
  async says(stream: "stdout" | "stderr", text: string): Promise<void> {
    let over = false;
    void this.ended.then(() => {
      over = true;
    });
    while (!this[stream].includes(text)) {
      if (over)
        throw new Error(`ended without ${JSON.stringify(text)} on ${stream}: ${this.stdout}${this.stderr}`);
      await new Promise<void>((resolve) => this.#heard.add(resolve));
    }
  }
}

/** One home for all tests of the file that calls this. */
export function useCli(): Cli {
  const cli = new Cli();
  afterAll(() => cli.close());
  return cli;
}
