/**
 * The session of `liveops dev`: runs the same command line as `liveops run` in a child, and again after each change of
 * its sources. A change cancels the present run first, gracefully, then by a kill as `liveops run` does.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { type LoadedFile, loadedFile } from "../../../ops/runner/type-files.js";
import { paintFor } from "../../../protocol/command/colour.js";
import { commandIndex } from "../../../protocol/command/other-bin.js";
import { say } from "../../../protocol/command/report.js";
import { sanitize } from "../../../protocol/command/sanitize.js";
import { EXIT } from "../../../protocol/exit-codes.js";
import { isPipelineArgument, pipelinePath } from "../pipeline-argument.js";
import { readKeys } from "./dev-keys.js";
import { filesOfOptions, withScripts } from "./dev-sources.js";
import { SourceWatch } from "./dev-watch.js";
import { supervise } from "./supervise.js";

const TO = { program: "liveops" };

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Widest separator line. */
const WIDEST = 80;

/** Resolves with the exit code: 130 after Ctrl-C, 0 after `q`, and that of a run after which there is nothing to watch. */
export async function dev(op: string): Promise<number> {
  const given = wordsOfRun(process.argv.slice(2));
  const session = new DevSession(op, [process.argv[1]!, ...given.words]);
  try {
    return await session.run();
  } finally {
    session.close();
    given.remove();
  }
}

/** The words of `liveops run`. Parameters from stdin are kept in a file, for every run. */
function wordsOfRun(words: readonly string[]): { words: string[]; remove(): void } {
  const run = [...words];
  run[commandIndex(words)] = "run";
  const end = run.includes("--") ? run.indexOf("--") : run.length;
  const at = run.findIndex(
    (word, n) => n < end && (word === "--params=-" || (word === "--params" && run[n + 1] === "-")),
  );
  if (at === -1) return { words: run, remove: () => {} };
  const dir = mkdtempSync(join(tmpdir(), "liveops-dev-"));
  const file = join(dir, "params.json");
  writeFileSync(file, readFileSync(0), { mode: 0o600 });
  run.splice(at, run[at] === "--params" ? 2 : 1, "--params", `@${file}`);
  return { words: run, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

class DevSession {
  readonly #watch = new SourceWatch(
    (files) => this.#again(changedText(files)),
    (error) => this.#noteLimit(error),
  );
  readonly #releaseKeys = readKeys((key) => {
    if (key === "again") this.#again("asked for");
    else this.#end(key === "quit" ? EXIT.done : EXIT.interrupted);
  });
  readonly #onSignal = () => this.#end(EXIT.interrupted);
  /** What the operation imported at its last load. */
  #sources: LoadedFile[] = [];
  /** Stops the present run: gracefully, and at the second call at once. Null: nothing runs. */
  #stop: (() => void) | null = null;
  #isStopping = false;
  /** Why the next run begins; null: nothing asked for it. */
  #next: string | null = null;
  #ending: number | null = null;
  #notedLimit = false;
  /** Ends the wait for a change. */
  #wake: () => void = () => {};

  constructor(
    private readonly op: string,
    private readonly argv: string[],
  ) {
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    this.#releaseKeys?.();
    this.#watch.close();
  }

  async run(): Promise<number> {
    for (;;) {
      this.#next = null;
      this.#isStopping = false;
      // Before the run reads them: a change from now on begins it again.
      this.#watchAll();
      const code = await supervise({
        argv: this.argv,
        stdin: "ignore",
        ownSignals: false,
        onStart: (stop) => {
          this.#stop = stop;
          // The change or the signal came between two children.
          if (this.#isStopping) stop();
        },
        onSources: (files) => {
          this.#sources = files;
          this.#watchAll();
        },
      });
      this.#stop = null;
      if (this.#ending !== null) return this.#ending;
      if (this.#watch.size === 0) return this.#nothingToWatch(code);
      if (this.#next === null) await this.#change(code);
      if (this.#ending !== null) return this.#ending;
      separate(this.#next ?? "");
    }
  }

  #watchAll(): void {
    const named = isPipelineArgument(this.op) ? [pipelinePath(this.op)!] : [];
    const files = [...named, ...filesOfOptions(this.argv.slice(0, endOfOptions(this.argv)))].map(loadedFile);
    const known = new Set(this.#sources.map(({ file }) => file));
    const all = [...this.#sources, ...files.filter(({ file }) => !known.has(file))];
    this.#watch.set(withScripts(all, process.cwd()));
  }

  async #change(code: number): Promise<void> {
    const keys = this.#releaseKeys === null ? "Ctrl-C ends" : "Enter runs again, q ends";
    separate(`${endOf(code)}; waiting for a change (${keys})`);
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Runs again, after the present run was cancelled. */
  #again(why: string): void {
    this.#next = why;
    if (this.#stop === null) this.#wake();
    else if (!this.#isStopping) {
      this.#isStopping = true;
      separate(`${why}; stopping the run`);
      this.#stop();
    }
  }

  #end(code: number): void {
    this.#ending ??= code;
    if (this.#stop === null) this.#wake();
    // The second request kills.
    else this.#stop();
    this.#isStopping = true;
  }

  #nothingToWatch(code: number): number {
    if (code === EXIT.done || code === EXIT.failed)
      say(TO, `${this.op} comes with liveops: there is no file to watch`, "yellow");
    return code;
  }

  #noteLimit({ code, message }: NodeJS.ErrnoException): void {
    if (this.#notedLimit) return;
    this.#notedLimit = true;
    const setting = code === "ENOSPC" ? "fs.inotify.max_user_watches" : "fs.inotify.max_user_instances";
    say(
      TO,
      `cannot watch the files (${message}): the limit of inotify is reached; they are looked at every second instead. To raise the limit: sysctl ${setting}`,
      "yellow",
    );
  }
}

function endOfOptions(argv: readonly string[]): number {
  const end = argv.indexOf("--");
  return end === -1 ? argv.length : end;
}

function changedText(files: readonly string[]): string {
  const [first = "", ...more] = files.map((file) => {
    const path = relative(process.cwd(), file);
    return path.startsWith("../..") ? file : path;
  });
  return `${first}${more.length > 0 ? ` and ${more.length} more` : ""} changed`;
}

const ENDS: Readonly<Record<number, string>> = {
  [EXIT.done]: "succeeded",
  [EXIT.failed]: "failed",
  [EXIT.cancelled]: "cancelled",
  [EXIT.usage]: "did not start",
  [EXIT.notFound]: "did not start",
};

function endOf(code: number): string {
  return ENDS[code] ?? `ended with exit code ${code}`;
}

/** A line between two runs, on stderr: stdout has the output of the runs alone. */
function separate(text: string): void {
  const time = new Date().toTimeString().slice(0, 8);
  const head = `── ${time} ── ${sanitize(text)} `;
  const width = Math.min(WIDEST, process.stderr.columns ?? WIDEST);
  const line = head + "─".repeat(Math.max(2, width - head.length));
  process.stderr.write(`${paintFor(process.stderr)("cyan", line)}\n`);
}
