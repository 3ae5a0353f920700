/**
 * Decides whether a stream gets colours, and paints text. Used by the messages of both commands and
 * by text mode.
 *
 * `NO_COLOR` overrides `FORCE_COLOR`. Without both, only a terminal gets colours, and not with
 * `TERM=dumb`.
 */
type Env = Record<string, string | undefined>;

/** The part of a stream that these functions read. */
export interface MaybeTerminal {
  isTTY?: boolean;
}

export function wantsColour(stream: MaybeTerminal, env: Env = process.env): boolean {
  if (env.NO_COLOR) return false;
  const forced = env.FORCE_COLOR;
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return stream.isTTY === true && env.TERM !== "dumb";
}

/**
 * Whether a line on the stream may be redrawn: an interactive terminal that can do it, outside CI.
 */
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
  magenta: [35, 39],
  cyan: [36, 39],
} as const;

export type Colour = keyof typeof CODES;
/** Adds a colour to text, or returns the text unchanged. */
export type Paint = (colour: Colour, text: string) => string;

export const plain: Paint = (_colour, text) => text;

const coloured: Paint = (colour, text) => {
  const [on, off] = CODES[colour];
  return text === "" ? "" : `\x1b[${on}m${text}\x1b[${off}m`;
};

export function paintFor(stream: MaybeTerminal, env: Env = process.env): Paint {
  return wantsColour(stream, env) ? coloured : plain;
}
