/** The daemon of a checkout in a temporary directory, and its dashboard on terminals of several kinds. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pty from "@lydell/node-pty";
import { cleanEnv, node } from "../../../bench/harness/world.js";
import { HeadlessTerminal } from "../../../test/tui/dashboard/terminal.js";
import { OPERATIONS } from "../operations.js";
import { DARK, type Frame, frameOf, LIGHT } from "../picture.js";

export type Theme = "dark" | "light" | "16" | "plain";

/** Milliseconds until something is on the screen: the machine may be busy. */
const PATIENCE = 60_000;

const ENV: Record<Theme, Record<string, string>> = {
  dark: { TERM: "xterm-256color", COLORTERM: "truecolor" },
  light: { TERM: "xterm-256color", COLORTERM: "truecolor" },
  "16": { TERM: "xterm", COLORTERM: "" },
  plain: { TERM: "xterm-256color", NO_COLOR: "1" },
};
/** The answer of the terminal to the question for its background. */
const background = (theme: Theme) =>
  theme === "light" ? "\x1b]11;rgb:ffff/ffff/ffff\x07" : "\x1b]11;rgb:0d0d/1111/1717\x07";

/** A dashboard on a terminal of its own. */
export class Session implements AsyncDisposable {
  readonly #screen: HeadlessTerminal;
  readonly #child: ReturnType<typeof pty.spawn>;
  readonly #ended: Promise<void>;

  constructor(
    private readonly world: World,
    private readonly theme: Theme,
    [columns, rows]: readonly [number, number],
    words: readonly string[],
  ) {
    this.#screen = new HeadlessTerminal(columns, rows);
    const env = { ...world.env, ...ENV[theme] } as Record<string, string>;
    const bin = join(world.root, "dist/bin/liveops-tui.cjs");
    this.#child = pty.spawn(node, [bin, ...words], { cols: columns, rows, cwd: world.home, env });
    this.#ended = new Promise((done) => void this.#child.onExit(() => done()));
    this.#child.onData((data) => {
      this.#screen.write(data);
      if (data.includes("\x1b]11;?")) this.#child.write(background(theme));
    });
  }

  readonly press = (keys: string): void => this.#child.write(keys);
  readonly until = (text: RegExp): Promise<string> => this.#screen.until(text, PATIENCE);

  frame(): Frame {
    const look = this.theme === "light" ? LIGHT : DARK;
    return frameOf(this.#screen, 0, (text) => this.world.atHome(text), look);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#ended;
  }
}

/** A daemon of one checkout, in a temporary directory. */
export class World implements Disposable {
  readonly home = mkdtempSync(join(tmpdir(), "liveops-scenes-"));
  readonly env: NodeJS.ProcessEnv;
  readonly pid: number;

  constructor(readonly root: string) {
    const { NO_COLOR: _plain, CI: _ci, ...env } = cleanEnv();
    const place = (name: string) => join(this.home, name);
    this.env = {
      ...env,
      HOME: this.home,
      LIVEOPS_STATE_DIR: place("state"),
      LIVEOPS_CONFIG: place("config.json"),
      EDITOR: "printf hello; sleep 1; true",
    };
    mkdirSync(place("ops"));
    writeFileSync(place("config.json"), "{}");
    for (const [name, source] of Object.entries(OPERATIONS)) writeFileSync(join(place("ops"), name), source);
    this.#run("liveopsd", ["start", "--ops", place("ops"), "--concurrency", "8"]);
    const owner = JSON.parse(readFileSync(join(place("state"), "liveopsd.json"), "utf8")) as { pid: number };
    this.pid = owner.pid;
  }

  /** Runs `liveops`; its output. */
  liveops(...words: string[]): string {
    return this.#run("liveops", words).trim();
  }

  open(theme: Theme, size: readonly [number, number], ...words: string[]): Session {
    return new Session(this, theme, size, words);
  }

  /** Replaces this machine's directories by those of a sample user. */
  atHome(text: string): string {
    return text.replaceAll(this.home, "/home/ada").replaceAll(this.root, "/home/ada/liveops");
  }

  #run(name: string, words: readonly string[]): string {
    const bin = join(this.root, `dist/bin/${name}.cjs`);
    const options = { env: this.env, cwd: this.home, encoding: "utf8" } as const;
    return execFileSync(node, [bin, ...words], { ...options, stdio: ["ignore", "pipe", "pipe"] });
  }

  [Symbol.dispose](): void {
    this.#run("liveopsd", ["stop", "--now"]);
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}
