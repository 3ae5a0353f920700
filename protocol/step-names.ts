/** Names of steps: `Check/unit` is the step `unit` of the stage `Check`. */

/**
 * The stage and the step that a person names. A stage may have a `/` in its name, so that a stage of the whole name
 * comes first, and then the longest stage before a `/`.
 *
 * @returns null if no stage fits
 */
export function stageAndStep(
  name: string,
  stages: readonly string[],
): { stage: string; step: string | null } | null {
  if (stages.includes(name)) return { stage: name, step: null };
  const fitting = stages.filter((stage) => name.startsWith(`${stage}/`) && name.length > stage.length + 1);
  const stage = fitting.toSorted((a, b) => b.length - a.length)[0];
  return stage === undefined ? null : { stage, step: name.slice(stage.length + 1) };
}
