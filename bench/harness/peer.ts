/**
 * A program to compare liveops with: a script of bench/peers in its own process, with the libraries of
 * bench/node_modules. Each line of JSON in gives one line of JSON out. The script ends at the end of its input.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { atExit } from "./at-exit.js";
import { cleanEnv, node } from "./world.js";

const bench = new URL("../", import.meta.url);

/** Version of a library in bench/node_modules; null where it is not installed. */
export function libraryVersion(name: string): string | null {
  const manifest = new URL(`node_modules/${name}/package.json`, bench);
  if (!existsSync(manifest)) return null;
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}

/** Version that the program prints; null where it is not installed. */
export function programVersion(program: string): string | null {
  const { stdout, status } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return status === 0 ? (/\d+(\.\d+)*/.exec(stdout)?.[0] ?? "") : null;
}

/** The version. @throws where a measure lacks what it compares with */
export function present(name: string, version: string | null): string {
  if (version === null) throw new Error(`${name} is not there; install it with bench/peers/install.sh`);
  return version;
}

export class Peer {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  /** @param script - name of the file in bench/peers, without its extension */
  constructor(script: string, settings: unknown) {
    const path = fileURLToPath(new URL(`peers/${script}.mjs`, bench));
    this.#child = spawn(node, [path, JSON.stringify(settings)], {
      env: cleanEnv(),
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async ask<T>(question: unknown): Promise<T> {
    this.#child.stdin!.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`${this.#child.spawnargs[1]} ended before it answered`);
    return JSON.parse(value) as T;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdin!.end();
    await ended;
  }
}

/** pm2 with its own home, so that it touches no other pm2. Its daemon ends with the measure. */
export class Pm2 {
  readonly what = `pm2 ${present("pm2", libraryVersion("pm2"))}`;
  readonly #bin = fileURLToPath(new URL("node_modules/pm2/bin/pm2", bench));
  readonly #dir = mkdtempSync(join(tmpdir(), "liveops-bench-pm2-"));
  readonly env = { ...cleanEnv(), PM2_HOME: this.#dir, PM2_DISCRETE_MODE: "true" };
  /** Path of a program that only waits. */
  readonly script = join(this.#dir, "waits.cjs");

  constructor() {
    writeFileSync(this.script, "setInterval(() => {}, 1000);\n");
  }

  words(...words: string[]): string[] {
    return [node, this.#bin, ...words];
  }

  /** Ends the pm2 daemon and its programs; the next command starts the daemon again. */
  kill(): void {
    execFileSync(node, [this.#bin, "kill"], { env: this.env, stdio: "ignore" });
  }

  readonly end = atExit(() => {
    this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  });
}
