/** The `Why` of a failure: what failed, what has changed since the last success, how to go on. */
import { stat } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { isByAnswer } from "../../../protocol/approval.js";
import { likenessOf } from "../../../protocol/estimate/likeness.js";
import { getOwn, isPlainObject } from "../../../protocol/objects.js";
import type { LogLine, Operation } from "../../../protocol/operation.js";
import { isPassed } from "../../../protocol/stage-state.js";
import { failedSteps } from "../../../protocol/step-names.js";
import { shellLine } from "../../../protocol/text/shell-quote.js";
import type { Change, Failure, Why } from "../../../protocol/why.js";
import { outputsOf } from "../../admission/retry.js";
import { pageBefore } from "../../run-files/log-pages.js";
import type { Entry } from "../../store/decision.js";
import {
  nameIn,
  parametersOf,
  recordChanges,
  slowStages,
  textChange,
  textOf,
  valueChange,
} from "./changes.js";
import { type CheckoutChanges, checkoutChanges } from "./checkout.js";
import { leftStages } from "./decisions.js";
import { commandOf, failureOf, stageOf } from "./failure.js";
import { firstNewLine, type Log } from "./new-line.js";
import { headOf, RUNS_LEAST, type WhyParts } from "./sources.js";
import { RUNTIME, type Timeline } from "./timeline.js";

/** Longest times of git and of the logs, in ms. Right after a failure somebody looks at it. */
const FIRST_MS = 180;
const WHOLE_MS = 5000;
/** Successes that are looked through for one of the same directory, and whose logs are compared. */
const SUCCESSES = 20;
const LOGS = 5;
const LAST_LINES = 10;
/** Steps that failed side by side, and of each the lines that are looked at, in so many bytes. */
const STEPS_MOST = 10;
const STEP_LINES = 40;
const STEP_BYTES = 512 * 1024;
const LINE_MOST = 300;
const FILES_MOST = 5;

export interface Found {
  /** Without what git and the logs tell late: then it is `pending`. */
  readonly first: Why;
  readonly whole: Promise<Why>;
}

export async function whyFailed(
  failed: Entry,
  timeline: Timeline,
  options: WhyParts,
): Promise<Found> {
  const { durations, loader, now } = options;
  const { record } = failed;
  const typeFile = loader.fileOf(record.op);
  const text = textOf(failed);
  const failure = failureOf(record, {
    kept: text,
    typeFile: text?.path ?? typeFile,
    lastLines: await lastLines(record, options),
    command: commandOf(record),
  });
  const why: Why = { ...headOf(record, now()), failure, left: leftStages(record) };
  const named = {
    ...why,
    summary: summaryOf(record, failure),
    next: nextOf(record, isResumable(failed, loader), await doneWords(failed, options)),
  };
  const successes = await successesBefore(record, options);
  const [before] = successes;
  if (before === undefined) {
    const notes = ["It has not succeeded before, so that nothing can be compared."];
    const first = { ...named, notes };
    return { first, whole: Promise.resolve(first) };
  }
  const { id, finishedAt, seconds, startedAt } = before.record;
  const since = startedAt ?? before.record.createdAt;
  const usual = (await durations.usual([failed], RUNS_LEAST))(record);
  const [runtime, then] = [
    timeline.at(RUNTIME, record.startedAt ?? why.at),
    timeline.at(RUNTIME, since),
  ];
  const ownText =
    typeFile === null || text !== null ? [] : typeChange(typeFile, record, since, timeline);
  const recorded = [
    ...ownText,
    ...recordChanges(before, failed, await defaultsOf(before, failed, loader)),
  ];
  // The text that ran is known better than the file.
  const told = new Set([
    ...recorded.map(({ name }) => name),
    nameIn(record.cwd, text?.path ?? null),
  ]);
  const whyWith = (checkout: Part, newLine: Part): Why => ({
    ...named,
    since: { id, finishedAt: finishedAt!, seconds },
    changes: [
      ...recorded,
      ...(runtime !== null && then !== null
        ? valueChange("version", "version", then, runtime)
        : []),
      ...checkout.changes.filter(({ name }) => !told.has(name)),
      ...slowStages(record, usual, Date.parse(record.finishedAt ?? why.at)),
      ...newLine.changes,
    ],
    next: [
      ...named.next,
      {
        command: `liveops why ${record.id} --against ${id}`,
        does: "compares it with the last success",
      },
    ],
    notes: [...checkout.notes, ...newLine.notes],
  });
  const [git, logs] = [
    changesOnDisk(before, failed, failure, since),
    newLineOf(record, successes, options),
  ];
  const within = (ms: number) =>
    Promise.all([
      partWithin(ms, git, "Git needs too long here: what changed in the checkout is not known."),
      partWithin(ms, logs, "The logs of the earlier successes could not be read in time."),
    ]);
  const parts = await within(FIRST_MS);
  const first = whyWith(...parts);
  if (!parts.some(({ isLate }) => isLate)) return { first, whole: Promise.resolve(first) };
  const whole = within(WHOLE_MS).then((all) => whyWith(...all));
  return { first: { ...first, notes: ["More is being found out."], pending: true }, whole };
}

/** The newest first; those of the same directory before the others. */
async function successesBefore(record: Operation, { store }: WhyParts) {
  const { cwd, id, startedAt } = record;
  const found = await store.archive.list(
    { ...likenessOf(record), state: ["succeeded"] },
    SUCCESSES,
  );
  const before = found.filter(
    ({ record }) => record.id !== id && record.finishedAt! <= (startedAt ?? record.finishedAt!),
  );
  const isSame = ({ record }: (typeof found)[number]) => record.cwd === cwd;
  return [...before.filter(isSame), ...before.filter((each) => !isSame(each))];
}

/** Those of the stage that failed; of several steps that failed, the last lines of each. */
async function lastLines(record: Operation, { runs }: WhyParts): Promise<LogLine[]> {
  const files = runs.of(record.id);
  const stage = stageOf(record);
  const steps = stage === null ? [] : failedSteps(record, stage).slice(0, STEPS_MOST);
  const isSeveral = steps.length > 1;
  const ofStage = stage === null ? {} : { stage };
  const filters = isSeveral ? steps.map((step) => ({ ...ofStage, step })) : [ofStage];
  const limit = isSeveral ? STEP_LINES : LAST_LINES;
  try {
    const pages = await Promise.all(
      filters.map((filter) =>
        pageBefore({ files, limit, filter, most: STEP_BYTES }, record.logLines + 1),
      ),
    );
    return pages.flatMap(({ lines }) => lines.filter(({ attempt }) => attempt === record.attempt));
  } catch {
    return [];
  }
}

/** The text of an operation's file, which is not in its record. */
function typeChange(
  file: string,
  { cwd, startedAt, createdAt }: Operation,
  since: string,
  timeline: Timeline,
): Change[] {
  const [before, now] = [timeline.at(file, since), timeline.at(file, startedAt ?? createdAt)];
  return before === null || now === null ? [] : textChange(nameIn(cwd, file), before, now);
}

/** What git tells of the directory, and the scripts that the command names, also without git. */
async function changesOnDisk(
  before: Entry,
  { record }: Entry,
  failure: Failure | null,
  since: string,
): Promise<CheckoutChanges> {
  const { cwd } = record;
  const scripts = await scriptsIn(
    [failure?.command, commandOf(record)].join(" "),
    cwd,
    failure?.place?.file ?? null,
  );
  const checkout = await checkoutChanges(
    { before: before.record, now: record, since },
    scripts.map(({ name }) => name),
    WHOLE_MS,
  );
  const told = new Set(checkout.changes.map(({ name }) => name));
  const edited = scripts
    .filter(({ name, at }) => !told.has(name) && at > since)
    .map(({ name, at }): Change => ({ kind: "script", name, at }));
  return { ...checkout, changes: [...checkout.changes, ...edited] };
}

/**
 * The files that the words of a command name, relative to the directory where they are below it.
 */
async function scriptsIn(
  command: string,
  cwd: string,
  place: string | null,
): Promise<Array<{ name: string; at: string }>> {
  const words = command
    .split(/[\s;|&()'"=]+/)
    .filter((word) => /^[\w@~+./-]*\w$/.test(word) && !/^\d+$/.test(word));
  const paths = [...new Set([...words.slice(0, 50), ...(place === null ? [] : [place])])];
  const files = await Promise.all(
    paths.map(async (path) => {
      const file = isAbsolute(path) ? path : resolve(cwd, path);
      const found = await stat(file).catch(() => null);
      if (found === null || !found.isFile()) return [];
      return [{ name: nameIn(cwd, file), at: found.mtime.toISOString() }];
    }),
  );
  return files.flat().slice(0, FILES_MOST);
}

async function newLineOf(
  record: Operation,
  successes: ReadonlyArray<Entry>,
  { runs }: WhyParts,
): Promise<CheckoutChanges> {
  const logOf = ({ id, logLines }: Operation, attempt: number | null): Log => ({
    files: runs.of(id),
    attempt,
    lines: logLines,
  });
  const found = await firstNewLine(
    logOf(record, record.attempt),
    successes.slice(0, LOGS).map((each) => logOf(each.record, null)),
  ).catch(() => null);
  if (found === null) return { changes: [], notes: [] };
  const { line, runs: compared, isPartial } = found;
  const change: Change = {
    kind: "log",
    name: `line ${line.n}`,
    at: line.at,
    now: line.text.slice(0, LINE_MOST),
    before: compared === 1 ? "not in the last success" : `not in the last ${compared} successes`,
  };
  const notes = isPartial
    ? ["The logs are long: only their first and last lines were compared."]
    : [];
  return { changes: [change], notes };
}

type Part = CheckoutChanges & { readonly isLate: boolean };

async function partWithin(ms: number, work: Promise<CheckoutChanges>, late: string): Promise<Part> {
  const { promise, resolve } = Promise.withResolvers<Part>();
  const timer = setTimeout(() => resolve({ changes: [], notes: [late], isLate: true }), ms);
  const inTime = work.then((changes) => ({ ...changes, isLate: false }));
  return Promise.race([inTime, promise]).finally(() => clearTimeout(timer));
}

function isResumable(its: Entry, loader: WhyParts["loader"]): boolean {
  const type = loader.known()?.ops.find(({ op }) => op === its.record.op);
  return textOf(its) !== null || !!type?.resumable;
}

/**
 * Takes as done what failed, or what failed in the operation inside of it; null: nothing can be.
 */
async function doneWords(its: Entry, options: WhyParts): Promise<string[] | null> {
  const { loader, store } = options;
  const { record } = its;
  const stage = failedStage(record);
  if (!stage || !isResumable(its, loader)) return null;
  const [first, ...more] = failedSteps(record, stage);
  const step = more.length > 0 ? undefined : first;
  const place = step === undefined ? stage : `${stage}/${step}`;
  const [entry] = await store.archive.list({ parent: record.id, state: ["failed"] }, 1);
  const { parent, params } = entry?.record ?? {};
  // What runs a stage of its parent alone fails there.
  if (parent?.stage === stage && parent.step === step && !params!.only) {
    const inside = await doneWords(entry!, options);
    if (inside) return [`${place}/${inside[0]}`, ...inside.slice(1)];
  }
  const outputs = await outputsOf(loader, textOf(its), stage, step ?? null);
  return [place, ...outputs.flatMap((name) => ["--output", `${name}=...`])];
}

/**
 * The defaults of the text that ran at the last success; of a type in code, those that it has now.
 */
async function defaultsOf(
  before: Entry,
  now: Entry,
  loader: WhyParts["loader"],
): Promise<Record<string, unknown>> {
  const [was, is] = [before, now].map(({ record }) => Object.keys(parametersOf(record)).sort());
  if (isDeepStrictEqual(was, is)) return {};
  const text = textOf(before);
  if (text !== null) return loader.defaultsOf(text).catch(() => ({}));
  const type = loader.known()?.ops.find(({ op }) => op === now.record.op);
  const properties = type?.params?.properties;
  if (!isPlainObject(properties)) return {};
  return Object.fromEntries(
    Object.entries(properties).map(([name, of]) => [
      name,
      isPlainObject(of) ? of.default : undefined,
    ]),
  );
}

function failedStage({ stages, stageStates }: Operation): string | undefined {
  return stages.find((name) => stageStates[name] === "failed");
}

function summaryOf({ op }: Operation, failure: Failure | null): string {
  if (failure === null) return "It failed, and no error is kept.";
  const { stage, step, exit, message } = failure;
  const inStage = step === null ? `Stage ${stage}` : `Step ${step} of stage ${stage}`;
  const where = stage === null ? op : inStage;
  return `${where} failed: ${exit ?? message}`;
}

function nextOf(record: Operation, isResumable: boolean, done: string[] | null): Why["next"] {
  const { id, stages, stageStates, stepCounts, error } = record;
  const stage = failedStage(record);
  const hasDone = stage !== undefined && (getOwn(stepCounts ?? {}, stage)?.done ?? 0) > 0;
  const isFirst = stage === undefined || (stage === stages[0] && !hasDone);
  // It failed after its stages: by an odd number, or because its chain cannot continue.
  const isAfterAll = stages.length > 0 && stages.every((name) => isPassed(stageStates[name]));
  const from = isAfterAll ? "repeats no stage that is done" : `goes on from ${stage}`;
  const retry = isResumable && (isAfterAll || !isFirst) ? from : "runs it once more";
  const log = { command: `liveops logs ${id}`, does: "prints its log" };
  if (isByAnswer(error)) return [{ command: `liveops retry ${id}`, does: "asks again" }, log];
  if (error?.again !== undefined)
    return [{ command: error.again, does: "gives the secret again" }, log];
  return [
    { command: `liveops retry ${id}`, does: retry },
    ...(done === null
      ? []
      : [
          {
            command: shellLine(["liveops", "retry", id, "--done", ...done]),
            does: "goes on: you have done it by hand",
          },
        ]),
    { command: `liveops shell ${id}`, does: "opens a shell where it ran" },
    log,
  ];
}
