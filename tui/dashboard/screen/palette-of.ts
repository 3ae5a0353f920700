/** Which colours a terminal gets, by what it says of itself in the environment. */
import { type MaybeTerminal, wantsColour } from "../../../protocol/command/colour.js";
import { inColour, inColourOnLight, inManyColours, type Paint, withoutColour } from "./paint.js";

type Env = Record<string, string | undefined>;

export function paintFor(stdout: MaybeTerminal, env: Env): Paint {
  if (!wantsColour(stdout, env)) return withoutColour;
  if (hasManyColours(env)) return inManyColours;
  return isLight(env) ? inColourOnLight : inColour;
}

function hasManyColours({ TERM = "", COLORTERM = "", FORCE_COLOR, TERM_PROGRAM, WT_SESSION }: Env): boolean {
  if (FORCE_COLOR !== undefined) return FORCE_COLOR === "2" || FORCE_COLOR === "3";
  if (/^(truecolor|24bit)$/i.test(COLORTERM) || /256|kitty|ghostty|alacritty|foot|wezterm|direct/.test(TERM))
    return true;
  return TERM_PROGRAM === "iTerm.app" || WT_SESSION !== undefined;
}

/** `COLORFGBG=0;15`: rxvt, Konsole and some others say what is behind. */
function isLight({ COLORFGBG = "" }: Env): boolean {
  const behind = COLORFGBG.split(";").at(-1) ?? "";
  return behind === "7" || /^(9|1[0-5])$/.test(behind);
}
