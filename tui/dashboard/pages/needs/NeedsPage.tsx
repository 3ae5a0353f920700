/** What needs a person, a row each. Enter shows it, and takes it off the list. */

import { formatAge } from "../../../kit/output/time.js";
import { formatCount } from "../../../terminal/format.js";
import { actionsIn, free, onPage } from "../../core/action-parts.js";
import { isLive, type PageOf, type State } from "../../core/model.js";
import { rowAt, rowMover } from "../../core/movers.js";
import { lookedAt, type Need, needsOf } from "../../core/needs.js";
import { dialogSize, RowDialog, useTheme } from "../../core/Panel.js";
import { choose } from "../../core/select.js";
import { fit, sanitizeLine } from "../../text/cells.js";
import { Line } from "../../text/line.js";
import type { Paint } from "../../text/theme.js";

const WIDEST = 110;
const NAME_MOST = 24;
const AGE = 6;
/** Columns from which a row has its name apart from its text. */
const WIDE_FROM = 60;

export function NeedsPage({ state, page }: { state: State; page: PageOf<"needs"> }) {
  const { paint } = useTheme();
  const { width } = dialogSize(state, undefined, WIDEST);
  const needs = needsOf(state);
  const at = rowAt(page.at, needs.length);
  const rows =
    needs.length === 0
      ? [new Line(width, paint).add("Nothing new needs you.", "muted")]
      : needs.map((need, i) => needRow(state, need, i === at, width, paint));
  const title = [
    ["Needs you", "bold"],
    [` ${formatCount(needs.length)}`, "muted"],
  ] as const;
  return <RowDialog state={state} widest={WIDEST} title={title} rows={rows} chosen={at} />;
}

function needRow(state: State, need: Need, chosen: boolean, width: number, paint: Paint): Line {
  const line = new Line(width, paint)
    .add(chosen ? "▌" : " ", "accent")
    .add(`${need.sign} `, need.style)
    .add(fit(sanitizeLine(need.name), NAME_MOST), chosen ? "bold" : "plain");
  if (width >= WIDE_FROM) line.fill(3 + NAME_MOST);
  const age = need.since === "" ? "" : formatAge(need.since, state.now);
  line.add("  ").add(fit(sanitizeLine(need.text), Math.max(0, line.left - AGE)), "muted");
  return line.right(age, "muted");
}

const chosenOf = (state: State): Need | undefined =>
  state.page?.kind === "needs" ? needsOf(state)[rowAt(state.page.at, needsOf(state).length)] : undefined;

function shown(state: State): State {
  const need = chosenOf(state);
  if (need === undefined) return { ...state, page: null };
  const next = lookedAt(state, [need]);
  if (need.operation !== undefined)
    return { ...choose({ ...next, page: null }, need.operation), pane: "detail" };
  const place = state.queues.schedules.findIndex(({ name }) => name === need.schedule);
  return { ...next, page: { kind: "queues", at: state.queues.all.length + Math.max(0, place) } };
}

export const NEEDS_MOVER = rowMover("needs", (state) => needsOf(state).length);

/** The action that opens the page is listed with those of the list. */
export const OPEN_NEEDS = actionsIn(
  (state) => free(state) && isLive(state),
  [
    {
      name: "needs",
      keys: [],
      description: "what needs you: questions, failures, missed schedules",
      run: (state) => ({ ...state, page: { kind: "needs", at: 0 } }),
    },
  ],
);

export const NEEDS_ACTIONS = actionsIn(onPage("needs"), [
  {
    name: "open",
    keys: ["return", "rightArrow", "l"],
    hint: (state) => (chosenOf(state) === undefined ? null : "show"),
    rank: 0,
    run: shown,
  },
  {
    name: "remove",
    keys: ["x", "delete"],
    hint: (state) => (chosenOf(state) === undefined ? null : "seen"),
    rank: 1,
    run: (state) => {
      const need = chosenOf(state);
      return need === undefined ? state : lookedAt(state, [need]);
    },
  },
  {
    name: "all-seen",
    keys: [],
    description: "take all off",
    run: (state) => lookedAt(state, needsOf(state)),
  },
]);
