/** What waits for the person, a row each, above the list. `!` selects one after the other. */
import { isAsked, type Waiting } from "../../../describe/waits.js";
import { formatAge } from "../../../kit/output/time.js";
import { formatCount } from "../../../terminal/format.js";
import { actionsIn, free } from "../../core/keys/action-parts.js";
import { BORDER, listLayout, panesOf } from "../../core/layout/layout.js";
import { Panel, Rows, useTheme } from "../../core/layout/Panel.js";
import { isSelected, nameOfWaiting, waitingOf } from "../../core/list/waiting.js";
import type { State } from "../../core/model.js";
import { choose } from "../../core/operation/select.js";
import { keyOf } from "../../core/trouble/trouble.js";
import { fit, sanitizeLine, widthOf } from "../../text/cells.js";
import { Line, type Piece } from "../../text/line.js";
import type { Paint, Style } from "../../text/theme.js";

const SIGNS: Record<Waiting["kind"], readonly [sign: string, style: Style]> = {
  question: ["?", "warn"],
  input: ["?", "warn"],
  failed: ["✗", "bad"],
  odd: ["▲", "warn"],
  schedule: ["▲", "warn"],
};

const NAME_MOST = 24;
const AGE = 5;

export function WaitsPanel({ state }: { state: State }) {
  const { paint } = useTheme();
  const { listWidth } = panesOf(state);
  const { waits } = listLayout(state);
  const all = waitingOf(state).length;
  const more = all - waits.length;
  const next: Piece[] = [
    [keyOf(state, "next-wait"), "bold"],
    [" next", "muted"],
  ];
  const foot: Piece[] = [[`${formatCount(more)} more`, "muted"]];
  return (
    <Panel
      width={listWidth}
      height={waits.length + BORDER}
      title={[
        ["Waits for you", "warn", "bold"],
        [` ${formatCount(all)}`, "muted"],
      ]}
      active={state.pane === "list" && waits.some((it) => isSelected(state, it))}
      right={nextWaiting(state) === null ? [] : next}
      {...(more > 0 && { foot })}
    >
      <Rows rows={waits.map((wait) => waitRow(state, wait, listWidth - BORDER - 1, paint))} />
    </Panel>
  );
}

function waitRow(state: State, wait: Waiting, width: number, paint: Paint): Line {
  const isChosen = isSelected(state, wait);
  const isMarked = wait.operation !== undefined && state.list.marked.has(wait.operation.id);
  const name = Math.min(NAME_MOST, Math.floor(width * 0.3));
  const keys = isChosen && isAsked(wait) ? keyOf(state, "answer") : "";
  const age = formatAge(wait.since, state.now);
  const line = new Line(width, paint)
    .add(isChosen ? "▌" : " ", "accent")
    .add(isMarked ? "◆" : " ", "accent")
    .add(`${SIGNS[wait.kind][0]} `, SIGNS[wait.kind][1])
    .add(fit(sanitizeLine(nameOfWaiting(state, wait)), name), isChosen ? "bold" : "plain")
    .fill(4 + name + 1);
  const end = width - AGE - (keys === "" ? 0 : widthOf(keys) + 2);
  return line
    .add(
      fit(sanitizeLine(wait.text), end - (width - line.left)),
      isAsked(wait) ? "plain" : SIGNS[wait.kind][1],
    )
    .fill(end)
    .add(keys === "" ? "" : `  ${keys}`, "bold")
    .add(age.padStart(AGE), "muted");
}

/** The one after the selected one, in a circle; null: nothing else waits. */
function nextWaiting(state: State): Waiting | null {
  const all = waitingOf(state);
  const at = all.findIndex((it) => isSelected(state, it));
  const next = all[(at + 1) % all.length];
  return next === undefined || isSelected(state, next) ? null : next;
}

function shown(state: State, { operation, schedule }: Waiting): State {
  if (operation !== undefined) return choose({ ...state, page: null }, operation.id);
  const place = state.queues.schedules.findIndex(({ name }) => name === schedule);
  return { ...state, page: { kind: "queues", at: state.queues.all.length + Math.max(0, place) } };
}

export const WAITS_ACTIONS = actionsIn(free, [
  {
    name: "next-wait",
    keys: ["!"],
    description: "the next that waits for you",
    hint: (state) => (nextWaiting(state) === null ? null : "next that waits"),
    rank: 1,
    when: (state) => free(state) || state.page?.kind === "queues",
    disabledReason: (state) => (nextWaiting(state) === null ? "nothing else waits for you" : null),
    run: (state) => shown(state, nextWaiting(state)!),
  },
]);
