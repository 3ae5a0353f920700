/**
 * The built bins as processes: what they wrote, how they ended. One that hangs is killed, and its
 * test fails.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { isAbsolute, join } from "node:path";

const ROOT = new URL("../..", import.meta.url).pathname;

/** Longest life of a command, in ms; reached only where one hangs. */
const PATIENCE = 120_000;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface StartOptions {
  cwd?: string;
  env?: Record<string, string>;
  input?: string;
}

/** @param name - of a bin of this checkout, or the path of another one */
export function binFile(name: string): string {
  return isAbsolute(name) ? name : join(ROOT, "dist", "bin", `${name}.cjs`);
}

export function startBin(
  name: string,
  words: string[],
  options: Required<Pick<StartOptions, "cwd" | "env">> & StartOptions,
): Running {
  const child = spawn(process.execPath, [binFile(name), ...words], {
    cwd: options.cwd,
    env: options.env,
  });
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  return new Running(child);
}

export class Running {
  stdout = "";
  stderr = "";
  readonly ended: Promise<Ended>;
  readonly #heard = new Set<() => void>();
  #over = false;

  constructor(readonly child: ChildProcess) {
    const hear = (stream: "stdout" | "stderr") =>
      child[stream]?.setEncoding("utf8").on("data", (text: string) => {
        this[stream] += text;
        this.#wake();
      });
    hear("stdout");
    hear("stderr");
    const hung = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
    this.ended = new Promise((resolve) =>
      child.on("close", (code, signal) => {
        clearTimeout(hung);
        this.#over = true;
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
        this.#wake();
      }),
    );
  }

  /** Resolves once the stream has said it; throws where the process ends without. */
  async says(stream: "stdout" | "stderr", text: string | RegExp): Promise<void> {
    const said = () =>
      typeof text === "string" ? this[stream].includes(text) : text.test(this[stream]);
    while (!said()) {
      if (this.#over) {
        throw new Error(
          `ended without ${text} on ${stream}:\n${this.stdout}\n--- stderr\n${this.stderr}`,
        );
      }
      await new Promise<void>((resolve) => this.#heard.add(resolve));
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.#over) return;
    this.child.kill("SIGKILL");
    await this.ended;
  }

  #wake(): void {
    for (const wake of this.#heard) wake();
    this.#heard.clear();
  }
}
