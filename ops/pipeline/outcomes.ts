/** The variables that tell later commands how a stage ended. */

/**
 * How a stage ended. In `finally` also `cancelled` and `timeout`, and an empty text if the stage
 * did not run.
 */
export type StageOutcome = "succeeded" | "failed" | "skipped" | "cancelled" | "timeout" | "";

/**
 * `LIVEOPS_OUTCOME_UNIT_TESTS` for the stage "Unit tests": the name in capitals, with `_` for all
 * that is no letter of ASCII and no digit. Null: the name has none of these.
 */
export function outcomeVariable(stage: string): string | null {
  const name = stage.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_|_$/g, "");
  return name === "" ? null : `LIVEOPS_OUTCOME_${name.toUpperCase()}`;
}

/** The stages of each variable. Of a variable with several stages, no stage has a value. */
export function outcomeVariables(stages: readonly string[]): Map<string, string[]> {
  const variables = new Map<string, string[]>();
  for (const stage of stages) {
    const name = outcomeVariable(stage);
    if (name !== null) variables.set(name, [...(variables.get(name) ?? []), stage]);
  }
  return variables;
}
