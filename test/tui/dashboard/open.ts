/** Opens the dashboard, in this process, on a screen model of a given size. */
import { PassThrough, Writable } from "node:stream";
import { expect } from "vitest";
import type { Alert } from "../../../protocol/system/config-settings.js";
import {
  type Program,
  type ProgramOptions,
  startDashboard,
} from "../../../tui/dashboard/program.js";
import { NOW } from "./operations.js";
import { HeadlessTerminal } from "./terminal.js";

/** Keys as a terminal sends them. */
export const KEY = {
  up: "\x1b[A",
  down: "\x1b[B",
  pageUp: "\x1b[5~",
  pageDown: "\x1b[6~",
  end: "\x1b[F",
  enter: "\r",
  escape: "\x1b",
  ctrlC: "\x03",
} as const;

export interface Opened extends AsyncDisposable {
  readonly screen: HeadlessTerminal;
  readonly program: Program;
  press(keys: string): void;
  resize(columns: number, rows: number): void;
}

export interface OpenOptions {
  socket: string;
  size?: readonly [number, number];
  id?: string;
  env?: Record<string, string>;
  alert?: Alert;
  now?: () => number;
  options?: Partial<ProgramOptions>;
}

export function openDashboard({
  socket,
  size = [100, 30],
  id,
  env = {},
  alert = true,
  now = () => NOW,
  options = {},
}: OpenOptions): Opened {
  const screen = new HeadlessTerminal(...size);
  const stdout = Object.assign(
    new Writable({
      decodeStrings: false,
      write: (data, _encoding, done) => screen.write(String(data), done),
    }),
    { isTTY: true, columns: size[0], rows: size[1] },
  );
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: () => stdin,
    ref() {},
    unref() {},
  });
  const program = startDashboard({
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    env: { TERM: "xterm-256color", ...env },
    socket,
    alert,
    id: id ?? null,
    clock: { now },
    ...options,
  });
  return {
    screen,
    program,
    press: (keys) => void stdin.write(keys),
    resize(columns, rows) {
      Object.assign(stdout, { columns, rows });
      screen.resize(columns, rows);
      stdout.emit("resize");
    },
    async [Symbol.asyncDispose]() {
      program.close(0);
      await program.done;
      expect(screen.faults).toEqual([]);
    },
  };
}
