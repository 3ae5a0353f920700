/** The colours: on which terminal which, apart for people who are colour-blind, and clear of black and of white. */
import { describe, expect, test } from "vitest";
import {
  inColour,
  inColourOnLight,
  inManyColours,
  MANY,
  withoutColour,
} from "../../../tui/dashboard/screen/paint.js";
import { paintFor } from "../../../tui/dashboard/screen/palette-of.js";

const TTY = { isTTY: true };

test.each([
  [{ TERM: "xterm-256color" }, inManyColours],
  [{ TERM: "xterm", COLORTERM: "truecolor" }, inManyColours],
  [{ TERM: "xterm" }, inColour],
  [{ TERM: "linux" }, inColour],
  [{ TERM: "rxvt", COLORFGBG: "0;15" }, inColourOnLight],
  [{ TERM: "rxvt", COLORFGBG: "15;default;0" }, inColour],
  [{ TERM: "xterm-256color", NO_COLOR: "1" }, withoutColour],
  [{ TERM: "xterm-256color", FORCE_COLOR: "1" }, inColour],
])("%j", (env, expected) => {
  expect(paintFor(TTY, env)).toBe(expected);
});

type Rgb = readonly [number, number, number];

/** Of the 6x6x6 cube of 256 colours, linear light from 0 to 1. */
function linear(code: string): Rgb {
  const index = Number(code.split(";").at(-1)) - 16;
  const levels = [0, 95, 135, 175, 215, 255];
  const rgb = [Math.floor(index / 36), Math.floor(index / 6) % 6, index % 6].map((at) => {
    const value = levels[at]! / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return rgb as unknown as Rgb;
}

const luminance = ([r, g, b]: Rgb) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
const contrast = (a: number, b: number) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);

/** As seen without the red, the green or the blue cones (Viénot and others 1999; Machado and others 2009). */
const SEEN: Record<string, readonly Rgb[]> = {
  "by most": [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  "without red": [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  "without green": [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  "without blue": [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** CIE L*a*b* of linear sRGB. */
function lab([r, g, b]: Rgb): Rgb {
  const xyz = [
    (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
    0.2126 * r + 0.7152 * g + 0.0722 * b,
    (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
  ].map((value) => (value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116));
  return [116 * xyz[1]! - 16, 500 * (xyz[0]! - xyz[1]!), 200 * (xyz[1]! - xyz[2]!)];
}

const distance = (a: Rgb, b: Rgb) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

describe("the 256 colours", () => {
  const { red, green, yellow, cyan } = MANY;

  test.each(Object.entries(MANY))("%s stands out from black and from white", (_, code) => {
    const light = luminance(linear(code));
    expect(contrast(light, 0)).toBeGreaterThan(3);
    expect(contrast(light, 1)).toBeGreaterThan(3);
  });

  test.each(Object.entries(SEEN))("states are told apart %s", (_, matrix) => {
    const seen = [red, green, yellow, cyan].map((code) => {
      const rgb = linear(code);
      const as = matrix.map((row) => Math.max(0, row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2]));
      return lab(as as unknown as Rgb);
    });
    for (const [i, a] of seen.entries())
      for (const b of seen.slice(i + 1)) expect(distance(a, b)).toBeGreaterThan(20);
  });
});
