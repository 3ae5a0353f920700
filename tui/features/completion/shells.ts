/**
 * What the shells send and read. The scripts of `tui/features/completion/command.ts` call `liveops
 * __complete`, and evaluate no text: neither the words of the line nor the reply.
 */
import { sanitize } from "../../../protocol/text/sanitize.js";

export interface Candidate {
  /** The whole word. */
  word: string;
  /** Untrusted. */
  description: string;
}

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** Two spaces between the columns of a list. */
const GAP = "  ";
const LONGEST_DESCRIPTION = 200;

/** A word as it is typed, with its quotes. */
export interface Typed {
  /** Without quotes and backslashes. */
  text: string;
  /** The quote that is not closed. */
  quote: "'" | '"' | null;
  /** Length of the part of `text` that readline does not replace. */
  fixed: number;
}

/** Removes the quotes of a word; expands nothing. @param breaks - COMP_WORDBREAKS of bash */
export function unquote(word: string, breaks = ""): Typed {
  const typed: Typed = { text: "", quote: null, fixed: 0 };
  for (let i = 0; i < word.length; i++) {
    const character = word[i]!;
    const next = word[i + 1];
    if (typed.quote === null && (character === "'" || character === '"')) {
      typed.quote = character;
      typed.fixed = typed.text.length;
    } else if (character === typed.quote) {
      typed.quote = null;
      typed.fixed = typed.text.length;
    } else if (
      character === "\\" &&
      typed.quote !== "'" &&
      (typed.quote === null || '"$`\\'.includes(next ?? ""))
    ) {
      typed.text += next ?? "";
      i++;
    } else {
      typed.text += character;
      if (typed.quote === null && breaks.includes(character)) typed.fixed = typed.text.length;
    }
  }
  return typed;
}

/**
 * The rest of a candidate after the fixed part, quoted for the place of the cursor; null if it
 * cannot be quoted there.
 */
export function insertion(word: string, { quote, fixed }: Typed): string | null {
  const rest = word.slice(fixed);
  if (quote === "'") return rest.replaceAll("'", `'\\''`);
  // bash expands `!` inside double quotes, and a backslash before it stays.
  if (quote === '"') return rest.includes("!") ? null : rest.replace(/["$`\\]/g, "\\$&");
  const quoted = rest.replace(/[^\w@%+=:,./\u0080-\uffff-]/g, "\\$&");
  return word.endsWith("=") ? quoted : `${quoted} `;
}

/** Without control characters, on one line. */
function clean(text: string): string {
  return sanitize(text).slice(0, LONGEST_DESCRIPTION);
}

/** Words with their descriptions in two columns. */
function columns(candidates: readonly Candidate[], width: number): string[] {
  const first = Math.max(...candidates.map(({ word }) => word.length));
  return candidates.map(({ word, description }) => {
    const room = Math.max(0, width - first - GAP.length - 1);
    return description === "" || room < 10
      ? word
      : word.padEnd(first) + GAP + clean(description).slice(0, room);
  });
}

/** Lines of a word, a tab and its description (fish) or the line of a list (zsh). */
export function linesFor(
  shell: "zsh" | "fish",
  candidates: readonly Candidate[],
  width: number,
): string[] {
  const texts =
    shell === "zsh"
      ? columns(candidates, width)
      : candidates.map(({ description }) => clean(description));
  return candidates.map(({ word }, i) => `${word}\t${texts[i]}`);
}

/**
 * COMP_TYPE of bash where it only lists: after a second tab, and where the line is listed at once.
 */
const LISTS = ["63", "33", "64"];

/**
 * Lines to put into COMPREPLY: texts to insert; for a list of several, the words with their
 * descriptions.
 */
export function bashLines(
  candidates: readonly Candidate[],
  typed: Typed,
  { type, width }: { type: string; width: number },
): string[] {
  const inserted = candidates.flatMap((candidate) => {
    const text = insertion(candidate.word, typed);
    return text === null ? [] : [{ text, candidate }];
  });
  if (inserted.length < 2 || !LISTS.includes(type)) return inserted.map(({ text }) => text);
  const rows = columns(
    inserted.map(({ text, candidate }) => ({ ...candidate, word: text.trimEnd() })),
    width,
  );
  return rows;
}
