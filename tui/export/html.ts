/**
 * Writes runs as one page: complete without its script, except the log. The page loads nothing and permits nothing to be
 * loaded. The log is embedded as blocks of JSON, piece by piece, so that a log of any length takes no memory here.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { sanitize, sanitizeLogLine } from "../../protocol/command/sanitize.js";
import type { LogLine, Operation } from "../../protocol/operation.js";
import { VERSION } from "../../protocol/version.js";
import { embeddedJson, html, type Markup } from "./markup.js";
import { attemptTable, countOf, errorSection, header, stageTable, valueSections } from "./sections.js";
import type { RunSource } from "./source.js";
import { type Course, courseOf } from "./spans.js";
import { timeline } from "./timeline.js";

/** Lines of a block. */
const BLOCK = 2000;
const STREAMS: ReadonlyArray<LogLine["stream"]> = ["log", "stdout", "stderr", "liveops"];

export async function* htmlPieces(runs: readonly RunSource[], now: Date): AsyncGenerator<string> {
  const courses = new Map<RunSource, Course>();
  for (const run of runs) courses.set(run, await courseOf(run.record.stages, run.events()));
  const style = asset("page.css");
  const script = asset("page.js");
  const [first] = runs;
  const title = `${first!.record.title} · ${runs.at(-1)!.record.state} · ${first!.record.id}`;
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(style, script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="liveops ${VERSION}">
${html`<title>${title}</title>`.text}
<style>${style}</style>
</head>
<body>
<main>
<button type="button" class="theme" title="Switch between light and dark">Light / dark</button>
`;
  if (runs.length > 1)
    yield textOf(timeline(runs.map((run) => [run.record, courses.get(run)!])), contents(runs));
  for (const run of runs) yield* article(run, courses.get(run)!, runs.length === 1);
  yield html`<footer>Exported by liveops ${VERSION}, <time datetime="${now.toISOString()}">${now.toISOString()}</time>.</footer>`
    .text;
  yield `\n</main>\n<script>${script}</script>\n</body>\n</html>\n`;
}

function contents(runs: readonly RunSource[]): Markup {
  return html`<section class="chain"><h2>Operations of the chain</h2><ol>${runs.map(
    ({ record: { id, title, state } }) =>
      html`<li><a href="#${id}">${title}</a> <span class="badge ${state}">${state}</span></li>`,
  )}</ol></section>`;
}

async function* article(run: RunSource, course: Course, isOnly: boolean): AsyncGenerator<string> {
  const { record } = run;
  yield textOf(
    html`<article id="${record.id}">`,
    header(record),
    errorSection(record.error),
    stageTable(record),
    isOnly ? timeline([[record, course]]) : null,
    attemptTable(course.attempts),
    ...valueSections(record),
  );
  yield* log(run, course);
  yield "</article>\n";
}

async function* log({ record, log: lines }: RunSource, { lanes, attempts }: Course): AsyncGenerator<string> {
  const stages = [...new Set(lanes.flatMap(({ stage }) => stage ?? []))];
  const names = stages.map((stage) => sanitize(stage));
  yield html`<section class="log-section" data-id="${record.id}" data-stages="${JSON.stringify(names)}"><h2>Log: ${countOf(record.logLines)}</h2>
<noscript><p>The log needs the script of this page.</p></noscript>
${tools(record, names, attempts.length)}
<div class="log" tabindex="0" role="log" aria-label="Log"></div>`.text;
  const places = new Map(stages.map((stage, index) => [stage, index]));
  let block: unknown[] = [];
  let count = 0;
  for await (const { n, at, attempt, stage, stream, text } of lines()) {
    const place = stage === null ? -1 : (places.get(stage) ?? -1);
    // A file may have anything in place of a stream.
    const known = STREAMS.includes(stream) ? stream : "log";
    block.push([Number(n), String(at), Number(attempt), place, known, sanitizeLogLine(String(text))]);
    count++;
    if (block.length < BLOCK) continue;
    yield blockOf(block);
    block = [];
  }
  if (block.length > 0) yield blockOf(block);
  if (count < record.logLines)
    yield html`<p class="more">Only the newest ${countOf(count)} were kept.</p>`.text;
  yield "</section>\n";
}

/** The browser never runs a script of this type. */
function blockOf(lines: readonly unknown[]): string {
  return `<script type="application/json" data-count="${lines.length}">${embeddedJson(lines)}</script>\n`;
}

function tools(record: Operation, stages: readonly string[], attempts: number): Markup {
  const choice = (name: string, all: string, options: ReadonlyArray<readonly [string | number, string]>) =>
    options.length < 2
      ? null
      : html`<select data-tool="${name}" aria-label="${all}"><option value="">${all}</option>${options.map(
          ([value, text]) => html`<option value="${value}">${text}</option>`,
        )}</select>`;
  const box = (name: string, text: string, title: string) =>
    html`<label title="${title}"><input type="checkbox" data-tool="${name}">${text}</label>`;
  const tries = Array.from({ length: Math.max(attempts, record.attempt) }, (_, index) => index + 1);
  return html`<div class="tools">
<input type="search" data-tool="search" placeholder="Search the log ( / )" aria-label="Search the log" spellcheck="false">
<button type="button" data-tool="previous" title="Previous match (shift-enter)">↑</button>
<button type="button" data-tool="next" title="Next match (enter)">↓</button>
<span class="found" data-tool="found" role="status"></span>
${box("regex", ".*", "Regular expression")}${box("case", "Aa", "Match upper and lower case")}${box("only", "only matches", "Show only lines that match")}
${choice(
  "stage",
  "all stages",
  stages.map((stage, index) => [index, stage]),
)}${choice(
  "stream",
  "all streams",
  STREAMS.map((stream) => [stream, stream]),
)}${choice(
  "attempt",
  "all attempts",
  tries.map((number) => [number, `attempt ${number}`]),
)}
${box("wrap", "wrap", "Wrap long lines")}
</div>`;
}

function textOf(...parts: ReadonlyArray<Markup | null>): string {
  return `${parts
    .filter((part) => part !== null)
    .map(({ text }) => text)
    .join("\n")}\n`;
}

/** Nothing but the two texts of this page: no request, no form, no other script or style. */
function policy(style: string, script: string): string {
  const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  return [
    "default-src 'none'",
    `style-src ${hash(style)}`,
    `script-src ${hash(script)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** Made from `page/` by the build, beside the bundle. */
function asset(name: string): string {
  return readFileSync(new URL(`./page/${name}`, import.meta.url), "utf8");
}
