/**
 * The style of a program's text (SGR parameters) as one canonical string: its codes joined by `;` in a fixed order, so
 * that equal styles are equal strings; plain is "".
 */

/** What a code sets, and in which slot; bold and dim end together. */
const SLOTS = [
  "bold",
  "dim",
  "italic",
  "underline",
  "inverse",
  "strike",
  "foreground",
  "background",
] as const;
type Slot = (typeof SLOTS)[number];

const SET: Record<string, Slot> = {
  1: "bold",
  2: "dim",
  3: "italic",
  4: "underline",
  7: "inverse",
  9: "strike",
};
const UNSET: Record<string, readonly Slot[]> = {
  22: ["bold", "dim"],
  23: ["italic"],
  24: ["underline"],
  27: ["inverse"],
  29: ["strike"],
  39: ["foreground"],
  49: ["background"],
};

/** Few pairs of style and sequence occur, and each occurs in every frame. */
const known = new Map<string, string>();

/** The style after the parameters of an SGR sequence (`1;36`). */
export function styleAfter(style: string, parameters: string): string {
  const key = `${style}m${parameters}`;
  let after = known.get(key);
  if (after === undefined) {
    after = computed(style, parameters);
    if (known.size > 1000) known.clear();
    known.set(key, after);
  }
  return after;
}

function computed(style: string, parameters: string): string {
  const slots = new Map<Slot, string>();
  apply(slots, style);
  apply(slots, parameters === "" ? "0" : parameters);
  return SLOTS.map((slot) => slots.get(slot))
    .filter((code) => code !== undefined)
    .join(";");
}

function apply(slots: Map<Slot, string>, parameters: string): void {
  const codes = parameters === "" ? [] : parameters.split(";");
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    const set = SET[code];
    const number = Number(code);
    if (code === "0") slots.clear();
    else if (set !== undefined) slots.set(set, code);
    else if (UNSET[code] !== undefined) for (const slot of UNSET[code]) slots.delete(slot);
    else if (number === 38 || number === 48) {
      const length = codes[i + 1] === "5" ? 3 : 5;
      slots.set(number === 38 ? "foreground" : "background", codes.slice(i, i + length).join(";"));
      i += length - 1;
    } else if ((number >= 30 && number <= 37) || (number >= 90 && number <= 97))
      slots.set("foreground", code);
    else if ((number >= 40 && number <= 47) || (number >= 100 && number <= 107))
      slots.set("background", code);
  }
}
