/** The page that asks from which stage a retry goes on, with the command for each choice. */
import { commandOf } from "../command/liveops.js";
import { operationOf, type State } from "../state/model.js";
import { isResumable, type RetryChoice, type RetryPage, retryChoices } from "../state/pages/retry.js";
import { tame, wrap } from "./cells.js";
import { commandRows } from "./command-rows.js";
import { Line } from "./line.js";
import type { Paint } from "./paint.js";

export function retryPage(
  state: State,
  page: RetryPage,
  width: number,
  height: number,
  paint: Paint,
): string[] {
  const operation = operationOf(state, page.id);
  if (operation === null) return [];
  const resumable = isResumable(state, operation.op);
  const choices = retryChoices(state, page);
  const at = Math.min(page.at, choices.length - 1);
  const head = [
    new Line(width, paint)
      .add("  Run ", "dim")
      .add(tame(operation.title), "bold")
      .add(" again:", "dim")
      .toString(),
    "",
  ];
  const rows = choices.map((choice, i) => row(choice, resumable === true, i === at, width, paint));
  const why = reason(resumable, operation.op, width, paint);
  const chosen = choices[at];
  const from = chosen?.from;
  const command = commandOf({ kind: "retry", id: page.id, ...(from !== undefined && { from }) }, state.flags);
  const foot = commandRows(command, width, 3, paint);
  const body = [...head, ...rows, "", ...why].slice(0, height - foot.length);
  return [...body, ...Array<string>(Math.max(0, height - body.length - foot.length)).fill(""), ...foot];
}

function row(choice: RetryChoice, resumable: boolean, chosen: boolean, width: number, paint: Paint): string {
  const line = new Line(width, paint).add(chosen ? "▌ " : "  ", "cyan");
  const first = tame(choice.first ?? "the end");
  const text = !resumable
    ? "from the start"
    : choice.from === undefined
      ? `go on at ${first}`
      : `from ${first}`;
  line.add(text, chosen ? "bold" : "plain");
  if (choice.kept.length > 0) line.add(`  keeps ${choice.kept.map(tame).join(", ")}`, "dim");
  else if (resumable) line.add("  keeps nothing", "dim");
  return line.toString();
}

function reason(resumable: boolean | null, op: string, width: number, paint: Paint): string[] {
  const text =
    resumable === null
      ? "Asking the daemon whether its type keeps what stages returned."
      : resumable
        ? "What a stage returned is kept until it is forgotten here: its stage is not run again."
        : `${tame(op)} keeps nothing of its stages: a type that says static resumable = true goes on where it failed.`;
  return wrap(text, width - 4, 3).map((part) => new Line(width, paint).add(`  ${part}`, "dim").toString());
}
