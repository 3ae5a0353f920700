/** The built bins on a real pty, its screen in a terminal model. */
import pty from "@lydell/node-pty";
import { readBeforeClose } from "../../ops/programs/pty.js";
import { HeadlessTerminal } from "../tui/dashboard/terminal.js";
import { binFile } from "./bins.js";
import type { World } from "./world.js";

export interface OnTerminal extends AsyncDisposable {
  readonly screen: HeadlessTerminal;
  readonly pid: number;
  readonly exited: Promise<number>;
  press(keys: string): void;
  resize(columns: number, rows: number): void;
  /** Closes the terminal, as the user does with its window. */
  close(): void;
}

export interface TerminalOptions {
  size?: readonly [number, number];
  /** Code that the process runs before the bin. */
  preload?: string;
  cwd?: string;
}

export function onTerminal(
  world: World,
  bin: string,
  words: string[],
  options: TerminalOptions = {},
): OnTerminal {
  const { size: [cols, rows] = [110, 30], preload = "", cwd = world.work } = options;
  const screen = new HeadlessTerminal(cols, rows);
  const node = preload === "" ? [] : ["--import", `data:text/javascript,${encodeURIComponent(preload)}`];
  const file = binFile(bin);
  const child = pty.spawn(process.execPath, [...node, file, ...words], { cols, rows, cwd, env: world.env });
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
