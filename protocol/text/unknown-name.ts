/** The words for an unknown operation type or stage: similar names, otherwise the known ones. */
import { Refusal } from "../errors.js";
import { nearest } from "./nearest.js";

/** Names that a message lists. */
const MOST = 12;

/** Characters of the name that the message shows. */
const MOST_LETTERS = 200;

/**
 * @param notLoaded - how many files did not load: the type may be in one of them
 * @param reason - why the file that should define the type does not; null if no file is known
 */
export function unknownType(
  op: string,
  names: Iterable<string>,
  notLoaded: number,
  reason: string | null = null,
): Refusal {
  const name = quoted(op);
  if (reason !== null)
    return new Refusal("LIVEOPS_NO_SUCH_TYPE", `there is no operation type ${name}: ${reason}`);
  const all = [...names];
  const near = nearest(op, all);
  const files =
    notLoaded === 0
      ? ""
      : ` (${notLoaded === 1 ? "1 file does" : `${notLoaded} files do`} not load; see: liveops ops)`;
  return new Refusal(
    "LIVEOPS_NO_SUCH_TYPE",
    `there is no operation type ${name}${files}; ${near.length > 0 ? `did you mean ${near.join(", ")}?` : thereAre(all)}`,
    { nearest: near },
  );
}

function thereAre(names: string[]): string {
  if (names.length === 0) return "no types exist; create one with: liveops new";
  const more = names.length > MOST ? `, and ${names.length - MOST} more (see: liveops ops)` : "";
  return `the types are ${names.slice(0, MOST).join(", ")}${more}`;
}

/** The message for a name that is not a stage of an operation. */
export function unknownStage(
  name: string,
  op: string,
  stages: readonly string[],
): { message: string; nearest: string[] } {
  const near = nearest(name, stages);
  const more = stages.length > MOST ? `, and ${stages.length - MOST} more` : "";
  const all = `${stages.slice(0, MOST).join(", ")}${more}`;
  let hint = stages.length > 0 ? `its stages: ${all}` : "it has no stages";
  if (near.length > 0) hint = `did you mean ${near.join(", ")}? Its stages: ${all}`;
  return { message: `${quoted(name)} is not a stage of ${op}; ${hint}`, nearest: near };
}

/**
 * The message for a name that is not a step.
 *
 * @param of - what the steps are of: a stage or an operation
 */
export function unknownStep(
  name: string,
  of: string,
  steps: readonly string[],
): { message: string; nearest: string[] } {
  const near = nearest(name, steps);
  const more = steps.length > MOST ? `, and ${steps.length - MOST} more` : "";
  const all =
    steps.length === 0 ? "it had no steps" : `its steps: ${steps.slice(0, MOST).join(", ")}${more}`;
  const hint = near.length > 0 ? `did you mean ${near.join(", ")}? ` : "";
  return {
    message: `${quoted(name)} is not a step of ${of}; ${hint}${all}`,
    nearest: near,
  };
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, MOST_LETTERS));
}
