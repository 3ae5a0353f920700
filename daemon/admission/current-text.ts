/** `retry` with `current`: reads a pipeline file again, so that the next attempt runs its present text. */
import { Refusal } from "../../protocol/errors.js";
import type { Changes } from "../../protocol/event.js";
import type { Operation } from "../../protocol/operation.js";
import { IrregularFileError, readRegularFile } from "../../protocol/system/own-file.js";
import type { Parts } from "../compose.js";
import { editedBy } from "./steps.js";

/** The shipped type that has the text and the path of a file as parameters. */
const ANY_FILE = "pipeline";

/** A pipeline has at most 64 KiB. */
const MOST_BYTES = 64 * 1024;

/**
 * What changes with the present text. The text is checked, and the parameters too.
 *
 * @throws Refusal if the type comes from no file, or the file is not a valid pipeline now
 */
export async function readCurrent(context: Parts, id: string): Promise<Changes> {
  const { types, store, view } = context;
  const { record } = await view.find(id);
  const { op } = record;
  const before = paramsOf(context, record);
  const params = op === ANY_FILE ? { ...before, text: textOf(before.path) } : before;
  const answers = await types.prepare([{ op, input: { params } }]);
  if (!Array.isArray(answers)) throw answers.refusal;
  const changes = editedBy(answers[0]!);
  if (op !== ANY_FILE && changes.source === undefined)
    throw new Refusal(
      "LIVEOPS_BAD_REQUEST",
      `${op} is not a pipeline: a retry always runs its present code; leave out current`,
    );
  if (store.payloads.isLarge(changes.params))
    throw new Refusal(
      "LIVEOPS_TOO_LARGE",
      "the file and its parameters have more than 16 KiB together: submit the file again, with liveops submit",
    );
  return changes;
}

function paramsOf({ store }: Parts, { id, params, omitted }: Operation): Record<string, unknown> {
  return omitted?.params === undefined
    ? params
    : (store.payloads.read(id, "params") as Record<string, unknown>);
}

function textOf(path: unknown): string {
  if (typeof path !== "string")
    throw new Refusal(
      "LIVEOPS_BAD_REQUEST",
      "the pipeline was read from stdin, so no file has a newer text; submit the new text instead",
    );
  try {
    return readRegularFile(path, MOST_BYTES).toString("utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = error instanceof IrregularFileError ? message : `${path} cannot be read: ${code}`;
    throw new Refusal("LIVEOPS_BAD_REQUEST", `${why}; leave out current to run the text of the submit`);
  }
}
