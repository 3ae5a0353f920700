/** The built bins on a real pty. */
import { type OnTerminal, onPty, preloaded } from "../harness/on-pty.js";
import { binFile } from "./bins.js";
import type { World } from "./world.js";

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
  { size = [110, 30], preload = "", cwd = world.work }: TerminalOptions = {},
): OnTerminal {
  const line = [...preloaded(preload), binFile(bin), ...words];
  return onPty(process.execPath, line, { size, cwd, env: world.env });
}
