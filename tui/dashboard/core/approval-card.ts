/** The question of the selected operation to a person, with its choices and the keys that answer it. */
import { waitsForApproval } from "../../../protocol/approval.js";
import type { Operation } from "../../../protocol/operation.js";
import { formatAge } from "../../kit/output/time.js";
import { fit, sanitizeLine } from "../text/cells.js";
import { type Drawn, Line, paragraph } from "../text/line.js";
import type { Paint } from "../text/theme.js";
import { labelOf } from "./action.js";
import type { State } from "./model.js";
import { clock, dateAndTime } from "./state-style.js";

const QUESTION_MOST = 3;
/** Columns of a choice. */
const CHOICE_MOST = 24;
/** Ms within which a time of day says enough. */
const SOON = 20 * 3600 * 1000;

export function approvalCard(state: State, operation: Operation, width: number, paint: Paint): Drawn[] {
  const open = waitsForApproval(operation);
  if (open === null) return [];
  const { question, choices, since, until, default: fallback } = open;
  const facts = new Line(width, paint).add("  ");
  for (const [i, choice] of choices.entries())
    facts.add(i === 0 ? "" : " · ", "muted").add(fit(sanitizeLine(choice), CHOICE_MOST), "accent");
  facts.addWhole(`   asked ${formatAge(since, state.now)} ago`, "muted");
  if (until !== null) {
    const end = Date.parse(until) - state.now < SOON ? clock(until, false) : dateAndTime(until);
    const then = fallback === null ? "fails" : sanitizeLine(fallback);
    facts.addWhole(`, until ${end}, then ${fit(then, CHOICE_MOST)}`, "muted");
  }
  const keys = new Line(width, paint).add("  ");
  for (const [name, does] of [
    ["approve", "approve"],
    ["reject", "reject"],
  ] as const) {
    const action = state.session.actions.find((each) => each.name === name);
    if (action !== undefined) keys.add(labelOf(action), "bold").add(` ${does}   `, "muted");
  }
  return [
    ...paragraph(question, { width, most: QUESTION_MOST, paint, sign: "? " }, "accent", "bold"),
    facts,
    ...(state.session.readOnly === null ? [keys] : []),
  ];
}
