/**
 * The few styles of the screen, from the 16 colours every terminal has and in no case a background, so that they
 * read on light and on dark. Without colour (`NO_COLOR`) bold, dim and inverse stay: they are not colours.
 */
const CODES = {
  plain: null,
  bold: [1, 22],
  dim: [2, 22],
  inverse: [7, 27],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  cyan: [36, 39],
} as const;

export type Style = keyof typeof CODES;
export type Paint = (text: string, ...styles: Style[]) => string;

const ATTRIBUTES: ReadonlySet<Style> = new Set(["bold", "dim", "inverse"]);

function painter(allowed: (style: Style) => boolean): Paint {
  return (text, ...styles) => {
    if (text === "") return "";
    let painted = text;
    for (const style of styles) {
      const code = CODES[style];
      if (code !== null && allowed(style)) painted = `\x1b[${code[0]}m${painted}\x1b[${code[1]}m`;
    }
    return painted;
  };
}

export const inColour: Paint = painter(() => true);
export const withoutColour: Paint = painter((style) => ATTRIBUTES.has(style));
/** Nothing at all: for rows that are dimmed as a whole afterwards. */
export const unpainted: Paint = (text) => text;
