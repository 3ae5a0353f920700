/**
 * Decides for each stage whether a later attempt may use what an earlier attempt stored. A stage stays done as long as
 * its own text and the params that it can see are the same, and no stage before it has run again since.
 */
import { createHash } from "node:crypto";
import type { Command, Pipeline, PipelineStage, Template } from "../definition.js";

/** What is stored of a stage that succeeded. */
export interface StageRecord {
  fingerprint: string;
  /** For each stage before: the attempt in which its command succeeded last; null: skipped, or an allowed failure. */
  after: Array<number | null>;
  exitCode: number | null;
  /** Runs of the command. */
  attempts: number;
  seconds: number;
  outputs: Record<string, string>;
}

export class Resume {
  /** As `after` of the next stage. */
  readonly #done: Array<number | null> = [];

  /**
   * @param params - parsed; a secret is its reference
   * @param attempt - number of this attempt
   */
  constructor(
    private readonly pipeline: Pipeline,
    private readonly params: Readonly<Record<string, unknown>>,
    readonly attempt: number,
  ) {}

  /** @returns why the stage runs again although an earlier attempt has finished it; null: the stored value counts */
  whyAgain(stage: PipelineStage, stored: unknown): string | null {
    const { fingerprint, after = [] } = (stored ?? {}) as Partial<StageRecord>;
    if (fingerprint !== this.fingerprint(stage)) return "the stage's script changed";
    const changed = this.#done.findIndex((attempt, index) => attempt !== after[index]);
    if (changed === -1 && after.length === this.#done.length) return null;
    const before = this.pipeline.stages[changed];
    return before === undefined
      ? "the stages before it changed"
      : `the stage "${before.name}" before it ran again`;
  }

  /** Call after each stage. @param attempt - in which its command succeeded; null: it did not */
  passed(attempt: number | null): void {
    this.#done.push(attempt);
  }

  /** The parts of a stage's record that a later attempt compares. */
  basis(stage: PipelineStage): Pick<StageRecord, "fingerprint" | "after"> {
    return { fingerprint: this.fingerprint(stage), after: [...this.#done] };
  }

  /** A hash of all that decides what the command of a stage does, without the outputs of earlier stages. */
  fingerprint({ run, when, env, cwd, outputs }: PipelineStage): string {
    const { pipeline, params } = this;
    const text = JSON.stringify([
      commandOf(run),
      when && commandOf(when),
      [...env],
      cwd,
      outputs,
      [...pipeline.env],
      pipeline.cwd,
      pipeline.params.map(({ name, secret }) => [name, secret, params[name] ?? null]),
    ]);
    return createHash("sha256").update(text).digest("hex");
  }
}

/** Without the line, which an edit of another stage moves. */
function commandOf(command: Command): string | readonly Template[] {
  return command.kind === "script" ? command.script : command.words;
}
