/** The one refusal for an operation type that is not there: with near names, else with those there are. */
import { Refusal } from "./errors.js";
import { nearest } from "./nearest.js";

/** Names listed where none is near. */
const MOST = 12;

/** Of the name that is shown. */
const MOST_LETTERS = 200;

/** @param notLoaded - how many files did not load: the type may be in one of them */
export function unknownType(op: string, names: Iterable<string>, notLoaded: number): Refusal {
  const all = [...names];
  const near = nearest(op, all);
  const files =
    notLoaded === 0
      ? ""
      : ` (${notLoaded === 1 ? "1 file does" : `${notLoaded} files do`} not load: liveops ops)`;
  return new Refusal(
    "LIVEOPS_NO_SUCH_TYPE",
    `there is no operation type ${JSON.stringify(op.slice(0, MOST_LETTERS))}${files}; ${near.length > 0 ? `did you mean ${near.join(", ")}?` : thereAre(all)}`,
    { nearest: near },
  );
}

function thereAre(names: string[]): string {
  if (names.length === 0) return "there are none; liveops new writes one";
  const more = names.length > MOST ? `, and ${names.length - MOST} more: liveops ops lists them` : "";
  return `there are ${names.slice(0, MOST).join(", ")}${more}`;
}
