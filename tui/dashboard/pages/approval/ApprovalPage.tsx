/** The keys that answer the question of the selected operation, and the page that offers several choices. */
import { NO, onlyChoice, waitsForApproval } from "../../../../protocol/approval.js";
import type { Approval } from "../../../../protocol/operation.js";
import { ask, busy, hasSelected, inGroup, onPage } from "../../core/action-parts.js";
import { operationOf, selectedOperation } from "../../core/chain.js";
import type { PageOf, State } from "../../core/model.js";
import { rowAt, rowMover } from "../../core/movers.js";
import { RowDialog, useTheme } from "../../core/Panel.js";
import { sanitizeLine } from "../../text/cells.js";
import { Line } from "../../text/line.js";

const WIDEST = 80;

export function ApprovalPage({ state, page }: { state: State; page: PageOf<"approval"> }) {
  const { paint } = useTheme();
  const { open, choices } = choicesOf(state, page.id);
  const at = rowAt(page.at, choices.length);
  const rows = choices.map((choice, i) => {
    const line = new Line(WIDEST, paint).add(i === at ? "▌ " : "  ", "accent");
    line.addUntrusted(choice, i === at ? "bold" : "plain");
    return choice === NO ? line.add("  rejects", "muted") : line;
  });
  const title = [[sanitizeLine(open?.question ?? "Answered"), "bold"]] as const;
  return <RowDialog state={state} widest={WIDEST} title={title} rows={rows} chosen={at} />;
}

/** The choices, and the rejection at the end. */
function choicesOf(state: State, id: string): { open: Approval | null; choices: string[] } {
  const operation = operationOf(state, id);
  const open = operation === null ? null : waitsForApproval(operation);
  const others = (open?.choices ?? []).filter((choice) => choice !== NO);
  return { open, choices: open === null ? [] : [...others, NO] };
}

const openOf = (state: State): Approval | null => {
  const operation = selectedOperation(state);
  return operation === null ? null : waitsForApproval(operation);
};

const asks = (state: State): boolean => hasSelected(state) && openOf(state) !== null;
const isUnlisted = (state: State): boolean => !asks(state);

function answer(state: State, id: string, choice: string): State {
  const { open } = choicesOf(state, id);
  const closed = { ...state, page: null };
  if (open === null) return closed;
  const { since, attempt } = open;
  return ask(closed, { kind: "answer", ids: [id], choice, since, attempt });
}

/** They come before the other actions of their keys. */
export const APPROVE_ACTIONS = inGroup("operation", asks, [
  {
    name: "approve",
    keys: ["y"],
    description: "answer the question of the operation (asks first)",
    command: "approve",
    unlisted: isUnlisted,
    hint: () => "approve",
    rank: 0,
    disabledReason: (state) => busy(state),
    run: (state) => {
      const [id, open] = [state.selected, openOf(state)];
      if (id === null || open === null) return state;
      const only = onlyChoice(open);
      return only === null ? { ...state, page: { kind: "approval", id, at: 0 } } : answer(state, id, only);
    },
  },
  {
    name: "reject",
    keys: ["n"],
    description: "reject it: its stage fails (asks first)",
    command: "reject",
    unlisted: isUnlisted,
    hint: () => "reject",
    rank: 0,
    disabledReason: (state) => busy(state),
    run: (state) => (state.selected === null ? state : answer(state, state.selected, NO)),
  },
]);

export const APPROVAL_MOVER = rowMover("approval", (state) =>
  state.page?.kind === "approval" ? choicesOf(state, state.page.id).choices.length : 0,
);

export const APPROVAL_ACTIONS = inGroup("operation", onPage("approval"), [
  {
    name: "approval-choose",
    keys: ["return", "rightArrow", "l"],
    hint: () => "choose",
    rank: 0,
    run: (state) => {
      if (state.page?.kind !== "approval") return state;
      const { id, at } = state.page;
      const { choices } = choicesOf(state, id);
      const choice = choices[rowAt(at, choices.length)];
      return choice === undefined ? { ...state, page: null } : answer(state, id, choice);
    },
  },
]);
