/** Whether the terminal takes hyperlinks (OSC 8) and other sequences without printing them. */
import type { MaybeTerminal } from "../../../protocol/text/colour.js";

type Env = Readonly<Record<string, string | undefined>>;

export function takesSequences(env: Env): boolean {
  return env.TERM !== "linux" && env.TERM !== "dumb";
}

/** VTE 0.50 crashes at a hyperlink, and older ones print it. */
const FIRST_VTE = 5001;

export function wantsLinks(stream: MaybeTerminal, env: Env): boolean {
  const isOld = env.VTE_VERSION !== undefined && Number(env.VTE_VERSION) < FIRST_VTE;
  return stream.isTTY === true && !env.NO_COLOR && takesSequences(env) && !isOld;
}
