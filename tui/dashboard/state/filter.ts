/**
 * What is typed behind `/`, read: words that must all occur, `op:` and `state:` that must fit, `-` before any of them
 * for what must not.
 *
 * `op:backup state:failed nightly` is three conditions. A word is looked for in id, type, title and label; a word that
 * is a state's name fits that state, too.
 */

import { nearest } from "../../../protocol/nearest.js";
import type { Operation } from "../../../protocol/operation.js";
import { type State as OperationState, STATES } from "../../../protocol/state.js";

export interface Filter {
  readonly terms: readonly Term[];
}

interface Term {
  readonly kind: "text" | "op" | "state" | "label" | "id";
  readonly text: string;
  readonly not: boolean;
}

/** What the daemon can do of a filter: the rest is done here, on what it answers. */
export interface FilterQuery {
  readonly q?: string;
  readonly op?: string;
  readonly state?: OperationState[];
}

export const NO_FILTER: Filter = { terms: [] };

const KINDS: Record<string, Term["kind"]> = {
  op: "op",
  type: "op",
  state: "state",
  label: "label",
  id: "id",
};

export function parseFilter(text: string): Filter {
  const terms = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "" && word !== "-")
    .map(termOf)
    // A condition of which only the name is typed yet says nothing.
    .filter((term) => term.text !== "");
  return terms.length === 0 ? NO_FILTER : { terms };
}

function termOf(word: string): Term {
  const not = word.startsWith("-") && word.length > 1;
  const bare = not ? word.slice(1) : word;
  const colon = bare.indexOf(":");
  const kind = colon === -1 ? undefined : KINDS[bare.slice(0, colon)];
  return kind === undefined ? { kind: "text", text: bare, not } : { kind, text: bare.slice(colon + 1), not };
}

export function fits(filter: Filter, operation: Operation): boolean {
  return filter.terms.every((term) => fitsTerm(term, operation) !== term.not);
}

function fitsTerm({ kind, text }: Term, operation: Operation): boolean {
  switch (kind) {
    case "op":
      return operation.op.toLowerCase().includes(text);
    case "state":
      return text.split(",").some((name) => name !== "" && operation.state.startsWith(name));
    case "label":
      return (operation.label ?? "").toLowerCase().includes(text);
    case "id":
      return operation.id.startsWith(text);
    case "text":
      return haystack(operation).includes(text) || operation.state === text;
  }
}

/** By record: a new one is made for each change, and ten thousand are searched with each letter typed. */
const haystacks = new WeakMap<Operation, string>();

function haystack(operation: Operation): string {
  let text = haystacks.get(operation);
  if (text === undefined) {
    text = `${operation.id}\n${operation.op}\n${operation.title}\n${operation.label ?? ""}`.toLowerCase();
    haystacks.set(operation, text);
  }
  return text;
}

/** Of what was typed behind `state:`, the first that begins no state's name; null where there is none. */
export function unknownState({ terms }: Filter): string | null {
  const typed = terms.filter(({ kind }) => kind === "state").flatMap(({ text }) => text.split(","));
  return typed.find((part) => part !== "" && !STATES.some((name) => name.startsWith(part))) ?? null;
}

/** States with a name near to the one that does not exist. */
export function nearStates(typed: string): string[] {
  return nearest(typed, STATES, 2);
}

/** Whether the daemon's own query says the whole filter: then its count is that of the rows. */
export function isExact(filter: Filter): boolean {
  return filter.terms.length === Object.keys(queryOf(filter)).length;
}

/** The part of the filter that the daemon's own query says; everything that fits the filter fits the query. */
export function queryOf(filter: Filter): FilterQuery {
  const isState = (text: string) => (STATES as readonly string[]).includes(text);
  const wanted = filter.terms.filter((term) => !term.not);
  const words = wanted.filter(({ kind, text }) => kind === "text" && !isState(text));
  // The longest word leaves the fewest to be looked through here.
  const q = words.map(({ text }) => text).sort((a, b) => b.length - a.length)[0];
  const states = wanted.find(({ kind }) => kind === "state");
  const state =
    states && STATES.filter((name) => states.text.split(",").some((part) => part && name.startsWith(part)));
  return { ...(q !== undefined && { q }), ...(state !== undefined && state.length > 0 && { state }) };
}
