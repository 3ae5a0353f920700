/** The parts of the page beside timeline and log: state, stages, attempts, values, errors. */

import { MAX_LISTED_STEPS } from "../../../protocol/limits.js";
import { getOwn } from "../../../protocol/objects.js";
import type { Operation, OperationError } from "../../../protocol/operation.js";
import { isUnrun, knownStageState, knownStepState, type StepState } from "../../../protocol/stage-state.js";
import type { Why } from "../../../protocol/why.js";
import type { AttemptRow } from "../../describe/course.js";
import { describeOperation, type Row } from "../../describe/operation.js";
import { stepNote, stepsOf } from "../../describe/steps.js";
import { describeWhy } from "../../describe/why.js";
import { formatCount, formatDuration } from "../../terminal/format.js";
import { stageGlyph, stateGlyph } from "../../terminal/glyphs.js";
import { ranHere, stageNote } from "../../terminal/stage-note.js";
import { resultOf } from "../../text/result.js";
import { html, type Markup, type Piece, shownValue } from "./markup.js";

export function header(it: Operation): Markup {
  const facts = describeOperation(it, { now: Date.parse(it.updatedAt) });
  return html`<header class="run-head">
<h1><span class="badge ${it.state}">${stateGlyph(it.state)} ${it.state}</span> ${it.title}</h1>
${it.label === null ? null : html`<p class="label">${it.label}</p>`}
<dl class="facts">
${facts.flatMap(fact)}
</dl>
</header>`;
}

function fact({ label, value, kind, isDefault }: Row): Markup[] {
  // The label stands below the title.
  if (isDefault || label === "label") return [];
  const isTime = kind === "time" || kind === "start";
  return [html`<div><dt>${label}</dt><dd>${isTime ? time(value) : value}</dd></div>`];
}

function time(at: string | null): Piece {
  return at === null
    ? null
    : html`<time datetime="${at}">${at.replace("T", " ").replace(/\.\d+Z$/, " UTC")}</time>`;
}

export function stageTable(it: Operation): Markup | null {
  if (it.stages.length === 0) return null;
  const longest = Math.max(0.001, ...it.stages.map((stage) => getOwn(it.stageTimes, stage)?.seconds ?? 0));
  const rows = it.stages.flatMap((stage, index) => {
    const state = getOwn(it.stageStates, stage);
    const times = getOwn(it.stageTimes, stage);
    const seconds = times !== undefined && ranHere(state, times) ? times.seconds : null;
    const word = state === undefined ? "pending" : times?.resumed ? "kept" : knownStageState(state);
    const note = stageNote(state, times) || (state === undefined ? "not entered" : "");
    return [
      row({ n: index + 1, name: stage, word, state, seconds, note }, longest),
      ...stepsTable(it, stage, longest),
    ];
  });
  return html`<section class="stages"><h2>Stages</h2><table>
<thead><tr><th class="n">#</th><th></th><th>Stage</th><th class="time">Took</th><th class="bar"></th><th></th></tr></thead>
<tbody>${rows}</tbody></table></section>`;
}

interface TableRow {
  /** Number of the stage; null: a step. */
  n: number | null;
  name: string;
  word: string;
  state: StepState | undefined;
  seconds: number | null;
  note: string;
}

function row({ n, name, word, state, seconds, note }: TableRow, longest: number): Markup {
  return html`<tr class="${word}${n === null ? " step" : ""}"><td class="n">${n}</td>
<td class="sign" title="${word}">${stageGlyph(state)}</td><th scope="row">${name}</th>
<td class="time">${seconds === null ? "" : formatDuration(seconds)}</td>
<td class="bar">${seconds === null ? null : html`<svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="${word}" width="${Math.max(0.5, Math.min(100, (seconds / longest) * 100)).toFixed(2)}" height="6" rx="1"/></svg>`}</td>
<td class="note">${note}</td></tr>`;
}

/** All steps that the record lists, and the number of the others. */
function stepsTable(it: Operation, stage: string, longest: number): Markup[] {
  const { rows, others } = stepsOf(it, stage, MAX_LISTED_STEPS);
  const all = rows.map((step) => {
    const word = step.resumed ? "kept" : knownStepState(step.state);
    const seconds = step.resumed || isUnrun(step.state) ? null : step.seconds;
    return row({ n: null, name: step.name, word, state: step.state, seconds, note: stepNote(step) }, longest);
  });
  if (others === "") return all;
  return [
    ...all,
    html`<tr class="step"><td class="n"></td><td></td><td class="note" colspan="4">${others}</td></tr>`,
  ];
}

export function attemptTable(attempts: readonly AttemptRow[]): Markup | null {
  if (attempts.length < 2) return null;
  const isMoved = new Set(attempts.map(({ host }) => host)).size > 1;
  const rows = attempts.map(({ number, host, startedAt, ended, seconds, error, reason }) => {
    const why = [isMoved && host !== null ? `on ${host}` : null, error?.message.split("\n")[0], reason]
      .filter(Boolean)
      .join("; ");
    return html`<tr class="${ended ?? "running"}"><td class="n">${number}</td><td>${time(startedAt)}</td>
<td class="word">${ended ?? "running"}</td><td class="time">${seconds === null ? "" : formatDuration(seconds)}</td><td class="note">${why}</td></tr>`;
  });
  return html`<section class="attempts"><h2>Attempts</h2><table>
<thead><tr><th class="n">#</th><th>Started</th><th>End</th><th class="time">Took</th><th></th></tr></thead>
<tbody>${rows}</tbody></table></section>`;
}

export function errorSection(error: OperationError | null): Markup | null {
  if (error === null) return null;
  const { code, message, stack, causes = [] } = error;
  const frames = (text: string | null) =>
    (text ?? "")
      .split("\n")
      .filter((line) => /^\s+at /.test(line))
      .join("\n");
  const framed = (text: string | null) =>
    frames(text) === "" ? null : html`<pre class="frames">${frames(text)}</pre>`;
  return html`<section class="error"><h2>Error</h2><p class="message">${message}</p><p class="code">${code}</p>
${framed(stack)}${causes.map(
  ({ depth, message: text, stack: its }) =>
    html`<div class="cause depth-${Math.min(depth, 5)}"><p>caused by: ${text}</p>${framed(its)}</div>`,
)}</section>`;
}

/** Why it failed, or what was unusual. */
export function whySection(why: Why | null): Markup | null {
  if (why === null || (why.failure === null && why.odd === undefined && why.left.length === 0)) return null;
  const parts = describeWhy(why)
    .filter(({ name }) => name !== "next")
    .map(
      ({ title, rows }) =>
        html`${title === "" ? null : html`<h3>${title}</h3>`}<pre>${rows.map(({ text, look }) => html`<span class="${look}">${text}</span>\n`)}</pre>`,
    );
  return html`<section class="why"><h2>Why</h2><p class="message">${why.summary}</p>${parts}</section>`;
}

export function valueSections(it: Operation): Markup[] {
  const sections: Markup[] = [];
  const { text } = resultOf(it);
  if (it.result !== null && it.result !== undefined)
    sections.push(
      html`<section class="result"><h2>Result</h2>${text === null ? null : html`<p class="text">${text}</p>`}<pre>${shownValue(it.result)}</pre></section>`,
    );
  const names = Object.keys(it.params);
  if (names.length > 0)
    sections.push(
      html`<section class="params"><h2>Parameters</h2><table><tbody>${names.map(
        (name) =>
          html`<tr><th scope="row">${name}</th><td><pre>${shownValue(getOwn(it.params, name))}</pre></td></tr>`,
      )}</tbody></table></section>`,
    );
  return sections;
}

export function countOf(lines: number): string {
  return `${formatCount(lines)} ${lines === 1 ? "line" : "lines"}`;
}
