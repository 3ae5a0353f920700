/**
 * The signs of the screen as the Linux console has them: its fonts hold few others than those of
 * code page 437, and show all that they lack as the same box. Each is one column, as what it stands
 * for is.
 */
const PLAIN: Record<string, string> = {
  "●": "•",
  "✓": "√",
  "✗": "x",
  "⊘": "ø",
  "◌": "°",
  "━": "═",
  "╸": "─",
  "╺": "─",
  "╌": "·",
  "…": "~",
  "▸": "►",
  "▾": "▼",
  "⋯": ":",
  "≈": "~",
  "≠": "±",
  "▏": "│",
  "┄": "·",
  "⋮": ":",
  "↳": "└",
  "⏎": "┘",
  "‖": '"',
  "┃": "│",
  "╵": "│",
  "‹": "<",
  "›": ">",
  "×": "x",
  "▁": "_",
  "▂": ".",
  "▃": ".",
  "▄": "-",
  "▅": "-",
  "▆": "=",
  "▇": "=",
};
const SIGNS = new RegExp(`[${Object.keys(PLAIN).join("")}]`, "g");

/** Whether the terminal has no more than these. */
export function hasFewGlyphs({ TERM }: Record<string, string | undefined>): boolean {
  return TERM === "linux";
}

export function withPlainGlyphs(frame: string): string {
  return frame.replace(SIGNS, (sign) => PLAIN[sign]!);
}
