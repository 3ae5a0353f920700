/** `--label TEXT`. */
import { UsageError } from "../../protocol/command/failures.js";
import { MAX_LABEL } from "../../protocol/limits.js";

/** @throws UsageError where it is longer than a label may be. */
export function givenLabel(text: string | undefined): string | undefined {
  if (text === undefined || text.length <= MAX_LABEL) return text;
  throw new UsageError(`--label has ${text.length} characters; ${MAX_LABEL} are possible`);
}
