/** `liveops logs`: prints an operation's log lines, all or the last N, filtered; with -f also new lines. */
import type { Command } from "commander";
import {
  endOfLog,
  type LineFilter,
  lastLines,
  newLines,
  type StoredLines,
  storedLines,
} from "../../protocol/client/log-lines.js";
import { UsageError } from "../../protocol/failures.js";
import { getOwn } from "../../protocol/objects.js";
import type { LogLine, LogStream, Operation } from "../../protocol/operation.js";
import { isUnrun } from "../../protocol/stage-state.js";
import { isFinal } from "../../protocol/state.js";
import { wantsColour } from "../../protocol/text/colour.js";
import { nearest } from "../../protocol/text/nearest.js";
import { sanitize, sanitizeLogLine } from "../../protocol/text/sanitize.js";
import { withoutSequences } from "../../protocol/text/sgr.js";
import { unknownStage, unknownStep } from "../../protocol/text/unknown-name.js";
import { sinceFrom } from "../kit/given-duration.js";
import { interruptible } from "../kit/interruptible.js";
import { addCommand, everyday } from "../kit/options.js";
import { jsonLine } from "../kit/output/json.js";
import { logTime } from "../kit/output/time.js";
import { type ReportTo, say } from "../kit/report.js";
import { namedOrNewest } from "./arguments.js";
import { connectFor } from "./connection.js";
import { lostNotes } from "./follow/notes.js";

interface LogsOptions {
  follow?: boolean;
  lines?: string;
  stage?: string;
  step?: string;
  stream?: string;
  grep?: string;
  ignoreCase?: boolean;
  attempt?: string;
  since?: string;
  timestamps?: boolean;
  json?: boolean;
}

export function registerLogs(root: Command): void {
  const logs = addCommand(root, "logs", "Print the log of an operation", [
    "liveops logs",
    "liveops logs k3f -n 20 -f",
    "liveops logs k3f --stage Archive --timestamps",
    "liveops logs k3f --step unit",
    "liveops logs k3f --grep 'error|warning' --ignore-case -n 5",
    "liveops logs k3f --attempt 2",
    "liveops logs k3f --since 10m -f",
  ])
    .argument(
      "[id]",
      "Operation id, a unique prefix of 3 or more characters, or a label (default: the newest)",
    )
    .option("-f, --follow", "Print new lines until the operation finishes")
    .option("-n, --lines <n>", "Print only the last <n> lines that fit the other options")
    .option("--stage <name>", "Print only lines of this stage")
    .option("--step <name>", "Print only lines of this step of a stage")
    .option("--stream <name>", "Print only lines of this stream: log, stdout, stderr, liveops")
    .option("--grep <regexp>", "Print only lines that match this regular expression (JavaScript syntax)")
    .option("-i, --ignore-case", "Let --grep match upper and lower case alike")
    .option("--attempt <n>", "Print only lines of this attempt")
    .option("--since <time>", "Print only lines since this time, or of the last 10m, 2h or 7d")
    .option("--timestamps", "Print the time of each line before its text, in the local zone")
    .option("--json", "Print one JSON object per line, with the exact text");
  const reading = ["--follow", "--lines", "--timestamps", "--json"];
  everyday(logs, [...reading, "--stage", "--step", "--grep", "--ignore-case", "--since"]);
  logs.action(async (name: string | undefined, _options: unknown, command: Command) => {
    const { client, options, to } = await connectFor<LogsOptions>(command);
    const tail = tailOf(options.lines);
    const filter = givenLogFilter(options, Date.now());
    const operation = await namedOrNewest(client, name);
    const { id } = operation;
    if (!options.follow) checkAttempt(operation, filter.attempt);
    const coloured = wantsColour(process.stdout);
    let last: LogLine | null = null;
    const print = (line: LogLine) => {
      if (last !== null && last.attempt !== line.attempt && !options.json)
        process.stderr.write(`attempt ${line.attempt}\n`);
      last = line;
      process.stdout.write(`${textOf(line, options, coloured)}\n`);
    };
    const end = options.follow ? await endOfLog(client, id) : undefined;
    const stored = { client, id, filter, end };
    if (tail === undefined) for await (const line of storedLines(stored)) print(line);
    else for (const line of await lastLines(stored, tail)) print(line);
    if (last === null && tail !== 0) {
      await checkNames(operation, stored, to);
      if (filter.grep === undefined) sayUnrun(operation, filter.stage, to);
    }
    if (end === undefined) return;
    await interruptible(
      () => `interrupted; ${id} continues`,
      async (signal) => {
        const reconnect = { signal, ...lostNotes(to) };
        for await (const line of newLines({ ...stored, end }, reconnect)) print(line);
      },
    );
  });
}

function textOf(line: LogLine, { json, timestamps }: LogsOptions, coloured: boolean): string {
  if (json) return jsonLine(line);
  const own = coloured ? sanitizeLogLine(line.text) : withoutSequences(sanitizeLogLine(line.text));
  const text = line.step === undefined ? own : `[${sanitize(line.step)}] ${own}`;
  return timestamps ? `${logTime(line.at)}  ${text}` : text;
}

/** A stage that was up to date or skipped has no line, and its reason stands for it. */
function sayUnrun({ stageTimes, stageStates }: Operation, only: string | undefined, to: ReportTo): void {
  for (const [stage, { reason }] of Object.entries(stageTimes)) {
    if (reason === undefined || !isUnrun(getOwn(stageStates, stage))) continue;
    if (only === undefined || only === stage) say(to, `${stage}: ${reason}`, "yellow");
  }
}

/** @throws UsageError where the operation has had no such attempt */
function checkAttempt({ id, attempt: last }: Operation, attempt: number | undefined): void {
  if (attempt === undefined || attempt <= last) return;
  const has = last === 0 ? "has not started" : `has had ${last === 1 ? "1 attempt" : `${last} attempts`}`;
  throw new UsageError(`--attempt: ${id} ${has}, so there is no attempt ${attempt}`);
}

/**
 * Checks the names of a stage and a step without any line. Neither an untracked stage nor a step is declared: the events
 * name those that ran, and a running operation may still enter one.
 *
 * @throws UsageError for an unknown stage or step
 */
async function checkNames(operation: Operation, stored: StoredLines, to: ReportTo): Promise<void> {
  const { id, op, state } = operation;
  const { stage, step } = stored.filter;
  const stages = new Set(operation.stages);
  const steps = new Set<string>();
  if (step === undefined && (stage === undefined || stages.has(stage))) return;
  const [line] = await lastLines({ ...stored, filter: { stage, step } }, 1);
  if (line !== undefined) return;
  for await (const event of stored.client.events(id)) {
    if (event.type === "stage:entered") stages.add(event.stage);
    if (event.type === "step:entered" && (stage ?? event.stage) === event.stage) steps.add(event.step);
  }
  const check = (what: "stage" | "step", name: string, { message, nearest }: Unknown) => {
    if (nearest.length > 0 || isFinal(state)) throw new UsageError(`--${what}: ${message}`);
    say(to, `no lines of the ${what} ${JSON.stringify(name)} yet; ${message}`, "yellow");
  };
  if (stage !== undefined && !stages.has(stage)) check("stage", stage, unknownStage(stage, op, [...stages]));
  else if (step !== undefined && !steps.has(step))
    check(
      "step",
      step,
      unknownStep(step, stage === undefined ? op : `the stage ${JSON.stringify(stage)}`, [...steps]),
    );
}

type Unknown = ReturnType<typeof unknownStage>;

function tailOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`-n: ${JSON.stringify(text)} is not a number of lines; give 0 or more`);
}

const STREAMS = ["log", "stdout", "stderr", "liveops"] as const satisfies LogStream[];

interface FilterOptions {
  stage?: string;
  step?: string;
  stream?: string;
  grep?: string;
  ignoreCase?: boolean;
  attempt?: string;
  since?: string;
}

/** @throws UsageError for an unknown stream, a wrong attempt or time, or text that is not a regular expression */
function givenLogFilter(
  { stage, step, stream, grep, ignoreCase, attempt, since }: FilterOptions,
  now: number,
): LineFilter {
  if (ignoreCase && grep === undefined)
    throw new UsageError("--ignore-case needs --grep", "liveops logs --grep error --ignore-case");
  return {
    stage,
    step,
    stream: streamOf(stream),
    grep: patternOf(grep, ignoreCase === true),
    attempt: attemptOf(attempt),
    since: since === undefined ? undefined : sinceFrom(since, now),
  };
}

function streamOf(text: string | undefined): LogStream | undefined {
  if (text === undefined) return undefined;
  const stream = STREAMS.find((known) => known === text);
  if (stream) return stream;
  const [near] = nearest(text, STREAMS);
  throw new UsageError(
    `--stream: ${JSON.stringify(text)} is not a stream${near ? `; did you mean ${near}?` : ""}`,
    `streams: ${STREAMS.join(", ")}`,
  );
}

function attemptOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new UsageError(`--attempt: ${JSON.stringify(text)} is not the number of an attempt; give 1 or more`);
}

function patternOf(text: string | undefined, ignoreCase: boolean): RegExp | undefined {
  if (text === undefined) return undefined;
  try {
    return new RegExp(text, ignoreCase ? "i" : "");
  } catch (error) {
    // The message begins with `Invalid regular expression: /text/: `.
    const why = (error as Error).message.split(": ").at(-1);
    throw new UsageError(
      `--grep: ${JSON.stringify(text)} is not a valid regular expression: ${why}`,
      "put a backslash before characters such as ( [ + ? * to search for them",
    );
  }
}
