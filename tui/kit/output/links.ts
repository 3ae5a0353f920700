/**
 * Hyperlinks of the output (OSC 8). Only for a terminal; a target is printable ASCII, and the text of a link was
 * sanitized before, so that no text can end a link or begin another.
 */
import { statSync } from "node:fs";
import { hostname } from "node:os";
import { pathToFileURL } from "node:url";
import type { MaybeTerminal } from "../../../protocol/text/colour.js";

type Env = Readonly<Record<string, string | undefined>>;

/** Makes text a hyperlink, or returns the text unchanged. */
export type Linker = (url: string | null, text: string) => string;

export const unlinked: Linker = (_url, text) => text;

const linked: Linker = (url, text) =>
  url === null || text === "" || !/^(?:https?|file):[\x21-\x7e]+$/.test(url)
    ? text
    : `\x1b]8;;${url}\x1b\\${text}\x1b]8;;\x1b\\`;

/** Whether the terminal takes such sequences without printing them. */
export function takesSequences(env: Env): boolean {
  return env.TERM !== "linux" && env.TERM !== "dumb";
}

/** VTE 0.50 crashes at a hyperlink, and older ones print it. */
const FIRST_VTE = 5001;

/** `FORCE_HYPERLINK` overrides the check of the stream; `NO_COLOR` and `TERM=dumb` override it. */
export function wantsLinks(stream: MaybeTerminal, env: Env): boolean {
  if (env.NO_COLOR || !takesSequences(env)) return false;
  const forced = env.FORCE_HYPERLINK;
  if (forced !== undefined && forced !== "") return forced !== "0" && forced !== "false";
  const isOld = env.VTE_VERSION !== undefined && Number(env.VTE_VERSION) < FIRST_VTE;
  return stream.isTTY === true && !isOld;
}

export function linkerFor(stream: MaybeTerminal, env: Env = process.env): Linker {
  return wantsLinks(stream, env) ? linked : unlinked;
}

/** The address of a file or directory of this machine, with the name of the host; null: there is no such file. */
export function fileUrl(path: string): string | null {
  try {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return null;
    const { href } = pathToFileURL(path);
    return href.replace("file://", `file://${hostname()}`);
  } catch {
    return null;
  }
}
