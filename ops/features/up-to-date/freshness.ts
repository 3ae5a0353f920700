/**
 * Decides whether a stage or step with `needs` or `makes` is up to date, and says why. It is, when
 * the command and all that it is given, the content of its needs, and what it made are as its last
 * run left them.
 */
import { hash } from "node:crypto";
import { posix } from "node:path";
import { orAborted } from "../../../protocol/system/until.js";
import type { PipelineTask } from "../../pipeline/definition.js";
import type {
  FeatureRun,
  PlacedTask,
  RunningFeature,
  TaskGuard,
  Verdict,
} from "../../pipeline/feature.js";
import {
  type CommandContext,
  directoryOf,
  runCommand,
  type TaskPlace,
  wordsText,
} from "../../pipeline/run/command.js";
import { findShell, shellText } from "../../pipeline/run/shell.js";
import { fill, fillWords, type Scope } from "../../pipeline/template.js";
import {
  type Contents,
  contentsOf,
  type Differences,
  differences,
  isNewer,
} from "./files/content.js";
import { circleText, orderOf, TOO_MANY_PATHS } from "./files/order.js";
import { filesOf, type PathsContext, type Pattern } from "./files/paths.js";
import { type Given, type Stamp, Stamps } from "./files/stamps.js";
import { isAsWalked } from "./files/walk.js";
import { type PathPattern, TaskFiles } from "./read.js";
import { type Reason, reasonOf, upToDateText } from "./reasons.js";

type Needs = Pick<Stamp, "needs" | "walked">;

/** Durations that a stamp keeps. */
const MOST_DURATIONS = 5;

/** What a run of a pipeline knows of files. */
interface Build extends FeatureRun {
  /** Null: no stamps are kept, so that everything runs. */
  stamps: Stamps | null;
  /** Who made a file anew, by its absolute path. */
  made: Map<string, string>;
}

/** Decides for all tasks of a run. */
export class FreshnessOfTasks implements RunningFeature {
  readonly #build: Build;
  readonly orderOfSteps = orderOfSteps;

  constructor(run: FeatureRun) {
    const { stampsDir } = run;
    this.#build = {
      ...run,
      stamps: stampsDir === null ? null : new Stamps(stampsDir),
      made: new Map(),
    };
  }

  hasRule(task: PipelineTask): boolean {
    return TaskFiles.of(task) !== undefined;
  }

  guard(context: CommandContext, task: PipelineTask, place: TaskPlace): TaskGuard {
    return new Freshness(context, this.#build, task, place);
  }

  end(): void {
    this.#build.stamps?.prune();
  }
}

class Freshness implements TaskGuard {
  readonly #signal: AbortSignal;
  readonly #cwd: string;
  readonly #scope: Scope;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #needs: readonly Pattern[];
  readonly #makes: readonly Pattern[];
  readonly #of: string;
  readonly #files: TaskFiles;
  #verdict: Promise<Verdict> | null = null;
  /** What the last look found. */
  #seen: ({ given: Given; before: Stamp | null } & Needs) | null = null;
  /** Its stamp could not be written: that is said once. */
  #isLost = false;

  constructor(
    private readonly context: CommandContext,
    private readonly build: Build,
    private readonly task: PipelineTask,
    private readonly place: TaskPlace,
  ) {
    const { file, variables } = context;
    const { env, scope } = variables.of(task, {}, place.values);
    this.#env = env;
    this.#scope = scope;
    // `hasRule` has said that the task has one.
    this.#files = TaskFiles.of(task)!;
    const { cwd, needs, makes } = patternsOf(file, task, this.#files, scope);
    this.#signal = AbortSignal.any([context.p.signal, context.deadline]);
    this.#cwd = cwd;
    this.#needs = needs;
    this.#makes = makes;
    const root = directoryOf(file, null, (template) => fill(template, scope));
    this.#of = JSON.stringify([
      file.path ?? file.pipeline.name,
      root,
      place.label,
      [...(place.values ?? [])],
      this.#makes.map(({ text }) => text),
    ]);
  }

  /** Looks once. @throws the error of a pattern, a file or a command of `needs` */
  look(): Promise<Verdict> {
    this.#verdict ??= this.#look();
    return this.#verdict;
  }

  async #look(): Promise<Verdict> {
    const before = this.build.stamps?.read(this.#of) ?? null;
    const given = await this.#given();
    const mayBeQuick = before !== null && before.at !== null && this.#forcedBy === null;
    const isQuick = mayBeQuick && (await this.#isAsWalked(before));
    const look = await this.#compare(before, given, isQuick);
    // What runs needs the errors of patterns, too.
    return look.isUpToDate || !isQuick ? look : await this.#compare(before, given, false);
  }

  /** @param isQuick - the needs are the files of the stamp */
  async #compare(before: Stamp | null, given: Given, isQuick: boolean): Promise<Verdict> {
    const { stamps } = this.build;
    const { needs, walked } = await this.#findNeeds(before, isQuick);
    this.#seen = { given, before, needs, walked };
    const runs = (why: string, changed: string | null): Verdict => ({
      isUpToDate: false,
      why,
      changed,
    });
    const forcedBy = this.#forcedBy;
    if (before === null) return runs(forcedBy ?? "no earlier run is known", null);
    if (before.at === null) return runs(forcedBy ?? "the last run has not succeeded", null);
    const changes = differences(before.needs, needs);
    const makes = await this.#contentsOf(before.makes.keys(), before.makes);
    const reason: Reason = {
      before,
      given,
      changes: this.#named(changes),
      made: differences(before.makes, makes),
    };
    const changed = reasonOf(reason);
    const why = changed ?? forcedBy;
    if (why !== null) return runs(why, changed);
    const isWalkNew = walked !== null && JSON.stringify(walked) !== JSON.stringify(before.walked);
    if (isWalkNew || isNewer(before.needs, needs) || isNewer(before.makes, makes))
      this.#write({ ...before, given, needs, walked, makes }, false);
    else stamps?.touch(this.#of);
    const saved = medianOf(before.seconds);
    const text = upToDateText({
      files: needs.size,
      outputs: this.#files.outputsOf.length,
      makes: makes.size,
      at: before.at,
    });
    return { isUpToDate: true, reason: text, saved, outputs: before.outputs };
  }

  /** Why it runs whatever its stamp says; null: it does not. */
  get #forcedBy(): string | null {
    const { isForced, from } = this.build;
    if (isForced) return "--force";
    const isNamed =
      from?.stage === this.place.stage && (from.step ?? this.task.name) === this.task.name;
    return isNamed ? "asked for by --from" : null;
  }

  /**
   * Whether the patterns and the directories are those of the stamp, so that they match the same
   * files.
   */
  async #isAsWalked({ walked }: Stamp): Promise<boolean> {
    if (walked === null || walked.patterns !== this.#patterns) return false;
    return orAborted(isAsWalked(walked.walk), this.#signal);
  }

  get #patterns(): string {
    return JSON.stringify([
      this.#cwd,
      ...[this.#needs, this.#makes].map((list) => list.map(({ text }) => text)),
    ]);
  }

  async #findNeeds(before: Stamp | null, isQuick: boolean): Promise<Needs> {
    if (isQuick) {
      const needs = await this.#contentsOf(before!.needs.keys(), before!.needs);
      return { needs, walked: before!.walked };
    }
    const { files, walk } = await this.#filesOf(this.#needs, this.#paths("needs", this.#makes));
    const needs = await this.#contentsOf(files, before?.needs);
    return { needs, walked: walk && { patterns: this.#patterns, walk } };
  }

  async #filesOf(patterns: readonly Pattern[], context: PathsContext) {
    if (patterns.length === 0) return { files: [], walk: [] };
    return orAborted(filesOf(patterns, context), this.#signal);
  }

  /** Call before the command runs: a stamp of an earlier run is no longer valid. */
  begins(): void {
    const { given, needs, walked, before } = this.#seen!;
    const isValid = before !== null && before.at !== null;
    const seconds = before?.seconds ?? [];
    const stamp = {
      given,
      needs,
      walked,
      makes: before?.makes ?? new Map(),
      at: null,
      seconds,
      outputs: {},
    };
    // Only a valid one may not come back after a power cut. The first one tells the next run of a
    // failure.
    if (isValid || before === null) this.#write(stamp, isValid);
  }

  /** Call after the command: stamps it. @throws the error of a file that it should have made */
  async ended(seconds: number, outputs: Record<string, string>): Promise<void> {
    const { given, needs, walked, before } = this.#seen!;
    const context = this.#paths("makes", []);
    const { files: paths } = await this.#filesOf(this.#makes, {
      ...context,
      fail: (pattern, why) =>
        why === null
          ? this.#fail(pattern, `"${this.place.label}" did not make ${pattern.text}`)
          : context.fail(pattern, why),
    });
    const makes = await this.#contentsOf(paths, undefined);
    const anew = differences(before?.makes ?? new Map(), makes);
    for (const path of [...anew.added, ...anew.changed])
      this.build.made.set(posix.resolve(this.#cwd, path), this.place.label);
    const durations = [seconds, ...(before?.seconds ?? [])].slice(0, MOST_DURATIONS);
    this.#write(
      { given, needs, walked, makes, at: new Date().toISOString(), seconds: durations, outputs },
      false,
    );
  }

  #write(stamp: Stamp, isDurable: boolean): void {
    if (this.#isLost) return;
    const { p } = this.context;
    try {
      this.build.stamps?.write(this.#of, stamp, isDurable);
    } catch (error) {
      this.#isLost = true;
      p.log(
        `the stamp cannot be written, so that this runs again the next time: ${(error as Error).message}`,
      );
    }
  }

  async #given(): Promise<Given> {
    const { task } = this;
    const { run } = task;
    const shell = findShell("PATH" in this.#env ? this.#env.PATH : process.env.PATH, this.#cwd);
    const text = run.kind === "script" ? run.script : fillWords(run.words, this.#scope);
    return {
      command: sum(JSON.stringify(text)),
      shell: run.kind === "script" ? shellText(shell) : "",
      directory: this.#cwd,
      outputs: task.outputs.join(" "),
      values: this.#values(),
      printed: await this.#printed(),
    };
  }

  /**
   * All that a script can read. A secret counts by where it comes from, because a hash of a short
   * one tells it.
   */
  #values(): Record<string, string> {
    const { context, build } = this;
    const { params } = context.file.pipeline;
    const secrets = new Set(params.flatMap(({ name, secret }) => (secret ? [name] : [])));
    const values = Object.entries(this.#env).flatMap(([name, value]) => {
      if (value === undefined) return [];
      if (secrets.has(name)) return [[name, sum(String(build.params[name]))]];
      return [[name, context.p.masker.finds(value) ? "secret" : sum(value)]];
    });
    return Object.fromEntries(values) as Record<string, string>;
  }

  async #printed(): Promise<Record<string, string>> {
    const { context, task, place } = this;
    const printed: [string, string][] = [];
    for (const command of this.#files.outputsOf) {
      const text = command.kind === "script" ? command.script.trim() : wordsText(command.words);
      const { stdout } = await runCommand(
        context,
        { ...task, tty: false },
        {
          label: `needs of "${place.label}"`,
          own: { LIVEOPS_STAGE: place.stage },
          values: place.values,
          instead: { command, of: "output" },
        },
      );
      printed.push([text, sum(context.p.masker.mask(stdout ?? ""))]);
    }
    return Object.fromEntries(printed);
  }

  #paths(key: string, except: readonly Pattern[]): PathsContext {
    const fail = (pattern: Pattern, why: string | null) => {
      const what = why ?? `no file matches ${pattern.text}${this.#hintAt(pattern)}`;
      return this.#fail(pattern, `${key} of "${this.place.label}": ${what}`);
    };
    return { cwd: this.#cwd, except, signal: this.#signal, fail };
  }

  /** In other tools, `needs` names jobs. */
  #hintAt({ text }: Pattern): string {
    const stage = this.context.file.pipeline.stages.find(
      ({ name }) => name.toLowerCase() === text.toLowerCase(),
    );
    if (stage === undefined) return "";
    return `, and "${stage.name}" is a stage; needs takes files, and stages run in the order of the file`;
  }

  #contentsOf(paths: Iterable<string>, known: Contents | undefined): Promise<Contents> {
    const [place = null] = [...this.#needs, ...this.#makes];
    const fail = (path: string, why: string) => this.#fail(place, `cannot read ${path}: ${why}`);
    const signal = this.#signal;
    return orAborted(contentsOf(paths, { cwd: this.#cwd, known, signal, fail }), signal);
  }

  #fail(pattern: Pattern | null, why: string): Error {
    const path = pattern?.file ?? this.context.file.path;
    const place = pattern === null ? "" : `:${pattern.line}:${pattern.column}`;
    const error = new Error(`${why} (at ${path ?? "stdin"}${place})`);
    // The stack shows only liveops.
    delete error.stack;
    return error;
  }

  /** With who made a file anew in this run. */
  #named({ changed, added, gone }: Differences): Reason["changes"] {
    const by = (path: string) => this.build.made.get(posix.resolve(this.#cwd, path)) ?? null;
    return { changed: changed.map((path) => ({ path, by: by(path) })), added, gone };
  }
}

function sum(text: string): string {
  return hash("sha256", text, "base64url").slice(0, 22);
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function patternsOf(
  file: CommandContext["file"],
  task: PipelineTask,
  files: TaskFiles,
  scope: Scope,
) {
  return {
    cwd: directoryOf(file, task.cwd, (template) => fill(template, scope)),
    needs: files.needs.map((pattern) => filled(pattern, scope)),
    makes: files.makes.map((pattern) => filled(pattern, scope)),
  };
}

/**
 * For each step, the places of the steps that make what it needs.
 *
 * @throws Error if steps need in a circle what the others make
 */
function orderOfSteps(
  { file, variables }: CommandContext,
  stage: string,
  steps: readonly PlacedTask[],
): number[][] {
  const textsOf = (patterns: readonly Pattern[]) => patterns.map(({ text }) => text);
  const { after, circle } = orderOf(
    steps.map(({ task, values }) => {
      const { name } = task;
      const files = TaskFiles.of(task);
      if (files === undefined) return { name, cwd: "", needs: [], makes: [] };
      const { scope } = variables.of(task, {}, values);
      const { cwd, needs, makes } = patternsOf(file, task, files, scope);
      return { name, cwd, needs: textsOf(needs), makes: textsOf(makes) };
    }),
  );
  if (after !== null) return after;
  const error = new Error(
    circle === null
      ? `steps of "${stage}": ${TOO_MANY_PATHS}`
      : `no step of "${stage}" can start first, because ${circleText(circle)}`,
  );
  delete error.stack;
  throw error;
}

/** A value is taken as it is: it is no pattern. */
function filled({ text, line, column }: PathPattern, scope: Scope): Pattern {
  const parts = text.map((part) =>
    "text" in part ? part.text : fill([part], scope).replace(/[\\*?[\]{}()!|]/g, "\\$&"),
  );
  return { text: parts.join(""), line, column };
}
