/**
 * Colours of programs: SGR sequences (`\x1b[31m`) in log lines. All other control sequences are
 * dropped.
 *
 * Kept: colours, bold, dim, italic, underline, inverse, strike. Not kept: blink, conceal and fonts,
 * because they can hide text.
 */

/**
 * Control sequences: CSI; OSC, DCS, SOS, PM and APC with their text; other escapes; a sequence that
 * is cut off. The first group has the parameters of an SGR sequence.
 */
export const SEQUENCES =
  /\x1b\[([\d;:]{0,100})m|(?:\x1b\[|\x9b)[\x30-\x3f]*[\x20-\x2f]*(?:[\x40-\x7e]|$)|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)|\x1b[\x20-\x2f]*[\x30-\x7e]?/g;

/** Number of values after 38 and 48: `5;N` or `2;R;G;B`. */
const LENGTHS: Record<string, number> = { 5: 2, 2: 4 };

const SINGLE = new Set([0, 1, 2, 3, 4, 7, 9, 21, 22, 23, 24, 27, 29, 39, 49]);

/** The text without colours and all other control sequences. */
export function withoutSequences(text: string): string {
  return mayHaveSequences(text) ? text.replace(SEQUENCES, "") : text;
}

/** The text without control sequences other than SGR, which stay as they are. */
export function withoutOtherSequences(text: string): string {
  return mayHaveSequences(text)
    ? text.replace(SEQUENCES, (match, sgr?: string) => (sgr === undefined ? "" : match))
    : text;
}

/**
 * The text with colours, and without all other control sequences. A line that ends coloured ends
 * with a reset.
 */
export function onlyColours(text: string): string {
  if (!mayHaveSequences(text)) return text;
  let isOpen = false;
  const line = text.replace(SEQUENCES, (_, parameters?: string) => {
    const codes = parameters === undefined ? "" : shownCodes(parameters);
    if (codes !== "") isOpen = codes !== "0";
    return codes === "" ? "" : `\x1b[${codes}m`;
  });
  return isOpen ? `${line}\x1b[0m` : line;
}

function mayHaveSequences(text: string): boolean {
  return /[\x1b\x90-\x9f]/.test(text);
}

/** Texts that occur in almost every line. */
const known = new Map<string, string>();

/**
 * The codes of an SGR sequence that are shown, joined by `;`; "" if none. The empty sequence is a
 * reset.
 */
export function shownCodes(parameters: string): string {
  let codes = known.get(parameters);
  if (codes === undefined) {
    codes = computed(parameters === "" ? "0" : parameters);
    if (known.size >= 1000) known.clear();
    known.set(parameters, codes);
  }
  return codes;
}

function computed(parameters: string): string {
  const words = parameters.split(";").map((word) => word.split(":"));
  const codes: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const code = Number(word[0] || 0);
    if (code === 38 || code === 48 || code === 58) {
      const colour =
        word.length > 1 ? colourAfterColons(word) : words.slice(i + 1).map(([first = ""]) => first);
      const length = LENGTHS[colour[0] ?? ""] ?? 0;
      const values = colour.slice(0, length).map(Number);
      if (word.length === 1) i += length;
      if (
        code !== 58 &&
        length > 0 &&
        values.length === length &&
        values.every((value) => value <= 255)
      )
        codes.push([code, ...values].join(";"));
    } else if (code === 4 && word.length > 1) codes.push(word[1] === "0" ? "24" : "4");
    else if (SINGLE.has(code) || isColour(code)) codes.push(String(code));
  }
  return codes.join(";");
}

/** `38:5:9`, `38:2:R:G:B`, or `38:2::R:G:B` with a colour space. */
function colourAfterColons([, kind = "", ...values]: string[]): string[] {
  return [kind, ...(kind === "2" && values.length > 3 ? values.slice(1) : values)];
}

function isColour(code: number): boolean {
  return (code >= 30 && code <= 37) || (code >= 40 && code <= 47) || (code >= 90 && code <= 107);
}
