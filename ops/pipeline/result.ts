/** The result of a pipeline, and its text. */

export interface StageResult {
  /** Null: the stage was skipped, or ended by a signal or its timeout. */
  exitCode: number | null;
  /** The signal that ended the command; absent after an exit. */
  signal?: string;
  /** Runs of the command. */
  attempts: number;
  /** Duration of the last run. */
  seconds: number;
  /** Why the stage was skipped. */
  skipped?: string;
  /** The stage failed, and the pipeline continued. */
  allowedFailure?: true;
}

export interface PipelineResult {
  /** Of the command that failed, or of the last command. */
  exitCode: number | null;
  /** The signal that ended the command that failed; absent after an exit. */
  signal?: string;
  /** Absent if no stage failed. */
  failedStage?: string;
  stages: Record<string, StageResult>;
  outputs: Record<string, string>;
  /** What went wrong and did not fail the pipeline. */
  warnings?: string[];
}

/** The outputs, one a line, and the warnings; without outputs, the number of stages. */
export function pipelineResultText({ stages, outputs, warnings = [] }: PipelineResult): string {
  const lines = Object.entries(outputs).map(([name, value]) =>
    value.includes("\n") ? `${name}:\n${value.replace(/^/gm, "  ")}` : `${name}=${value}`,
  );
  if (lines.length === 0) lines.push(countText(Object.values(stages)));
  return [...lines, ...warnings.map((warning) => `warning: ${warning}`)].join("\n");
}

function countText(stages: StageResult[]): string {
  const skipped = stages.filter((stage) => stage.skipped !== undefined).length;
  const failed = stages.filter((stage) => stage.allowedFailure).length;
  const done = stages.length - skipped - failed;
  const parts = [`${done} of ${stages.length} stages done`];
  if (skipped > 0) parts.push(`${skipped} skipped`);
  if (failed > 0) parts.push(`${failed} failed, which is allowed`);
  return parts.join(", ");
}
