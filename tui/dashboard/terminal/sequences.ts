/**
 * Sequences to the terminal beside the screen: title, focus, notifications. Each is ignored by a
 * terminal that does not know it; the Linux console, which would print some of them, is told
 * nothing.
 */
import { sanitize } from "../../../protocol/text/sanitize.js";

type Env = Record<string, string | undefined>;

const ESC = "\x1b";
const ST = `${ESC}\\`;
const BEL = "\x07";

/** The title that was there before is kept by the terminal, and comes back. */
export const KEEP_TITLE = `${ESC}[22;2t`;
export const OLD_TITLE = `${ESC}[23;2t`;
export const TELL_FOCUS = `${ESC}[?1004h`;
export const NO_FOCUS = `${ESC}[?1004l`;
export const ASK_BACKGROUND = `${ESC}]11;?${ST}`;

/** Longest text of a title or a notification. */
const LONGEST = 120;

export function setTitle(text: string): string {
  return `${ESC}]2;${harmless(text)}${ST}`;
}

/** A terminal knows one of the two; both would tell some people twice. */
export function desktopNotification(title: string, text: string, env: Env): string {
  const says777 = /^(rxvt|foot)/.test(env.TERM ?? "") || env.VTE_VERSION !== undefined;
  const [head, body] = [harmless(title).replaceAll(";", ","), harmless(text).replaceAll(";", ",")];
  const sequence = says777
    ? `${ESC}]777;notify;${head};${body}${ST}`
    : `${ESC}]9;${head}: ${body}${ST}`;
  // Through tmux it goes only wrapped, with allow-passthrough on; the bell goes through anyway.
  return env.TMUX === undefined
    ? sequence
    : `${ESC}Ptmux;${sequence.replaceAll(ESC, ESC + ESC)}${ST}`;
}

export const bell = BEL;

/** Into the clipboard (OSC 52). */
export function copyText(text: string): string {
  return `${ESC}]52;c;${Buffer.from(text).toString("base64")}${ST}`;
}

function harmless(text: string): string {
  const plain = sanitize(text);
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST - 1)}…` : plain;
}
