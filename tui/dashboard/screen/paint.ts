/**
 * The few styles of the screen, in no case a background, so that they read on light and on dark.
 *
 * No state is told by colour alone: each has a sign and a word of its own. Where there are 256 colours the ones taken
 * are told apart by people who are colour-blind, and stand out from black and from white alike (a test measures
 * both); with 16 it is the terminal's own palette. Without colour (`NO_COLOR`) bold, dim and inverse stay: they are
 * not colours.
 */
const ATTRIBUTES = { bold: [1, 22], dim: [2, 22], inverse: [7, 27] } as const;

/** What a style is called says what it looks like on a terminal of 16 colours. */
export const SIXTEEN = { red: "31", green: "32", yellow: "33", blue: "34", cyan: "36" } as const;
/** Cyan and yellow are all but invisible on white. */
export const SIXTEEN_ON_LIGHT = { ...SIXTEEN, cyan: "34", yellow: "35" } as const;
/** Red, teal, tan and blue: of those clear of black and of white the four that are furthest apart for everybody. */
export const MANY = {
  red: "38;5;160",
  green: "38;5;30",
  yellow: "38;5;137",
  blue: "38;5;25",
  cyan: "38;5;27",
} as const;

type Hue = keyof typeof SIXTEEN;
/** `sgr 1;31`: the codes of a program's own colours. */
export type Style = "plain" | keyof typeof ATTRIBUTES | Hue | `sgr ${string}`;
export type Paint = (text: string, ...styles: Style[]) => string;

function painter(hues: Record<Hue, string> | null): Paint {
  return (text, ...styles) => {
    if (text === "") return "";
    let painted = text;
    for (const style of styles) {
      if (style === "plain") continue;
      if (style === "bold" || style === "dim" || style === "inverse") {
        const [on, off] = ATTRIBUTES[style];
        painted = `\x1b[${on}m${painted}\x1b[${off}m`;
      } else if (hues === null) continue;
      else if (isOwn(style)) painted = `\x1b[${style.slice(OWN.length)}m${painted}\x1b[0m`;
      else painted = `\x1b[${hues[style]}m${painted}\x1b[39m`;
    }
    return painted;
  };
}

const OWN = "sgr ";

function isOwn(style: Style): style is `sgr ${string}` {
  return style.startsWith(OWN);
}

export const inManyColours: Paint = painter(MANY);
export const inColour: Paint = painter(SIXTEEN);
export const inColourOnLight: Paint = painter(SIXTEEN_ON_LIGHT);
export const withoutColour: Paint = painter(null);
/** Nothing at all: for rows that are dimmed as a whole afterwards. */
export const unpainted: Paint = (text) => text;
