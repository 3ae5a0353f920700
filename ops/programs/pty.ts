/**
 * A pseudoterminal (pty) on which a program runs. The library is an optional dependency, loaded
 * when the first program needs it.
 *
 * The program leads the session of the pty, and its output ends with it, as in a terminal window:
 * what other processes print later is not read.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, readSync, statSync } from "node:fs";
import { constants as os } from "node:os";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import type { ReadStream } from "node:tty";
import type { IPty } from "@lydell/node-pty";
import { processStat } from "./proc.js";

export interface TerminalSize {
  columns: number;
  rows: number;
}

/** The size until somebody attaches. */
export const DEFAULT_SIZE: TerminalSize = { columns: 120, rows: 40 };

/**
 * The most columns or rows; the kernel keeps 16 bits, and a program may allocate a screen of this
 * size.
 */
const MAX_SIDE = 1000;

/**
 * More than a kernel keeps of the output that nobody has read: the rest is that of processes that
 * print on.
 */
const MAX_UNREAD_BYTES = 256 * 1024;

/** The value of TERM inside. */
const TERM = "xterm-256color";

/** Variables that describe the terminal of the submit or of the daemon, not this one. */
const OF_ANOTHER_TERMINAL = [
  "COLUMNS",
  "LINES",
  "TERMCAP",
  "TERM_PROGRAM",
  "TERM_PROGRAM_VERSION",
  "TMUX",
  "TMUX_PANE",
  "STY",
  "WINDOW",
  "WINDOWID",
  "VTE_VERSION",
];

/** The library is not installed, or has no binary for this system. */
export class TtyMissing extends Error {
  constructor(reason: string) {
    super(
      `a program with a terminal (tty) needs the package @lydell/node-pty, which is not installed here: ` +
        `npm install @lydell/node-pty beside liveops, or leave out tty (${reason})`,
    );
  }
}

/** @throws TtyMissing */
async function library(): Promise<typeof import("@lydell/node-pty")> {
  try {
    return await import("@lydell/node-pty");
  } catch (error) {
    throw new TtyMissing((error as Error).message.split("\n")[0] as string);
  }
}

export interface TerminalOptions {
  cwd: string;
  /** See `terminalEnvironment`. */
  env: NodeJS.ProcessEnv;
  size: TerminalSize;
  /** Called right before the program starts. */
  beforeSpawn?: (() => void) | null;
}

/** Begins the sequences of keys such as the arrows. */
const ESC = 0x1b;

/** Longest time for the modes of a terminal, in ms. */
const STTY_MS = 1000;

/** Not documented by the library. */
type Inside = IPty & { _socket?: ReadStream; fd?: number };

/** A running program with its pty. */
export class Terminal {
  /**
   * Raw bytes of the program. Ends when the program has ended and everything that it printed was
   * read.
   */
  readonly output: Readable;
  /** Resolves when the output has ended. */
  readonly ended: Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }>;
  /** How often a line or a control key was typed, after which a program may go on. */
  entered = 0;
  #isOpen = true;
  #size: TerminalSize;

  private constructor(
    private readonly pty: IPty,
    size: TerminalSize,
  ) {
    this.#size = size;
    const output = new Readable({ read() {} });
    this.output = output;
    // Without an encoding the library passes bytes.
    pty.onData((bytes) => output.push(bytes));
    readBeforeClose(pty, (bytes) => output.push(bytes));
    this.ended = new Promise((done) => {
      pty.onExit(({ exitCode, signal = 0 }) => {
        this.#isOpen = false;
        output.push(null);
        done(
          signal === 0 ? { exitCode, signal: null } : { exitCode: null, signal: nameOf(signal) },
        );
      });
    });
  }

  /** @throws TtyMissing; an error with the code of the system if the command cannot be started */
  static async start(
    command: string,
    args: readonly string[],
    options: TerminalOptions,
  ): Promise<Terminal> {
    const { spawn } = await library();
    const { cwd, size } = options;
    // The library passes an undefined variable as a text.
    const env = Object.fromEntries(
      Object.entries(options.env).filter(([, value]) => value !== undefined),
    );
    checkProgram(command, args, cwd, env.PATH);
    const { columns: cols, rows } = size;
    options.beforeSpawn?.();
    const pty = spawn(command, [...args], {
      name: env.TERM ?? TERM,
      cols,
      rows,
      cwd,
      env,
      encoding: null,
    });
    return new Terminal(pty, size);
  }

  get pid(): number {
    return this.pty.pid;
  }

  get size(): TerminalSize {
    return this.#size;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Types the bytes. */
  write(bytes: Buffer): void {
    // Typed as a text, and passed on as it is: a key may be bytes that are not UTF-8.
    if (this.#isOpen) this.pty.write(bytes as unknown as string);
    if (bytes.some((byte) => byte < 0x20 && byte !== ESC)) this.entered++;
  }

  /**
   * Whether the terminal shows what is typed: for a password, it does not. False where the system
   * does not tell, and for a program that shows the keys itself, as an editor of lines does.
   */
  get echo(): boolean {
    const { fd } = this.pty as Inside;
    if (!this.#isOpen || fd === undefined) return false;
    // The other end of the terminal has its modes, too.
    const { stdout } = spawnSync("/bin/stty", ["-a"], {
      stdio: [fd, "pipe", "ignore"],
      encoding: "utf8",
      timeout: STTY_MS,
    });
    return /(?<!-)\becho\b/.test(stdout ?? "");
  }

  /** The program gets SIGWINCH. */
  resize(size: TerminalSize): void {
    const columns = clampSide(size.columns);
    const rows = clampSide(size.rows);
    if (!this.#isOpen || (columns === this.#size.columns && rows === this.#size.rows)) return;
    try {
      this.pty.resize(columns, rows);
      this.#size = { columns, rows };
    } catch {
      // The program closed its terminal, and has not ended yet.
    }
  }

  /**
   * Stops and continues to read, so that the program waits. After the end of the program, the rest
   * is read anyway.
   */
  hold(isHeld: boolean): void {
    if (!this.#isOpen) return;
    if (isHeld) this.pty.pause();
    else this.pty.resume();
  }
}

/**
 * When to look whether a program has ended that closed its terminal, in ms: at first, and at most,
 * after doubling.
 */
const LOOK_MS = { first: 10, longest: 1000 };

/**
 * Reads what the program has printed before its terminal is closed. The library closes it 200 ms
 * after the exit, read or not, and libuv ends its stream at a hangup, though the kernel has more
 * output.
 *
 * A program that closes its own three streams also causes a hangup. Its terminal stays open until
 * it ends: the kernel would end it with SIGHUP.
 */
export function readBeforeClose(pty: IPty, push: (bytes: Buffer) => void): void {
  const { _socket: socket, fd } = pty as Inside;
  if (socket === undefined || fd === undefined) return;
  let wait = LOOK_MS.first;
  socket.destroy = (error) => {
    if (isRunning(pty.pid)) {
      setTimeout(() => socket.destroy(error), wait);
      wait = Math.min(2 * wait, LOOK_MS.longest);
      return socket;
    }
    if (!socket.destroyed) {
      // Emits what the stream has read already, and what comes first.
      while (socket.read() !== null);
      readNow(fd, push);
    }
    return Object.getPrototypeOf(socket).destroy.call(socket, error);
  };
}

/** False without /proc. */
function isRunning(pid: number): boolean {
  const stat = processStat(pid);
  return stat !== null && stat.state !== "Z" && stat.state !== "X";
}

/** Reads from a descriptor that does not block until the kernel has no more. */
function readNow(fd: number, push: (bytes: Buffer) => void): void {
  try {
    for (let total = 0; total < MAX_UNREAD_BYTES; ) {
      const chunk = Buffer.allocUnsafe(4096);
      const count = readSync(fd, chunk);
      if (count === 0) return;
      push(chunk.subarray(0, count));
      total += count;
    }
  } catch {
    // EAGAIN: another process holds the terminal, and prints nothing now. EIO: no process holds it.
  }
}

function clampSide(value: number): number {
  return Number.isInteger(value) ? Math.min(MAX_SIDE, Math.max(1, value)) : 1;
}

/** The environment for programs on a pty. */
export function terminalEnvironment(given: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const env = { ...given };
  for (const name of OF_ANOTHER_TERMINAL) delete env[name];
  // cargo tells its progress by OSC 9;4 only to terminals that it knows.
  return { CARGO_TERM_PROGRESS_TERM_INTEGRATION: "true", ...env, TERM };
}

function nameOf(number: number): NodeJS.Signals {
  const [name] = Object.entries(os.signals).find(([, each]) => each === number) ?? [`SIG${number}`];
  return name as NodeJS.Signals;
}

/**
 * Checks what the library reports only as output of the program.
 *
 * @throws an error with the code ENOENT or EACCES if the program cannot be started
 */
function checkProgram(
  command: string,
  args: readonly string[],
  cwd: string,
  path = "/usr/local/bin:/usr/bin:/bin",
): void {
  if ([command, ...args].some((word) => word.includes("\0")))
    throw Object.assign(new TypeError(`the words of ${command} must not have null bytes`), {
      code: "ERR_INVALID_ARG_VALUE",
    });
  accessSync(cwd, constants.X_OK);
  const candidates = command.includes("/")
    ? [resolve(cwd, command)]
    : path.split(":").map((directory) => resolve(cwd, directory, command));
  let code = "ENOENT";
  for (const file of candidates) {
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return;
      if (command.includes("/")) code = "EACCES";
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EACCES") code = "EACCES";
    }
  }
  throw Object.assign(new Error(`spawn ${command} ${code}`), { code });
}
