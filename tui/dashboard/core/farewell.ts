/** What stays on the main screen after the dashboard: what ended while somebody watched, and how to see it. Pure. */
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { formatDuration } from "../../terminal/format.js";
import { stateGlyph } from "../../terminal/glyphs.js";
import { fit, sanitizeLine, widthOf } from "../text/cells.js";
import { nameOf } from "./chain.js";
import type { State } from "./model.js";
import { flagsOf, liveops } from "./request.js";

const NAME_MOST = 30;

/** @param began when the dashboard was opened, in ms; @returns two lines, or none where nothing ended */
export function farewellOf(state: State, began: number): string[] {
  const all = [...state.view.operations.values()].filter(({ parent }) => parent === undefined);
  const ended = all
    .filter(
      ({ state: is, finishedAt }) => isFinal(is) && finishedAt !== null && Date.parse(finishedAt) >= began,
    )
    .sort((a, b) => rankOf(a) - rankOf(b) || (a.finishedAt! < b.finishedAt! ? 1 : -1));
  const [first] = ended;
  if (first === undefined) return [];
  const { columns } = state.size;
  const running = all.filter(({ state: is }) => is === "running").length;
  const on = running === 0 ? "" : `; ${running} still ${running === 1 ? "runs" : "run"}`;
  const head = "Ended while you watched: ";
  let line = "";
  let told = 0;
  for (const operation of ended) {
    const text = `${told === 0 ? "" : "  "}${oneOf(state, operation)}`;
    const more = ` and ${ended.length} more`;
    if (told > 0 && widthOf(head + line + text + more + on) > columns) break;
    line += text;
    told++;
  }
  const more = told < ended.length ? ` and ${ended.length - told} more` : "";
  return [fit(`${head}${line}${more}${on}`, columns), ...nextOf(state, first, ended)];
}

/** The failures first. */
const rankOf = ({ state }: Operation): number => (state === "failed" ? 0 : 1);

function oneOf(state: State, operation: Operation): string {
  const { state: is, seconds } = operation;
  const took = seconds === null ? "" : ` ${formatDuration(seconds)}`;
  return `${stateGlyph(is)} ${fit(sanitizeLine(nameOf(state, operation)), NAME_MOST)}${took}`;
}

function nextOf(state: State, first: Operation, ended: readonly Operation[]): string[] {
  const { id } = first;
  const command = first.state === "failed" ? "why" : "show";
  const one = liveops([command, id], state.session.flags);
  const others =
    ended.length === 1 ? "" : `; all of them: ${liveops(["ls"], flagsOf(id, state.session.flags))}`;
  return [`To see it: ${one}${others}`];
}
