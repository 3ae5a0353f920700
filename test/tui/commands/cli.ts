/** The `liveops` command as a process, bundled as the build does it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll } from "vitest";

const ROOT = new URL("../../..", import.meta.url).pathname;

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  env?: Record<string, string>;
  input?: string;
  cwd?: string;
}

/** A bundle for the tests of one file, and a home of its own so that no config file is found. */
export class Cli {
  readonly dir = mkdtempSync(join(tmpdir(), "liveops-cli-"));
  readonly home = join(this.dir, "home");
  readonly #running = new Set<ChildProcess>();

  async bundle(): Promise<void> {
    mkdirSync(this.home);
    await build({
      absWorkingDir: ROOT,
      entryPoints: {
        "liveops-cli": "tui/commands/main.ts",
        "liveops-ls": "tui/commands/ls/quick.ts",
        "liveops-run": "tui/commands/run/quick.ts",
        "liveops-commands": "tui/commands/command-line.ts",
      },
      bundle: true,
      platform: "node",
      target: "node22.15",
      format: "cjs",
      outdir: this.dir,
      outExtension: { ".js": ".cjs" },
      external: ["./run.js", "./tui.js"],
      define: { "import.meta.url": "__bundleUrl", "process.env.NODE_ENV": '"production"' },
      banner: { js: 'const __bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
      logLevel: "warning",
    });
  }

  /** What `run` needs beside the command: its own bundle, the library and the example operations. */
  async bundleRun(): Promise<void> {
    symlinkSync(join(ROOT, "node_modules"), join(this.dir, "node_modules"));
    writeFileSync(join(this.dir, "package.json"), '{"type": "module"}');
    await build({
      absWorkingDir: ROOT,
      entryPoints: {
        liveops: "ops/api/index.ts",
        run: "tui/commands/run/inline.ts",
        "ops/examples/step-a": "ops/examples/step-a.ts",
        "ops/examples/step-b": "ops/examples/step-b.ts",
      },
      alias: { liveops: "./ops/api/index.ts" },
      bundle: true,
      platform: "node",
      target: "node22.15",
      format: "esm",
      splitting: true,
      outdir: this.dir,
      external: ["tsx", "tsx/*"],
      banner: {
        js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
      },
      logLevel: "warning",
    });
  }

  start(words: string[], options: CliOptions = {}): CliProcess {
    const child = spawn(process.execPath, [join(this.dir, "liveops-cli.cjs"), ...words], {
      cwd: options.cwd ?? this.dir,
      env: { PATH: process.env.PATH, HOME: this.home, ...options.env },
    });
    this.#running.add(child);
    child.on("exit", () => this.#running.delete(child));
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    return new CliProcess(child);
  }

  run(words: string[], options: CliOptions = {}): Promise<Ended> {
    return this.start(words, options).ended;
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

/** One bundle for all tests of the file that calls this. */
export function useCli(options: { run?: boolean } = {}): Cli {
  const cli = new Cli();
  beforeAll(() => cli.bundle());
  if (options.run) beforeAll(() => cli.bundleRun());
  afterAll(() => cli.close());
  return cli;
}
