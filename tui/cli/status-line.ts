/** The line of `liveops status`: counts, the operation that started last, and the format. */

import type { OverallProgress } from "../../protocol/estimate/overall-progress.js";
import { UsageError } from "../../protocol/failures.js";
import type { Operation } from "../../protocol/operation.js";
import { nearest } from "../../protocol/text/nearest.js";
import { sanitize } from "../../protocol/text/sanitize.js";
import { waitsWord } from "../describe/waits.js";
import { widthsFor } from "../kit/output/widths.js";
import { formatOverall } from "../terminal/format.js";

export interface StatusFacts {
  running: number;
  queued: number;
  /** Operations that failed since a time. */
  failed: number;
  /** Running operations that wait for input. */
  input: number;
  /** All that waits for the person: `tui/describe/waits.ts`. */
  waits: number;
  /** The running operation that started last; null: none runs. */
  current: Operation | null;
  /** Progress of that operation. */
  overall: OverallProgress | null;
}

type Value = (facts: StatusFacts) => string;

/** By the name of the placeholder. */
const PLACEHOLDERS: Record<string, Value> = {
  summary: summaryOf,
  running: ({ running }) => String(running),
  queued: ({ queued }) => String(queued),
  failed: ({ failed }) => String(failed),
  input: ({ input }) => String(input),
  waits: ({ waits }) => String(waits),
  id: ({ current }) => current?.id ?? "",
  op: ({ current }) => current?.op ?? "",
  title: ({ current }) => current?.title ?? "",
  label: ({ current }) => current?.label ?? "",
  stage: ({ current }) => (current === null ? "" : (stageOf(current) ?? "")),
  percent: ({ overall }) => (overall === null ? "" : formatOverall(overall)),
};

export const PLACEHOLDER_NAMES = Object.keys(PLACEHOLDERS);

/** `2 running · 1 queued · 1 failed`, without what is 0; empty: nothing to say. */
export function summaryOf({ running, queued, failed, waits }: StatusFacts): string {
  const parts: Array<[number, string]> = [
    [running, "running"],
    [queued, "queued"],
    [failed, "failed"],
    [waits, waitsWord(waits)],
  ];
  return parts.flatMap(([count, word]) => (count === 0 ? [] : [`${count} ${word}`])).join(" · ");
}

export function stageOf({ untrackedStage, stages, currentStage }: Operation): string | null {
  return untrackedStage ?? stages[currentStage] ?? null;
}

/** Places that act on characters of the text that they show. */
export const ESCAPES = ["tmux", "zsh", "bash"] as const;
export type Escape = (typeof ESCAPES)[number];

const ESCAPED: Record<Escape, (text: string) => string> = {
  tmux: (text) => text.replaceAll("#", "##"),
  zsh: (text) => text.replaceAll("%", "%%"),
  // For a PS1 that PROMPT_COMMAND sets: bash reads its backslashes twice, and expands it.
  bash: (text) => text.replaceAll("\\", "\\\\\\\\").replace(/[$`]/g, "\\\\$&"),
};

type Piece = string | { value: Value; width: number | null };

/** `{running}`, `{title:20}` with at most 20 columns, `{{` and `}}`. @throws UsageError for an unknown placeholder */
export function parseFormat(format: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of format.matchAll(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g)) {
    const [found, inner] = match;
    pieces.push(format.slice(end, match.index));
    end = match.index + found.length;
    pieces.push(inner === undefined ? brace(found) : placeholder(inner));
  }
  return [...pieces, format.slice(end)];
}

function brace(found: string): string {
  if (found.length === 2) return found[0]!;
  throw new UsageError(`--format: a single ${found}`, `write ${found}${found} for a ${found} of the text`);
}

function placeholder(inner: string): Piece {
  const [, name = "", width] = /^([^:]*)(?::(.*))?$/s.exec(inner)!;
  const value = Object.hasOwn(PLACEHOLDERS, name) ? PLACEHOLDERS[name] : undefined;
  if (value === undefined) {
    const [near] = nearest(name, PLACEHOLDER_NAMES);
    throw new UsageError(
      `--format: {${inner}} is not a placeholder${near ? `; did you mean {${near}}?` : ""}`,
      `placeholders: ${PLACEHOLDER_NAMES.map((each) => `{${each}}`).join(", ")}`,
    );
  }
  if (width === undefined) return { value, width: null };
  if (!/^[1-9]\d{0,3}$/.test(width))
    throw new UsageError(`--format: {${inner}} has no valid width`, `give a number: {${name}:20}`);
  return { value, width: Number(width) };
}

/** The line. The values are sanitized, cut and escaped; the text of the format is not changed. */
export async function formatStatus(
  pieces: readonly Piece[],
  facts: StatusFacts,
  place: Escape | null,
): Promise<string> {
  const texts = pieces.map((piece) => (typeof piece === "string" ? piece : sanitize(piece.value(facts))));
  const { fit } = await widthsFor(texts);
  return texts
    .map((text, i) => {
      const piece = pieces[i]!;
      if (typeof piece === "string") return piece;
      const short = piece.width === null ? text : fit(text, piece.width).trimEnd();
      return place === null ? short : ESCAPED[place](short);
    })
    .join("");
}
