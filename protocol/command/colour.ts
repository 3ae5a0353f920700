/**
 * Whether a stream gets colours, and the few colours there are. Used by both commands' messages and by text mode.
 *
 * `NO_COLOR` beats `FORCE_COLOR` beats what the stream is; `TERM=dumb` and pipes get none.
 */
type Env = Record<string, string | undefined>;

/** The part of a stream that is asked. */
export interface MaybeTerminal {
  isTTY?: boolean;
}

export function wantsColour(stream: MaybeTerminal, env: Env = process.env): boolean {
  if (env.NO_COLOR) return false;
  const forced = env.FORCE_COLOR;
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return stream.isTTY === true && env.TERM !== "dumb";
}

/** Whether a line may be drawn over on the stream: a terminal that can, and a person in front of it. */
export function wantsRedraw(stream: MaybeTerminal, env: Env = process.env): boolean {
  return stream.isTTY === true && env.TERM !== "dumb" && !isCi(env);
}

function isCi(env: Env): boolean {
  return env.CI !== undefined && env.CI !== "" && env.CI !== "0" && env.CI !== "false";
}

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  cyan: [36, 39],
} as const;

export type Colour = keyof typeof CODES;
/** Wraps text in a colour, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;

export const plain: Paint = (_colour, text) => text;

export const coloured: Paint = (colour, text) => {
  const [on, off] = CODES[colour];
  return text === "" ? "" : `\x1b[${on}m${text}\x1b[${off}m`;
};

export function paintFor(stream: MaybeTerminal, env: Env = process.env): Paint {
  return wantsColour(stream, env) ? coloured : plain;
}
