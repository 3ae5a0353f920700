/**
 * The child process of `liveops run`: finds the type, reads the parameters, and runs the chain in
 * text mode. Reports its own errors, because it is a separate bundle and the error classes of two
 * bundles differ.
 */
import { existsSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runInline } from "../../../ops/attempt/inline.js";
import { findType, type LocatedType, typeFinder } from "../../../ops/loading/catalogue.js";
import { whyNoNext } from "../../../ops/loading/type-names.js";
import { enableUserCode } from "../../../ops/loading/user-code.js";
import { keepMark } from "../../../ops/programs/group.js";
import { handSecrets } from "../../../ops/secrets/handed-secrets.js";
import { describeType } from "../../../ops/types/describe-type.js";
import { missingIn } from "../../../ops/types/pipeline-facts.js";
import { needsOf, prepareSubmission } from "../../../ops/types/prepare.js";
import { readType, TypeFault } from "../../../ops/types/read-type.js";
import { EXIT, exitCodeOf } from "../../../protocol/exit-codes.js";
import { UsageError } from "../../../protocol/failures.js";
import { newId } from "../../../protocol/id.js";
import { isFinal } from "../../../protocol/state.js";
import { paintFor } from "../../../protocol/text/colour.js";
import { unknownType } from "../../../protocol/text/unknown-name.js";
import { type ReportTo, report, say } from "../../kit/report.js";
import { exitStatusOf } from "../follow/exit-status.js";
import { givenParams } from "../options/params.js";
import { checkStdin, isPipelineArgument, namingFile, pipelinePath } from "../pipeline-argument.js";
import { namedPrompts, secretValues } from "../secrets.js";
import { typePage } from "../type-page/type-page.js";
import { CANCEL_VARIABLE, RUN_VARIABLE, SKIP_VARIABLE, SUPERVISOR_VARIABLE } from "./child.js";
import { aside, tellSupervisor, written } from "./in-child.js";
import { InlineScreen } from "./screen.js";

export { typesHere } from "./in-child.js";

export interface InlineRun {
  op: string;
  /** The text of `--params`. */
  params: string | undefined;
  set: string[];
  label: string | null;
  json: boolean;
  exitStatus: boolean;
  /** Stages and steps of a pipeline that are up to date run too. */
  force: boolean;
  stampsDir: string;
  /** Variables that are added to the environment of this process. */
  env: Record<string, string>;
  /** Only show the type. */
  help: boolean;
  /** The paths of `--ops`. */
  ops: string[] | undefined;
  /** The user's directories, first match wins; the shipped operations come last. */
  opsDirs: string[];
}

/** Interval in ms at which a waiting operation checks that the supervisor is alive. */
const LOOK_MS = 500;

const TO = { program: "liveops", startCommand: "liveops start" };

/** For messages: `liveops run` with the directories that were typed. */
function toOf({ ops }: InlineRun): ReportTo {
  return { ...TO, options: { ops } };
}

/** Ends the process, because an operation can leave timers and sockets open. */
export async function runHere(run: InlineRun): Promise<never> {
  let code: number | null = null;
  let lost: Error | null = null;
  // Without this, the operation's exit code would be read as ours.
  process.on("exit", (theirs) => {
    if (code !== null) return;
    // Not through the capture, which would record the line as output of the operation.
    writeSync(2, `liveops: failed: the operation ended its process with exit code ${theirs}\n`);
    process.exitCode = EXIT.failed;
  });
  try {
    code = await work(run, (error) => {
      lost ??= error;
    });
  } catch (error) {
    if (error instanceof TypeFault) {
      say(TO, error.message);
      code = EXIT.failed;
    } else code = await report(error, toOf(run));
  }
  await Promise.all([process.stdout, process.stderr].map(written));
  if (lost !== null) {
    say(TO, `the output cannot be written: ${(lost as Error).message}`);
    if (code === EXIT.done) code = EXIT.fault;
  }
  process.exit(code);
}

async function work(run: InlineRun, onLost: (error: Error) => void): Promise<number> {
  keepMark(`${RUN_VARIABLE}=${process.env[RUN_VARIABLE]}`);
  enableUserCode(new URL("./liveops.js", import.meta.url).href);
  Object.assign(process.env, run.env);
  const shipped = [fileURLToPath(new URL("./ops", import.meta.url))];
  const { Type, file } = isPipelineArgument(run.op)
    ? await typeOfPipeline(run.op, run.params)
    : await typeNamed(run, shipped);
  if (run.help) {
    const type = describeType(Type, file);
    const named = isPipelineArgument(run.op) ? { ...type, op: run.op } : type;
    const page = typePage(named, paintFor(process.stdout));
    const lines = [...page, "", "Options of the command: liveops run --help"];
    process.stdout.write(`${lines.join("\n")}\n`);
    return EXIT.done;
  }
  const id = newId();
  const place = {
    id,
    label: run.label,
    cwd: process.cwd(),
    ...(run.force && { force: true as const }),
  };
  const chain = { id, index: 0, previous: null, next: null };
  // Read after the type is found: a child that is replaced while it loads files must not have read
  // stdin.
  const given = { params: givenParams(run.params), set: namedPrompts(run.set) };
  const prepare = () =>
    prepareSubmission(Type, given, { ...place, chain }, ["liveops", "run", run.op]);
  const submission = await aside(() => Promise.race([prepare(), schemaNeverSettles(run.op)]));
  const { secretSources = {}, next } = needsOf(submission);
  const secrets = await secretValues(given.set, [given.params, secretSources]);
  handSecrets(secrets);
  for (const [name, source] of Object.entries(missingIn(secretSources, process.env, secrets)))
    throw new UsageError(
      `the secret ${name} is the variable ${source.slice(4)}, which is not set in this shell`,
      `set and export it, or give ${name}=file:PATH or ${name}=prompt:`,
    );
  const problem = next === undefined ? null : whyNoNext(next, [...run.opsDirs, ...shipped]);
  if (problem !== null) say(TO, `warning: then: ${problem}`, "yellow");
  const stop = stopOnSignal(onLost);
  const screen = new InlineScreen(run.json, {
    unread: stop.unread,
    begins: (Type) => tellSupervisor({ gracePeriod: readType(Type).gracePeriod }),
    hasTerminal: (hasTerminal) => tellSupervisor({ hasTerminal }),
  });
  try {
    const { stampsDir } = run;
    const findType = (op: string) => aside(() => typeFinder(run.opsDirs, shipped)(op));
    const last = await runInline(Type, submission, screen, stop.signal, stop.isCancelled, {
      findType,
      stampsDir,
    });
    if (!isFinal(last.state))
      throw new Error(`${last.id} is ${last.state} after the end of its run`);
    return run.exitStatus ? exitStatusOf(last) : exitCodeOf(last.state);
  } finally {
    screen.close();
  }
}

/** Rejects if the parameters are still being read although nothing is left to wait for. */
function schemaNeverSettles(op: string): Promise<never> {
  return new Promise((_, reject) => {
    process.once("beforeExit", () =>
      reject(new TypeFault(`the schema of ${op} waits for a promise that never settles`)),
    );
  });
}

/** The type of a pipeline file. @param word - the file as it was typed, or `-` */
async function typeOfPipeline(word: string, params: string | undefined): Promise<LocatedType> {
  tellSupervisor({ loading: null });
  checkStdin(word, params);
  const { notAPipeline, parseFile } = await import("./pipeline-file.js");
  const { pipelineType } = await import("../../../ops/pipeline/type.js");
  const parsed = parseFile(pipelinePath(word));
  if (!parsed.ok) throw new UsageError(notAPipeline(word, parsed.problems));
  return { Type: pipelineType(parsed.file), file: word };
}

/**
 * Reports files that do not load only when the type is missing, because one of them may define it.
 */
async function typeNamed(
  { op, set, opsDirs: dirs }: InlineRun,
  shipped: string[],
): Promise<LocatedType> {
  const skip = JSON.parse(process.env[SKIP_VARIABLE] ?? "[]") as string[];
  delete process.env[SKIP_VARIABLE];
  const onFile = (file: string) => tellSupervisor({ loading: file });
  const found = await aside(() => findType(op, dirs, shipped, { onFile, skip }));
  tellSupervisor({ loading: null });
  if ("Type" in found) return found;
  const { errors, withoutType, reason } = found;
  if (reason === null) {
    for (const { file, message } of errors) say(TO, `${file} does not load: ${message}`, "yellow");
    for (const { file, message } of withoutType)
      say(TO, `${file} has no operation type: ${message}`, "yellow");
  }
  throw await namingFile(
    unknownType(op, found.types.keys(), 0, reason),
    op,
    "run",
    set.filter((word) => !word.startsWith("args:=")),
  );
}

/**
 * Cancels on the supervisor's request: SIGTERM reaches a waiting operation, the cancel file a busy
 * one. Ctrl-C reaches this process too, but only the supervisor handles it. The operation is also
 * cancelled, so that it can clean up, when the supervisor dies or nobody reads the output.
 */
function stopOnSignal(onLost: (error: Error) => void): {
  signal: AbortSignal;
  isCancelled(): boolean;
  /** Called when output cannot be written, most often because nobody reads it. */
  unread(error: NodeJS.ErrnoException): void;
} {
  const controller = new AbortController();
  const file = process.env[CANCEL_VARIABLE];
  const supervisor = Number(process.env[SUPERVISOR_VARIABLE]);
  for (const name of [CANCEL_VARIABLE, SUPERVISOR_VARIABLE]) delete process.env[name];
  const cancel = () => controller.abort("cancel");
  const ignore = () => {};
  // Kept until the process ends: a late SIGTERM must not end it as a signal does.
  process.on("SIGTERM", cancel).on("SIGINT", ignore).on("SIGHUP", ignore);
  const isAlone = () => process.ppid !== supervisor;
  setInterval(() => isAlone() && cancel(), LOOK_MS).unref();
  const unread = (error: NodeJS.ErrnoException) => {
    if (!isClosed(error)) onLost(error);
    if (controller.signal.aborted) return;
    tellSupervisor({ unread: true });
    cancel();
  };
  for (const stream of [process.stdout, process.stderr])
    stream.removeAllListeners("error").on("error", unread);
  return {
    signal: controller.signal,
    unread,
    isCancelled: () =>
      controller.signal.aborted || isAlone() || (file !== undefined && existsSync(file)),
  };
}

/** A closed reader is not an error. */
function isClosed({ code }: NodeJS.ErrnoException): boolean {
  return code === "EPIPE" || code === "ERR_STREAM_DESTROYED";
}
