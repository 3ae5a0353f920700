/**
 * A program to compare liveops with: a script of bench/peers in its own process, with the libraries of
 * bench/node_modules. Each line of JSON in gives one line of JSON out. The script ends at the end of its input.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { cleanEnv, node } from "./world.js";

const bench = new URL("../", import.meta.url);

/** Version of a library in bench/node_modules; null where it is not installed. */
export function libraryVersion(name: string): string | null {
  const manifest = new URL(`node_modules/${name}/package.json`, bench);
  if (!existsSync(manifest)) return null;
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}

export const HOW_TO_INSTALL = "install it with bench/peers/install.sh";

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
