/** The reason of a failure for a notice: the lines with which its `Why` begins. The record alone tells them. */
import { failureLines } from "../../../protocol/text/failure-lines.js";
import type { Entry } from "../../store/decision.js";
import type { Secrets } from "../../store/submitted-secrets.js";
import { cleaner, maskerOf } from "./bounds.js";
import { commandOf, errorOf } from "./failure.js";

export function reasonOf(entry: Pick<Entry, "record" | "env">, secrets: Secrets | undefined): string[] {
  const { record } = entry;
  const failure = errorOf(record, [], commandOf(record));
  if (failure === null) return [];
  const clean = cleaner(maskerOf(entry, secrets));
  return failureLines(failure, record.attempt).map(({ text }) => clean(text));
}
