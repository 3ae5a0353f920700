/** A field with fixed choices: the space bar and the arrows go round, a letter goes to the next that starts with it. */
import type { Field } from "./field.js";

/** The text after a key, "" for the default; null where the key means nothing. */
export function choiceAfter({ choices, required, line }: Field, key: string): string | null {
  const all = required ? choices : ["", ...choices];
  const at = all.indexOf(line.text);
  const round = (by: number) => all[(at + by + all.length) % all.length]!;
  switch (key) {
    case " ":
    case "rightArrow":
      return round(1);
    case "leftArrow":
      return at === -1 ? all.at(-1)! : round(-1);
    case "backspace":
    case "delete":
    case "^u":
      return "";
  }
  if ([...key].length !== 1) return null;
  const from = all.slice(at + 1);
  return [...from, ...all].find((choice) => choice.toLowerCase().startsWith(key.toLowerCase())) ?? null;
}
