/**
 * The operations of a chain as text lines, each with its state and its result: a section of
 * `liveops show`.
 */
import type { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import type { Paint } from "../../../protocol/text/colour.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { placeIn } from "../../describe/operation.js";
import { cut } from "../../kit/output/width.js";
import { formatCount } from "../../terminal/format.js";
import { stateColour, stateGlyph } from "../../terminal/glyphs.js";
import { listedLines } from "../../text/result.js";

/** Newest operations of a chain that are shown. */
const MOST_LINKS = 50;
/** Lines of a result that are shown, and their width. */
const MOST_LINES = 10;
const COLUMNS = 120;

export interface ChainLinks {
  /** The newest operations of the chain, in order. */
  links: readonly Operation[];
  /** Number of earlier operations that are left out. */
  earlier: number;
}

/** The chain of an operation; null if the operation is not part of a chain. */
export async function chainLinks(client: Client, { chain }: Operation): Promise<ChainLinks | null> {
  if (chain.previous === null && chain.next === null) return null;
  const { operations, total } = await client.list({ chain: chain.id, limit: MOST_LINKS });
  const links = operations.toSorted((a, b) => a.chain.index - b.chain.index);
  return { links, earlier: total - links.length };
}

/** The newest operations inside of the operation, oldest first, a line each. */
export async function insideLines(
  client: Client,
  { id }: Operation,
  paint: Paint,
): Promise<string[]> {
  const { operations, total } = await client.list({ parent: id, limit: MOST_LINKS });
  const left = total - operations.length;
  const lines = operations.reverse().flatMap((each) => {
    const place = each.parent && placeIn(each.parent);
    return linkLines(each, sanitize(place || each.title), each.error === null, paint);
  });
  return left === 0 ? lines : [paint("dim", `… ${formatCount(left)} earlier`), ...lines];
}

/** Pure. The operation `shown` has only its first line: its result stands elsewhere. */
export function chainLines({ links, earlier }: ChainLinks, shown: string, paint: Paint): string[] {
  const left = earlier === 0 ? [] : [paint("dim", `… ${formatCount(earlier)} earlier`)];
  return [
    ...left,
    ...links.flatMap((link) =>
      linkLines(link, String(link.chain.index + 1), link.id === shown, paint),
    ),
  ];
}

function linkLines(link: Operation, name: string, isShown: boolean, paint: Paint): string[] {
  const { id, op, state } = link;
  const word = paint(stateColour(state), `${stateGlyph(state)} ${state}`);
  const first = `${name}  ${id}  ${sanitize(op)}  ${word}`;
  return isShown ? [first] : [first, ...outcomeLines(link, paint).map((line) => `   ${line}`)];
}

function outcomeLines(link: Operation, paint: Paint): string[] {
  const { id, error } = link;
  if (error !== null) return [paint("red", cut(sanitize(error.message), COLUMNS))];
  const lines = listedLines(link);
  const rows = lines.slice(0, MOST_LINES).map((line) => cut(line, COLUMNS));
  const more = lines.length - rows.length;
  return more === 0
    ? rows
    : [...rows, paint("dim", `… ${formatCount(more)} more: liveops show ${id}`)];
}
