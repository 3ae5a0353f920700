/**
 * The colours of log lines, and marks around what was searched. All text reaches the document as text, never as markup.
 */

export function element(name, classes, text) {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Colours from 16 on are those of the 256-colour palette. */
function paletteColour(code) {
  if (code >= 232) return `rgb(${Array(3).fill(8 + (code - 232) * 10)})`;
  const level = (value) => (value === 0 ? 0 : 55 + value * 40);
  const rest = code - 16;
  return `rgb(${[Math.floor(rest / 36), Math.floor(rest / 6) % 6, rest % 6].map(level)})`;
}

const plainStyle = () => ({
  b: false,
  d: false,
  i: false,
  u: false,
  s: false,
  inverse: false,
  fore: null,
  back: null,
});
const SWITCHES = {
  1: ["b", true],
  2: ["d", true],
  3: ["i", true],
  4: ["u", true],
  21: ["u", true],
  7: ["inverse", true],
  9: ["s", true],
  23: ["i", false],
  24: ["u", false],
  27: ["inverse", false],
  29: ["s", false],
};

function applyCodes(style, text) {
  const codes = text.split(";").map(Number);
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at];
    const place = code === 38 || (code >= 30 && code < 40) || (code >= 90 && code < 98) ? "fore" : "back";
    if (code === 0) Object.assign(style, plainStyle());
    else if (SWITCHES[code]) style[SWITCHES[code][0]] = SWITCHES[code][1];
    else if (code === 22) style.b = style.d = false;
    else if (code === 39 || code === 49) style[place] = null;
    else if (code === 38 || code === 48) {
      const isPalette = codes[at + 1] === 5;
      const values = codes.slice(at + 2, at + (isPalette ? 3 : 5));
      if (!isPalette) style[place] = `rgb(${values})`;
      else style[place] = values[0] < 16 ? values[0] : paletteColour(values[0]);
      at += isPalette ? 2 : 4;
    } else if ((code >= 30 && code < 38) || (code >= 40 && code < 48)) style[place] = code % 10;
    else if ((code >= 90 && code < 98) || (code >= 100 && code < 108)) style[place] = 8 + (code % 10);
  }
}

/** The text without its colours, and where each colour begins. */
export function parsed(text) {
  const pieces = text.split(/\x1b\[([\d;]+)m/);
  if (pieces.length === 1) return { text, runs: null };
  const style = plainStyle();
  const runs = [];
  let plain = "";
  for (const [index, piece] of pieces.entries()) {
    if (index % 2 === 1) applyCodes(style, piece);
    else if (piece !== "") {
      runs.push({ from: plain.length, style: { ...style } });
      plain += piece;
    }
  }
  return { text: plain, runs };
}

function styled(text, style) {
  const span = element("span", "", text);
  for (const name of ["b", "d", "i", "u", "s"]) if (style[name]) span.classList.add(name);
  const [fore, back] =
    style.inverse && (style.fore ?? style.back) !== null
      ? [style.back, style.fore]
      : [style.fore, style.back];
  if (style.inverse && fore === null && back === null) span.classList.add("inverse");
  if (typeof fore === "number") span.classList.add(`f${fore}`);
  else if (fore !== null) span.style.color = fore;
  if (typeof back === "number") span.classList.add(`g${back}`);
  else if (back !== null) span.style.backgroundColor = back;
  if (back !== null) span.classList.add("solid");
  return span;
}

/** Fills a row's text: its colours, and marks around what was searched. */
export function fillText(into, raw, pattern) {
  const { text, runs } = parsed(raw);
  const marks = [];
  if (pattern !== null)
    for (const found of text.matchAll(new RegExp(pattern.source, `${pattern.flags}g`))) {
      if (found[0] !== "") marks.push([found.index, found.index + found[0].length]);
      if (marks.length > 200) break;
    }
  if (runs === null && marks.length === 0) {
    into.textContent = text;
    return;
  }
  const cuts = [...new Set([0, text.length, ...(runs ?? []).map(({ from }) => from), ...marks.flat()])].sort(
    (a, b) => a - b,
  );
  let run = -1;
  for (let at = 0; at + 1 < cuts.length; at++) {
    while (runs !== null && run + 1 < runs.length && runs[run + 1].from <= cuts[at]) run++;
    const part = text.slice(cuts[at], cuts[at + 1]);
    const isMarked = marks.some(([from, to]) => from <= cuts[at] && cuts[at] < to);
    const shown = run < 0 ? document.createTextNode(part) : styled(part, runs[run].style);
    if (!isMarked) into.append(shown);
    else {
      const mark = element("mark");
      mark.append(shown);
      into.append(mark);
    }
  }
}
