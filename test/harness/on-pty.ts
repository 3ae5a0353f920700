/** A program on a real pty, its screen in a terminal model. */
import pty from "@lydell/node-pty";
import { readBeforeClose } from "../../ops/programs/pty.js";
import { HeadlessTerminal } from "../tui/dashboard/terminal.js";

export interface OnTerminal extends AsyncDisposable {
  readonly screen: HeadlessTerminal;
  readonly pid: number;
  readonly exited: Promise<number>;
  press(keys: string): void;
  resize(columns: number, rows: number): void;
  /** Reads the terminal no more. */
  freeze(): void;
  /** Closes the terminal, as the user does with its window. */
  close(): void;
}

interface PtyOptions {
  size?: readonly [number, number];
  cwd?: string;
  env: Record<string, string | undefined>;
}

/** The environment of a program that needs no world. */
export const plainEnv = () => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  TERM: "xterm-256color",
  TZ: "UTC",
});

/** Words of Node before a script: code that the process runs first. */
export const preloaded = (code: string): string[] =>
  code === "" ? [] : ["--import", `data:text/javascript,${encodeURIComponent(code)}`];

export function onPty(
  program: string,
  words: string[],
  { size: [cols, rows] = [100, 30], ...place }: PtyOptions,
): OnTerminal {
  const screen = new HeadlessTerminal(cols, rows);
  const child = pty.spawn(program, words, { cols, rows, ...place });
  let pending = Promise.resolve();
  const show = (data: string) => {
    pending = new Promise((resolve) => screen.write(data, resolve));
  };
  child.onData(show);
  readBeforeClose(child, (bytes) => show(bytes.toString()));
  const exited = new Promise<number>((resolve) => {
    // What was written last may come after the exit.
    child.onExit(({ exitCode }) => void pending.then(() => resolve(exitCode)));
  });
  return {
    screen,
    pid: child.pid,
    exited,
    press: (keys) => child.write(keys),
    resize(columns, rows) {
      screen.resize(columns, rows);
      child.resize(columns, rows);
    },
    freeze: () => child.pause(),
    close() {
      const { _socket: socket } = child as unknown as { _socket: { destroy?: () => void } };
      // Without waiting for the end of the program.
      delete socket.destroy;
      (child as unknown as { destroy(): void }).destroy();
    },
    async [Symbol.asyncDispose]() {
      try {
        process.kill(child.pid, "SIGKILL");
      } catch {
        // Ended already, as most do.
      }
      await exited;
    },
  };
}
