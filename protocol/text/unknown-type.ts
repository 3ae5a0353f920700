/** The refusal for an unknown operation type. It suggests near names, otherwise it lists the known types. */
import { Refusal } from "../errors.js";
import { nearest } from "./nearest.js";

/** Names listed if none is near. */
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
  const name = JSON.stringify(op.slice(0, MOST_LETTERS));
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
