import { getOwn } from "../../../../protocol/objects.js";
import type { Operation } from "../../../../protocol/operation.js";
import { isFinal } from "../../../../protocol/state.js";
import { formatCount, formatOverall } from "../../../terminal/format.js";
import { stageGlyph } from "../../../terminal/glyphs.js";
import type { State } from "../../core/model.js";
import { activeSign, glyphOf, stageStyle, styleOf } from "../../core/state-style.js";
import { progressOf, stageProgress } from "../../core/time/chain-time.js";
import { titleNamed, usualSuccessors } from "../../core/time/history.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import type { Line, Piece } from "../../text/line.js";
import type { DetailView } from "./view.js";

interface Item {
  readonly sign: Piece;
  readonly name: string;
  /** Behind the name: the percent, or that it has begun. */
  readonly note: string;
  readonly isHere: boolean;
  /** It is a link that began a moment ago. */
  readonly isNew: boolean;
}

/** Milliseconds for which a link is new. */
const NEW = 5000;

export function stepper({ state, operation, links, line: begun }: DetailView): Line[] {
  const items = itemsOf(state, operation, links);
  if (items.length < 2 && operation.state !== "running") return [];
  const here = Math.max(
    0,
    items.findIndex(({ isHere }) => isHere),
  );
  const line = begun();
  const shown = (from: number, to: number) => [
    ...folded(items.slice(0, from)),
    ...items.slice(from, to),
    ...folded(items.slice(to)),
  ];
  const fits = (from: number, to: number) =>
    from >= 0 && to <= items.length && widthOfAll(shown(from, to)) <= line.width;
  let [from, to] = [here, here + 1];
  for (let before = 0; before !== to - from; ) {
    before = to - from;
    if (fits(from, to + 1)) to++;
    if (fits(from - 1, to)) from--;
  }
  const parts = shown(from, to);
  const excess = Math.max(0, widthOfAll(parts) - line.width);
  for (const [i, part] of parts.entries()) addItem(line, part, i === 0, part.isHere ? excess : 0);
  return [line];
}

function itemsOf(state: State, operation: Operation, links: readonly Operation[]): Item[] {
  const last = links.at(-1)!;
  const coming = isFinal(last.state) ? [] : usualSuccessors(state, last);
  if (links.length + coming.length === 1) return stageItems(state, operation);
  return [
    ...links.map((link) => linkItem(state, link, link === operation)),
    ...coming.map((name) => item(["○", "muted"], titleNamed(state, name))),
  ];
}

const item = (sign: Piece, name: string, more: Partial<Item> = {}): Item => ({
  sign,
  name: sanitizeLine(name),
  note: "",
  isHere: false,
  isNew: false,
  ...more,
});

function linkItem(state: State, link: Operation, isHere: boolean): Item {
  if (link.state !== "running") return item([glyphOf(link), styleOf(link)], link.title, { isHere });
  const progress = progressOf(state, link);
  const isNew = link.chain.index > 0 && state.now - Date.parse(link.startedAt ?? "") < NEW;
  const percent = progress.known ? formatOverall(progress) : "";
  return { ...activeItem(link, link.title, percent), isHere, isNew };
}

/** An operation without stages is a stage of its own. */
function stageItems(state: State, operation: Operation): Item[] {
  const { stages, currentStage, untrackedStage, stageStates, title } = operation;
  const progress =
    stages.length === 0 ? progressOf(state, operation) : stageProgress(state, operation);
  const percent = progress?.known ? formatOverall(progress) : "";
  const items = stages.map((stage, i) => {
    const is = getOwn(stageStates, stage);
    if (is === "active" && untrackedStage === null) return activeItem(operation, stage, percent);
    return item([stageGlyph(is), stageStyle(is)], stage, {
      isHere: i === currentStage && untrackedStage === null,
    });
  });
  if (untrackedStage !== null)
    items.splice(currentStage + 1, 0, activeItem(operation, untrackedStage, percent));
  if (items.length > 0) return items;
  return [
    operation.state === "running"
      ? activeItem(operation, title, percent)
      : item([glyphOf(operation), styleOf(operation)], title),
  ];
}

function activeItem(operation: Operation, name: string, percent: string): Item {
  const sign = activeSign(operation);
  const isAtWork = sign[1] === "accent" && operation.state === "running";
  return item(sign, name, { isHere: true, note: isAtWork ? percent : "" });
}

/** The sign that tells most of those that are folded. */
const SIGNS = ["✗", "⊘", "▲", "●", "✓", "≡", "»", "○"];

function folded(items: readonly Item[]): Item[] {
  if (items.length === 0) return [];
  const rank = ({ sign: [glyph] }: Item) => SIGNS.indexOf(glyph);
  const [worst] = items.toSorted((a, b) => rank(a) - rank(b));
  return [item(worst!.sign, formatCount(items.length))];
}

const jointOf = ({ isNew }: Item) => (isNew ? " → " : " ─ ");
function noteOf({ note, isNew }: Item): string {
  if (isNew) return " started";
  return note === "" ? "" : ` ${note}`;
}
const widthOfAll = (items: readonly Item[]): number =>
  items.reduce(
    (sum, each) => sum + widthOf(jointOf(each) + each.sign[0] + each.name + noteOf(each)) + 1,
    -3,
  );

/** @param excess columns that there is no room for */
function addItem(line: Line, each: Item, isFirst: boolean, excess: number): void {
  const { name, isHere, isNew } = each;
  const [glyph, ...styles] = isNew ? ([each.sign[0], "good"] as const) : each.sign;
  if (!isFirst) line.add(jointOf(each), isNew ? "good" : "track");
  line.add(glyph, ...styles);
  const shown = fit(name, widthOf(name) - excess);
  const bold = isHere ? (["bold"] as const) : [];
  const own = isHere || glyph === "○" ? styles : [];
  line.add(` ${shown}`, ...own, ...bold);
  line.add(noteOf(each), ...bold);
}
