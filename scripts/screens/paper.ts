/** The colours of a terminal: its background, its text and its sixteen colours. */
export interface Paper {
  ink: string;
  background: string;
  sixteen: readonly string[];
}

export const DARK_PAPER: Paper = {
  ink: "#c9d1d9",
  background: "#0d1117",
  sixteen: [
    ...["#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4"],
    ...["#6e7681", "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#ffffff"],
  ],
};

export const LIGHT_PAPER: Paper = {
  ink: "#24292f",
  background: "#ffffff",
  sixteen: [
    ...["#24292f", "#cf222e", "#116329", "#4d2d00", "#0969da", "#8250df", "#1b7c83", "#6e7781"],
    ...["#57606a", "#a40e26", "#1a7f37", "#633c01", "#218bff", "#a475f9", "#3192aa", "#8c959f"],
  ],
};

/** The palette of xterm. */
export const XTERM_PAPER: Paper = {
  ink: "#e5e5e5",
  background: "#000000",
  sixteen: [
    ...["#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5"],
    ...["#7f7f7f", "#ff0000", "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff"],
  ],
};

/** A colour of a `Style`, as CSS takes it. */
export function cssColour(colour: string, { sixteen }: Paper): string {
  if (!colour.startsWith("palette ")) return colour;
  const index = Number(colour.slice(8));
  if (index < 16) return sixteen[index]!;
  if (index >= 232) return hex([8 + (index - 232) * 10, 8 + (index - 232) * 10, 8 + (index - 232) * 10]);
  const levels = [0, 95, 135, 175, 215, 255];
  const at = index - 16;
  return hex([levels[Math.floor(at / 36)]!, levels[Math.floor(at / 6) % 6]!, levels[at % 6]!]);
}

function hex(rgb: number[]): string {
  return `#${rgb.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}
