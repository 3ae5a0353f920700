/** HTML from untrusted text. Every value of a template is escaped, except other markup. */
import { sanitize } from "../../../protocol/text/sanitize.js";

/** Text that is HTML already. Made by `html`, and by the colours of log lines. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Piece = Markup | string | number | null | readonly Piece[];

/** Fills a template: text is escaped, and control and bidi characters become visible. Null gives nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Piece[]): Markup {
  return new Markup(
    parts.map((part, index) => (index === 0 ? part : textOf(values[index - 1]!) + part)).join(""),
  );
}

function textOf(value: Piece): string {
  if (value === null) return "";
  if (value instanceof Markup) return value.text;
  return typeof value === "object" ? value.map(textOf).join("") : escaped(String(value));
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return sanitize(text, { newlines: true }).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** A value for people: a text as it is, all else as indented JSON. */
export function shownValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
