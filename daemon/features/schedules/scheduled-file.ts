/** The pipeline file of a schedule: each run reads it, as a line of a crontab reads its script. */
import { readFile, stat } from "node:fs/promises";
import { Refusal } from "../../../protocol/errors.js";
import type { SubmitBody } from "../../../protocol/requests.js";
import { pathProblem } from "../../../protocol/system/owned-path.js";

/** Most bytes of a file: a device or a log must not fill the memory. */
const MOST_BYTES = 4 * 1024 * 1024;

const FAILURES: Record<string, string> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EACCES: "permission denied",
};

/**
 * The submit with the present text of the file.
 *
 * @throws Refusal where the file cannot be read, or another user could have written it
 */
export async function withText(submit: SubmitBody, file: string): Promise<SubmitBody> {
  const problem = pathProblem(file);
  if (problem !== null) throw notRead(problem);
  try {
    const found = await stat(file);
    if (!found.isFile()) throw notRead(`${file} is not a file`);
    if (found.size > MOST_BYTES) throw notRead(`${file} is larger than ${MOST_BYTES} bytes`);
    const text = (await readFile(file, "utf8")).replace(/^\ufeff/, "");
    return { ...submit, params: { ...submit.params, text, path: file } };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw notRead(`${file} cannot be read: ${FAILURES[code] ?? message}`);
  }
}

/** The submit as a schedule keeps it: without a text that is read anew. */
export function withoutText(submit: SubmitBody, file: string): SubmitBody {
  const { text: _text, ...params } = submit.params ?? {};
  return { ...submit, params: { ...params, path: file } };
}

function notRead(why: string): Refusal {
  return new Refusal("LIVEOPS_BAD_REQUEST", `the pipeline file: ${why}`);
}
