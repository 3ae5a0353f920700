/**
 * Colours and signs of the screen. A theme is made for one terminal: for its background, its number
 * of colours and its font. Every text colour reaches a contrast of 4.5:1 against the background; a
 * test computes this.
 */

import type { Config } from "../../../protocol/system/config-settings.js";
import { type MaybeTerminal, wantsColour } from "../../../protocol/text/colour.js";
import { wantsLinks } from "../../kit/output/links.js";
import { hasFewGlyphs, withPlainGlyphs } from "./plain-glyphs.js";

export type Rgb = readonly [red: number, green: number, blue: number];
/** Names of the colours. */
export const ROLES = ["accent", "good", "bad", "warn", "muted", "track", "border"] as const;
export type Role = (typeof ROLES)[number];
/**
 * `sgr 1;31`: the codes of a program's own colours. `link https://…`: a hyperlink (OSC 8) to that
 * target.
 */
export type Style =
  | "plain"
  | "bold"
  | "dim"
  | "inverse"
  | Role
  | `sgr ${string}`
  | `link ${string}`;
export type Paint = (text: string, ...styles: Style[]) => string;

type Table = Readonly<Record<Role, Rgb>>;

export interface Theme {
  readonly paint: Paint;
  /** Colour of a border, as Ink takes it; undefined: the text's own. */
  readonly border: string | undefined;
  readonly activeBorder: string | undefined;
  readonly borderStyle: "round" | "single";
}

export const DARK: Table = {
  accent: [100, 150, 255],
  good: [110, 220, 150],
  bad: [248, 81, 73],
  warn: [242, 204, 96],
  muted: [139, 148, 158],
  track: [72, 79, 88],
  border: [110, 118, 129],
};
export const LIGHT: Table = {
  accent: [20, 80, 220],
  good: [0, 110, 110],
  bad: [200, 20, 60],
  warn: [95, 45, 0],
  muted: [87, 96, 106],
  track: [190, 196, 204],
  border: [120, 128, 138],
};
export const DARK_BACKGROUND: Rgb = [13, 17, 23];
export const LIGHT_BACKGROUND: Rgb = [255, 255, 255];

/** Least contrast of text, by WCAG 2. */
export const CONTRAST = 4.5;
/** Roles of which nothing is read: lines and the rest of a bar. */
const DRAWN: ReadonlySet<Role> = new Set<Role>(["track", "border"]);

export interface TerminalFacts {
  readonly stdout: MaybeTerminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly choice?: Config["theme"];
  /** Answer of the terminal to OSC 11; null: none yet. */
  readonly background: Rgb | null;
}

export function themeFor({ stdout, env, choice = "auto", background }: TerminalFacts): Theme {
  const few = hasFewGlyphs(env);
  const linked = wantsLinks(stdout, env);
  const shapes = { borderStyle: few ? "single" : "round" } as const;
  const glyphs = few ? withPlainGlyphs : (text: string) => text;
  if (!wantsColour(stdout, env))
    return {
      ...shapes,
      paint: painter({}, glyphs, linked),
      border: undefined,
      activeBorder: undefined,
    };
  const behind =
    background ?? (choice === "light" || saysLight(env) ? LIGHT_BACKGROUND : DARK_BACKGROUND);
  const isLight = luminance(behind) > 0.35;
  if (choice === "16" || !hasManyColours(env)) {
    const paint = painter(isLight ? SIXTEEN_ON_LIGHT : SIXTEEN, glyphs, linked);
    return { ...shapes, paint, border: "gray", activeBorder: isLight ? "blue" : "cyanBright" };
  }
  const table = choice === "light" || (choice !== "dark" && isLight) ? LIGHT : DARK;
  const places = Object.fromEntries(
    ROLES.map((role) => [role, nearest(table[role], DRAWN.has(role) ? null : behind)]),
  ) as Record<Role, number>;
  const codes = Object.fromEntries(ROLES.map((role) => [role, `38;5;${places[role]}`]));
  return {
    ...shapes,
    paint: painter(codes, glyphs, linked),
    border: `ansi256(${places.border})`,
    activeBorder: `ansi256(${places.accent})`,
  };
}

function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

export function contrast(a: Rgb, b: Rgb): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/**
 * The nearest of the 240 fixed colours that can be read before the background; null: nothing is
 * read in it.
 */
function nearest(colour: Rgb, background: Rgb | null): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let index = 16; index < 256; index++) {
    const fixed = fixedColour(index);
    const distance = fixed.reduce((sum, value, i) => sum + (value - colour[i]!) ** 2, 0);
    if (distance >= least || (background !== null && contrast(fixed, background) < CONTRAST))
      continue;
    least = distance;
    best = index;
  }
  return best;
}

/** Colour of the 6x6x6 cube and of the greys. */
export function fixedColour(index: number): Rgb {
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return [grey, grey, grey];
  }
  const levels = [0, 95, 135, 175, 215, 255];
  const at = index - 16;
  return [levels[Math.floor(at / 36)]!, levels[Math.floor(at / 6) % 6]!, levels[at % 6]!];
}

type Codes = Readonly<Partial<Record<Role, string>>>;

/** The terminal's own palette. Cyan, green and yellow cannot be read on white. */
const SIXTEEN: Codes = {
  accent: "96",
  good: "92",
  bad: "91",
  warn: "93",
  muted: "2",
  track: "90",
  border: "90",
};
const SIXTEEN_ON_LIGHT: Codes = {
  ...SIXTEEN,
  accent: "34",
  good: "30",
  bad: "31",
  warn: "35",
  track: "37",
};

const ATTRIBUTES: Readonly<Partial<Record<Style, string>>> = { bold: "1", dim: "2", inverse: "7" };
/** Without colours these roles keep an attribute. */
const UNCOLOURED: Readonly<Partial<Record<Style, string>>> = {
  muted: "2",
  track: "2",
  border: "2",
};
/** What ends an attribute; 39 ends a colour. */
const ENDS: Readonly<Record<string, number>> = { 1: 22, 2: 22, 7: 27 };

function painter(codes: Codes, glyphs: (text: string) => string, links: boolean): Paint {
  const all: Readonly<Record<string, string>> = { ...UNCOLOURED, ...ATTRIBUTES, ...codes };
  const styled = (text: string, style: Style): string => {
    if (style.startsWith("link "))
      return links ? `\x1b]8;;${style.slice(5)}\x07${text}\x1b]8;;\x07` : text;
    if (style.startsWith("sgr "))
      return codes.accent === undefined ? text : `\x1b[${style.slice(4)}m${text}\x1b[0m`;
    const code = all[style];
    return code === undefined ? text : `\x1b[${code}m${text}\x1b[${ENDS[code] ?? 39}m`;
  };
  return (text, ...styles) => (text === "" ? "" : styles.reduce(styled, glyphs(text)));
}

/** No style at all: for measuring. */
export const unpainted: Paint = (text) => text;

function hasManyColours({
  TERM = "",
  COLORTERM = "",
  FORCE_COLOR,
  TERM_PROGRAM,
  WT_SESSION,
}: TerminalFacts["env"]): boolean {
  if (FORCE_COLOR !== undefined) return FORCE_COLOR === "2" || FORCE_COLOR === "3";
  if (
    /^(truecolor|24bit)$/i.test(COLORTERM) ||
    /256|kitty|ghostty|alacritty|foot|wezterm|direct/.test(TERM)
  )
    return true;
  return TERM_PROGRAM === "iTerm.app" || WT_SESSION !== undefined;
}

/** Without an answer to OSC 11: `COLORFGBG=0;15`, as rxvt, Konsole and some others set it. */
function saysLight({ COLORFGBG = "" }: TerminalFacts["env"]): boolean {
  return /(?:^|;)(?:7|9|1[0-5])$/.test(COLORFGBG);
}

/** The last known state of a daemon that is gone: dim, without colours. */
export function dimmed(theme: Theme): Theme {
  return {
    ...theme,
    paint: (text, ...styles) =>
      theme.paint(
        text,
        "dim",
        ...styles.filter((style) => style === "bold" || style.startsWith("link ")),
      ),
    activeBorder: theme.border,
  };
}
