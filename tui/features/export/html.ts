/**
 * Writes runs as one static page: it has no script, and permits nothing to be loaded. The log comes piece by piece, so
 * that a log of any length takes no memory here.
 */
import { readFileSync } from "node:fs";
import { AnsiUp } from "ansi_up";
import type { LogLine } from "../../../protocol/operation.js";
import { sanitizeLogLine } from "../../../protocol/text/sanitize.js";
import { VERSION } from "../../../protocol/version.js";
import { type Course, courseOf } from "../../describe/course.js";
import { html, Markup } from "./markup.js";
import {
  attemptTable,
  countOf,
  errorSection,
  header,
  stageTable,
  valueSections,
  whySection,
} from "./sections.js";
import { outermostOf, type RunSource } from "./source.js";
import { timeline } from "./timeline.js";

/** Lines that the browser lays out together. */
const BLOCK = 2000;
const STREAMS: ReadonlyArray<LogLine["stream"]> = ["log", "stdout", "stderr", "liveops"];

export async function* htmlPieces(runs: readonly RunSource[], now: Date): AsyncGenerator<string> {
  const courses = new Map<RunSource, Course>();
  for (const run of runs) courses.set(run, await courseOf(run.record.stages, run.events()));
  const [first] = runs;
  const title = `${first!.record.title} · ${outermostOf(runs).at(-1)!.record.state} · ${first!.record.id}`;
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="liveops ${VERSION}">
${html`<title>${title}</title>`.text}
<style>${readFileSync(new URL("./page.css", import.meta.url), "utf8")}</style>
</head>
<body>
<main>
`;
  if (runs.length > 1)
    yield textOf(timeline(runs.map((run) => [run.record, courses.get(run)!])), contents(runs));
  for (const run of runs) yield* article(run, courses.get(run)!, runs.length === 1);
  yield html`<footer>Exported by liveops ${VERSION}, <time datetime="${now.toISOString()}">${now.toISOString()}</time>.</footer>`
    .text;
  yield "\n</main>\n</body>\n</html>\n";
}

function contents(runs: readonly RunSource[]): Markup {
  return html`<section class="chain"><h2>${outermostOf(runs).length > 1 ? "Operations of the chain" : "Operations"}</h2><ol>${runs.map(
    ({ record: { id, title, state } }) =>
      html`<li><a href="#${id}">${title}</a> <span class="badge ${state}">${state}</span></li>`,
  )}</ol></section>`;
}

async function* article(run: RunSource, course: Course, isOnly: boolean): AsyncGenerator<string> {
  const { record } = run;
  yield textOf(
    html`<article id="${record.id}">`,
    header(record),
    whySection(await run.why()),
    errorSection(record.error),
    stageTable(record),
    isOnly ? timeline([[record, course]]) : null,
    attemptTable(course.attempts),
    ...valueSections(record),
  );
  yield* log(run);
  yield "</article>\n";
}

async function* log({ record, log: lines }: RunSource): AsyncGenerator<string> {
  yield html`<section class="log-section"><h2>Log: ${countOf(record.logLines)}</h2>\n<div class="log">`.text;
  let block: string[] = [];
  let count = 0;
  for await (const line of lines()) {
    block.push(row(record.id, line).text);
    count++;
    if (block.length < BLOCK) continue;
    yield blockOf(block);
    block = [];
  }
  if (block.length > 0) yield blockOf(block);
  yield "</div>\n";
  if (count < record.logLines)
    yield html`<p class="more">Only the newest ${countOf(count)} were kept.</p>`.text;
  yield "</section>\n";
}

function blockOf(rows: readonly string[]): string {
  return `<div class="block">${rows.join("\n")}</div>\n`;
}

function row(id: string, { n, at, attempt, stage, step, stream, text }: LogLine): Markup {
  // A file may have anything in place of a stream.
  const known = STREAMS.includes(stream) ? stream : "log";
  const anchor = `${id}.L${Number(n)}`;
  const place = `${at}, attempt ${attempt}${stage === null ? "" : `, ${stage}`}${step === undefined ? "" : `, ${step}`}, ${known}`;
  return html`<span class="row ${known}" id="${anchor}" title="${place}"><a href="#${anchor}">${Number(n)}</a>${step === undefined ? null : html`<b class="step">[${step}]</b> `}${coloured(String(text))}</span>`;
}

/** A log line with its colours. All other control sequences are dropped. */
function coloured(text: string): Markup | string {
  const line = sanitizeLogLine(text);
  if (!line.includes("\x1b")) return line;
  const up = new AnsiUp();
  up.use_classes = true;
  return new Markup(up.ansi_to_html(line));
}

function textOf(...parts: ReadonlyArray<Markup | null>): string {
  return `${parts
    .filter((part) => part !== null)
    .map(({ text }) => text)
    .join("\n")}\n`;
}
