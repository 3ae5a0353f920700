/**
 * The question of the selected operation to a person, with its choices. The foot of the screen has
 * the keys that answer.
 */
import { waitsForApproval } from "../../../../protocol/approval.js";
import { formatShortTime } from "../../../kit/output/local-time.js";
import { formatAge } from "../../../kit/output/time.js";
import { fit, sanitizeLine } from "../../text/cells.js";
import { type Line, paragraph } from "../../text/line.js";
import type { DetailView } from "./view.js";

const QUESTION_MOST = 3;
/** Columns of a choice. */
const CHOICE_MOST = 24;

export function approvalRows({ state, operation, width, line }: DetailView): Line[] {
  const open = waitsForApproval(operation);
  if (open === null) return [];
  const { question, choices, since, until, default: fallback } = open;
  const named = (choice: string) => fit(sanitizeLine(choice), CHOICE_MOST);
  const facts = line().add("  ");
  for (const [i, choice] of choices.entries())
    facts
      .add(i === 0 ? "" : " · ", "muted")
      .add(named(choice), "accent")
      .add(choice === fallback ? " (default)" : "", "muted");
  facts.addWhole(`   asked ${formatAge(since, state.now)} ago`, "muted");
  if (until !== null) {
    const end = formatShortTime(new Date(until), new Date(state.now));
    facts.addWhole(
      `, until ${end}, then ${fallback === null ? "fails" : named(fallback)}`,
      "muted",
    );
  }
  return [
    ...paragraph(question, { width, most: QUESTION_MOST, sign: "? " }, "accent", "bold"),
    facts,
  ];
}
