/** A real shell on a pty: with the bins on its path, and the completion script loaded. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pty from "@lydell/node-pty";
import type { Shell } from "../../tui/features/completion/shells.js";
import { HeadlessTerminal } from "../tui/dashboard/terminal.js";
import { binFile } from "./bins.js";
import { until } from "./until.js";
import type { World } from "./world.js";

const PROMPT = "ready>";

/** Reads the script, then sets a short prompt. Without the files of the user. */
const START: Record<Shell, { words: string[]; line: string }> = {
  bash: {
    words: ["--norc", "--noprofile", "-i"],
    line: `source <(liveops completion bash); PS1='${PROMPT}'`,
  },
  zsh: {
    words: ["-f", "-i"],
    line: `autoload -Uz compinit; compinit -u; source <(liveops completion zsh); PROMPT='${PROMPT}'`,
  },
  fish: {
    words: ["--no-config", "-i"],
    line: `liveops completion fish | source; function fish_prompt; echo -n '${PROMPT}'; end; set fish_greeting`,
  },
};

export class ShellOnTerminal implements AsyncDisposable {
  readonly #screen = new HeadlessTerminal(140, 40);
  readonly #child: pty.IPty;
  readonly #exited: Promise<void>;

  constructor(
    readonly world: World,
    readonly shell: Shell,
  ) {
    const bin = join(world.dir, "bin");
    mkdirSync(bin, { recursive: true });
    for (const name of ["liveops", "liveopsd", "liveops-tui"]) {
      const file = join(bin, name);
      writeFileSync(file, `#!/bin/sh\nexec node -- ${binFile(name)} "$@"\n`);
      chmodSync(file, 0o755);
    }
    this.#child = pty.spawn(shell, START[shell].words, {
      cols: 140,
      rows: 40,
      cwd: world.work,
      env: { ...world.env, PATH: `${bin}:${world.env.PATH}`, LANG: "C.UTF-8" },
    });
    this.#child.onData((data) => {
      this.#screen.write(data);
      // fish asks the terminal what it is, and waits for the answer.
      if (data.includes("\x1b[c") || data.includes("\x1b[0c")) this.#child.write("\x1b[?62c");
    });
    this.#exited = new Promise((resolve) => this.#child.onExit(() => resolve()));
  }

  async start(): Promise<this> {
    this.#child.write(`${START[this.shell].line}\r`);
    await until(
      "the shell is ready",
      () => this.line() === PROMPT,
      () => this.text(),
    );
    return this;
  }

  /** Types a text and presses Tab; resolves once the line is the expected one. */
  async completes(typed: string, expected: string): Promise<void> {
    await this.#type(`${typed}\t`);
    await until(
      `${typed} becomes ${expected}`,
      () => this.line().slice(PROMPT.length) === expected,
      () => this.text(),
    );
  }

  /**
   * Types a text and presses Tab as often as the shell needs to list; resolves once the screen
   * shows all of these.
   */
  async lists(typed: string, expected: readonly string[]): Promise<void> {
    await this.#type(typed + (this.shell === "bash" ? "\t\t" : "\t"));
    await until(
      `${typed} lists ${expected.join(", ")}`,
      () => expected.every((text) => this.text().includes(text)),
      () => this.text(),
    );
  }

  text(): string {
    return this.#screen.text();
  }

  /** The last line with a prompt. */
  line(): string {
    return this.#screen.rows().findLast((row) => row.startsWith(PROMPT)) ?? "";
  }

  /** Discards the line before. The shell reads the keys after its completion, so no key is lost. */
  async #type(keys: string): Promise<void> {
    // Escape closes the list of fish.
    if (this.shell === "fish") this.#child.write("\x1b");
    this.#child.write("\x05\x15\x0c");
    await until(
      "the line is empty",
      () => this.line() === PROMPT && this.text().trim() === PROMPT,
      () => this.text(),
    );
    this.#child.write(keys);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}
