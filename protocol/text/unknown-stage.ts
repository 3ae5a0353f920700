/** The message for a name that is not a stage of an operation. It suggests near names and lists the stages. */
import { nearest } from "./nearest.js";

/** Stages that the message lists. */
const MOST = 12;

/** Characters of the name that the message shows. */
const MOST_LETTERS = 200;

export interface UnknownStage {
  message: string;
  nearest: string[];
}

export function unknownStage(name: string, op: string, stages: readonly string[]): UnknownStage {
  const near = nearest(name, stages);
  const more = stages.length > MOST ? `, and ${stages.length - MOST} more` : "";
  const all = `${stages.slice(0, MOST).join(", ")}${more}`;
  const hint =
    near.length > 0
      ? `did you mean ${near.join(", ")}? Its stages: ${all}`
      : stages.length > 0
        ? `its stages: ${all}`
        : "it has no stages";
  const quoted = JSON.stringify(name.slice(0, MOST_LETTERS));
  return { message: `${quoted} is not a stage of ${op}; ${hint}`, nearest: near };
}
