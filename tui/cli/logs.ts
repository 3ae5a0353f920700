/**
 * `liveops logs`: prints an operation's log lines, all or the last N, filtered; with -f also new
 * lines.
 */
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
import type { LogLine, Operation } from "../../protocol/operation.js";
import { isUnrun } from "../../protocol/stage-state.js";
import { isFinal } from "../../protocol/state.js";
import { wantsColour } from "../../protocol/text/colour.js";
import { sanitize, sanitizeLogLine, sanitizeLogLines } from "../../protocol/text/sanitize.js";
import { withoutSequences } from "../../protocol/text/sgr.js";
import { unknownStage, unknownStep } from "../../protocol/text/unknown-name.js";
import { interruptible } from "../kit/interruptible.js";
import { addCommand } from "../kit/options.js";
import { jsonLine } from "../kit/output/json.js";
import { endWithReader } from "../kit/reader-gone.js";
import { type ReportTo, say } from "../kit/report.js";
import { namedOrNewest } from "./arguments.js";
import { connectFor } from "./connection.js";
import { lostNotes } from "./follow/notes.js";

interface LogsOptions {
  follow?: boolean;
  lines?: string;
  stage?: string;
  step?: string;
  grep?: string;
  json?: boolean;
}

export function registerLogs(root: Command): void {
  const logs = addCommand(root, "logs", "Print the log of an operation", [
    "liveops logs",
    "liveops logs k3f -n 20 -f",
    "liveops logs k3f --stage Archive",
    "liveops logs k3f --step unit",
    "liveops logs k3f --grep 'error|warning' -n 5",
  ])
    .argument(
      "[id]",
      "Operation id, a unique prefix of 3 or more characters, or a label (default: the newest)",
    )
    .option("-f, --follow", "Print new lines until the operation finishes")
    .option("-n, --lines <n>", "Print only the last <n> lines that fit the other options")
    .option("--stage <name>", "Print only lines of this stage")
    .option("--step <name>", "Print only lines of this step of a stage")
    .option(
      "--grep <regexp>",
      "Print only lines that match this regular expression (JavaScript syntax)",
    )
    .option("--json", "Print one JSON object per line, with the exact text");
  logs.action(async (name: string | undefined, _options: unknown, command: Command) => {
    const { client, options, to } = await connectFor<LogsOptions>(command);
    const tail = tailOf(options.lines);
    const { stage, step } = options;
    const filter: LineFilter = { stage, step, grep: patternOf(options.grep) };
    const operation = await namedOrNewest(client, name);
    const { id } = operation;
    const coloured = wantsColour(process.stdout);
    const isWhole =
      tail === undefined && !options.json && !options.follow && options.grep === undefined;
    let any = false;
    let last: LogLine | null = null;
    const print = (line: LogLine) => {
      if (last !== null && last.attempt !== line.attempt && !options.json)
        process.stderr.write(`attempt ${line.attempt}\n`);
      last = line;
      any = true;
      process.stdout.write(`${textOf(line, options, coloured)}\n`);
    };
    if (options.follow) endWithReader();
    const end = options.follow ? await endOfLog(client, id) : undefined;
    const stored = { client, id, filter, end };
    // Between two attempts stands a line that plain text does not have.
    if (isWhole && operation.attempt === 1) any = await printText(stored, coloured);
    else if (tail === undefined) for await (const line of storedLines(stored)) print(line);
    else for (const line of await lastLines(stored, tail)) print(line);
    if (!any && tail !== 0) {
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

/**
 * Prints the log as the daemon tells it, without an object for each line. Returns whether there was
 * any line.
 */
async function printText(
  { client, id, filter: { stage, step } }: StoredLines,
  coloured: boolean,
): Promise<boolean> {
  let any = false;
  let rest = "";
  for await (const piece of client.logText(id, { stage, step })) {
    const end = piece.lastIndexOf("\n") + 1;
    if (end === 0) rest += piece;
    else {
      const lines = sanitizeLogLines(rest + piece.slice(0, end));
      process.stdout.write(coloured ? lines : withoutSequences(lines));
      rest = piece.slice(end);
      any = true;
    }
  }
  return any;
}

function textOf(line: LogLine, { json }: LogsOptions, coloured: boolean): string {
  if (json) return jsonLine(line);
  const own = coloured ? sanitizeLogLine(line.text) : withoutSequences(sanitizeLogLine(line.text));
  return line.step === undefined ? own : `[${sanitize(line.step)}] ${own}`;
}

/** A stage that was up to date or skipped has no line, and its reason stands for it. */
function sayUnrun(
  { stageTimes, stageStates }: Operation,
  only: string | undefined,
  to: ReportTo,
): void {
  for (const [stage, { reason }] of Object.entries(stageTimes)) {
    if (reason === undefined || !isUnrun(getOwn(stageStates, stage))) continue;
    if (only === undefined || only === stage) say(to, `${stage}: ${reason}`, "yellow");
  }
}

/**
 * Checks the names of a stage and a step without any line. Neither an untracked stage nor a step is
 * declared: the events name those that ran, and a running operation may still enter one.
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
    if (event.type === "step:entered" && (stage ?? event.stage) === event.stage)
      steps.add(event.step);
  }
  const check = (what: "stage" | "step", name: string, { message, nearest }: Unknown) => {
    if (nearest.length > 0 || isFinal(state)) throw new UsageError(`--${what}: ${message}`);
    say(to, `no lines of the ${what} ${JSON.stringify(name)} yet; ${message}`, "yellow");
  };
  if (stage !== undefined && !stages.has(stage))
    check("stage", stage, unknownStage(stage, op, [...stages]));
  else if (step !== undefined && !steps.has(step))
    check(
      "step",
      step,
      unknownStep(step, stage === undefined ? op : `the stage ${JSON.stringify(stage)}`, [
        ...steps,
      ]),
    );
}

type Unknown = ReturnType<typeof unknownStage>;

function tailOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`-n: ${JSON.stringify(text)} is not a number of lines; give 0 or more`);
}

/** @throws UsageError for text that is not a regular expression */
function patternOf(text: string | undefined): RegExp | undefined {
  if (text === undefined) return undefined;
  try {
    return new RegExp(text);
  } catch (error) {
    // The message begins with `Invalid regular expression: /text/: `.
    const why = (error as Error).message.split(": ").at(-1);
    throw new UsageError(
      `--grep: ${JSON.stringify(text)} is not a valid regular expression: ${why}`,
      "put a backslash before characters such as ( [ + ? * to search for them",
    );
  }
}
