import type { OperationError } from "../operation.js";

/**
 * The file and the line, as an editor opens it; of a script whose line is not known:
 * `ci.yaml:10–12`.
 */
export const placeText = ({ file, line, to }: NonNullable<OperationError["place"]>): string =>
  `${file}:${line}${to === undefined ? "" : `–${to}`}`;
