/**
 * The colours: on which terminal which, readable on every background, and apart for people who are
 * colour-blind.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Config } from "../../../protocol/system/config-settings.js";
import {
  CONTRAST,
  contrast,
  DARK,
  DARK_BACKGROUND,
  dimmed,
  fixedColour,
  LIGHT,
  LIGHT_BACKGROUND,
  type Rgb,
  type Role,
  themeFor,
} from "../../../tui/dashboard/text/theme.js";

type Env = Record<string, string>;
const stdout = { isTTY: true };
const theme = (env: Env, background: Rgb | null = null, choice: Config["theme"] = "auto") =>
  themeFor({ stdout, env, choice, background });
const MANY = { TERM: "xterm-256color" };
const FULL = { TERM: "xterm", COLORTERM: "truecolor" };
const TEXT: readonly Role[] = ["accent", "good", "bad", "warn", "muted"];

/** The colour that a role is painted in; null: none of its own. */
function painted(
  env: Env,
  role: Role,
  background: Rgb | null,
  choice: Config["theme"] = "auto",
): Rgb | null {
  const [, code = ""] =
    /\x1b\[([\d;]+)m/.exec(theme(env, background, choice).paint("x", role)) ?? [];
  const index = /^38;5;(\d+)$/.exec(code)?.[1];
  return index === undefined ? null : fixedColour(Number(index));
}

describe("which colours", () => {
  test.each([
    [MANY, "38;5;"],
    [FULL, "38;5;"],
    [{ TERM: "xterm" }, "96m"],
    [{ TERM: "linux" }, "96m"],
    [{ TERM: "rxvt", COLORFGBG: "0;15" }, "34m"],
    [{ TERM: "rxvt", COLORFGBG: "15;default;0" }, "96m"],
    [{ TERM: "xterm-256color", FORCE_COLOR: "1" }, "96m"],
  ] as [Env, string][])("%j gets %s", (env, code) => {
    expect(theme(env).paint("x", "accent")).toContain(code);
  });

  test("NO_COLOR gets attributes only, and a border without a colour", () => {
    const plain = theme({ ...MANY, NO_COLOR: "1" });
    expect(plain.paint("x", "accent", "bold")).toBe("\x1b[1mx\x1b[22m");
    expect(plain.paint("x", "muted")).toBe("\x1b[2mx\x1b[22m");
    expect(plain.border).toBeUndefined();
  });

  test("theme in the config: 16, dark or light", () => {
    expect(theme(FULL, null, "16").paint("x", "accent")).toContain("96m");
    expect(painted(MANY, "accent", null, "light")).toEqual([0, 95, 215]);
    expect(painted(FULL, "accent", null, "dark")).toEqual([95, 135, 255]);
  });

  test("the Linux console gets no sign that its font lacks, and a cut text does not look like a sentence", () => {
    const console = theme({ TERM: "linux" });
    expect(console.paint("● ✓ ✗")).toBe("• √ x");
    expect(console.paint("━╸─ ╺━╌ ‖")).toBe('═── ─═· "');
    expect(console.paint("needs in…")).toBe("needs in~");
    expect(console.borderStyle).toBe("single");
  });

  test("the last known state of a lost daemon is dim and has no colour", () => {
    expect(dimmed(theme(MANY)).paint("x", "accent")).toBe("\x1b[2mx\x1b[22m");
  });
});

test("no sign of the screen turns into an emoji in some font", () => {
  const root = fileURLToPath(new URL("../../../tui", import.meta.url));
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.tsx?$/.test(name),
  );
  expect(files.length).toBeGreaterThan(100);
  const found = files.flatMap((name) =>
    [...readFileSync(join(root, name), "utf8")]
      .filter((sign) => sign > "\u00ff" && /\p{Emoji}/u.test(sign))
      .map((sign) => `${name}: ${sign}`),
  );
  expect(found).toEqual([]);
});

describe("contrast", () => {
  const grey = fc.integer({ min: 0, max: 255 });
  const background: fc.Arbitrary<Rgb> = fc.oneof(
    fc.tuple(grey, grey, grey),
    fc.constantFrom<Rgb>(
      DARK_BACKGROUND,
      LIGHT_BACKGROUND,
      [0, 0, 0],
      [0, 43, 54],
      [253, 246, 227],
      [40, 42, 54],
    ),
  );

  test("every text colour reaches 4.5:1 against the background that the terminal told", () => {
    fc.assert(
      fc.property(
        background,
        fc.constantFrom(MANY, FULL),
        fc.constantFrom(...TEXT),
        (behind, env, role) => {
          const colour = painted(env, role, behind);
          expect(colour).not.toBeNull();
          expect(contrast(colour!, behind)).toBeGreaterThanOrEqual(CONTRAST);
        },
      ),
    );
  });
});

/** xterm's own palette. */
const XTERM: Record<string, Rgb> = {
  "30": [0, 0, 0],
  "31": [205, 0, 0],
  "32": [0, 205, 0],
  "33": [205, 205, 0],
  "34": [0, 0, 238],
  "35": [205, 0, 205],
  "36": [0, 205, 205],
  "91": [255, 0, 0],
  "92": [0, 255, 0],
  "93": [255, 255, 0],
  "96": [0, 255, 255],
};

test.each([
  ["white", [255, 255, 255]],
  ["black", [0, 0, 0]],
] as [string, Rgb][])("the 16 colours can be read on %s", (_, behind) => {
  for (const role of ["accent", "good", "bad", "warn"] as const) {
    const [, code = ""] =
      /\x1b\[(\d+)m/.exec(theme({ TERM: "xterm" }, behind).paint("x", role)) ?? [];
    expect(contrast(XTERM[code]!, behind), `${role} ${code}`).toBeGreaterThanOrEqual(CONTRAST);
  }
});

/** Linear light from 0 to 1. */
const linear = (colour: Rgb): Rgb =>
  colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;

/**
 * As seen without the red, the green or the blue cones (Viénot and others 1999; Machado and others
 * 2009).
 */
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

describe.each([
  ["dark", DARK],
  ["light", LIGHT],
] as const)("the %s theme", (_, table) => {
  test.each(Object.entries(SEEN))("states are told apart %s", (_name, matrix) => {
    const seen = [table.bad, table.good, table.warn, table.accent].map((colour) => {
      const rgb = linear(colour);
      const as = matrix.map((row) =>
        Math.max(0, row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2]),
      );
      return lab(as as unknown as Rgb);
    });
    for (const [i, a] of seen.entries())
      for (const b of seen.slice(i + 1)) expect(distance(a, b)).toBeGreaterThan(15);
  });
});
