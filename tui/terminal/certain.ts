/**
 * The characters about whose width no terminal disagrees: ASCII, Latin-1, and the lines, blocks and signs that the
 * screens draw with. Each is one column, and none joins another.
 */

/** By UTF-16 code unit. */
const CERTAIN = new Uint8Array(0x3000);
const RANGES = [
  [0x20, 0x7e],
  [0xa1, 0xac],
  [0xae, 0xff],
  [0x2010, 0x2027],
  [0x2030, 0x205e],
  [0x2139, 0x2139],
  [0x2190, 0x21ff],
  [0x2200, 0x22ff],
  [0x2300, 0x2319],
  [0x23ce, 0x23ce],
  [0x2500, 0x25fc],
  [0x25ff, 0x25ff],
  [0x2713, 0x2713],
  [0x2717, 0x2717],
  [0x2800, 0x28ff],
] as const;
for (const [from, to] of RANGES) CERTAIN.fill(1, from, to + 1);

/** The width of text that consists of such characters and SGR sequences; -1 for any other. */
export function certainWidth(text: string): number {
  let width = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (CERTAIN[code] === 1) width++;
    else if (code === 0x1b) {
      i = sgrEnd(text, i);
      if (i === -1) return -1;
    } else return -1;
  }
  return width;
}

/** The place of the `m` that ends the SGR sequence at this place, or -1. */
function sgrEnd(text: string, at: number): number {
  if (text.charCodeAt(at + 1) !== 0x5b) return -1;
  for (let i = at + 2; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x6d) return i;
    if (!(code >= 0x30 && code <= 0x39) && code !== 0x3b) return -1;
  }
  return -1;
}
