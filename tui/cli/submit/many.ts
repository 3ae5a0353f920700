/** `submit --each`: many operations from one file, in requests of up to 1,000. */

import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import type { Client } from "../../../protocol/client/client.js";
import { newKey } from "../../../protocol/client/idempotency-key.js";
import { LiveopsError } from "../../../protocol/errors.js";
import { UsageError } from "../../../protocol/failures.js";
import { MAX_BATCH } from "../../../protocol/limits.js";
import type { Operation } from "../../../protocol/operation.js";
import type { SubmitBody } from "../../../protocol/requests.js";
import { count } from "../../../protocol/text/count.js";
import { addSecretValues, type SecretValues, withSecretValues } from "../../kit/secret-values.js";

/** Bytes of one request at most: the daemon takes 4 MiB by default. */
const MOST_BYTES = 2 * 1024 * 1024;

/** One operation, and the line that it comes from. */
export interface Numbered {
  line: number;
  body: SubmitBody;
}

/**
 * The operations of `--each`: one for each line of the text, which replaces `{}` in the arguments.
 *
 * @param make - the body for these words; `replaced` replaces `{}` in a word
 * @throws UsageError where no argument has `{}`
 */
export function eachBodies(
  text: string,
  words: readonly string[],
  make: (replaced: (word: string) => string) => SubmitBody,
): Numbered[] {
  if (!words.some((word) => word.includes("{}")))
    throw new UsageError(
      "--each: no argument has {}, which each line replaces",
      "liveops submit --each files.txt -- gzip {}",
    );
  return linesOf(text).map(({ line, text: item }) => ({
    line,
    body: make((word) => word.replaceAll("{}", () => item)),
  }));
}

/** Without empty lines. */
function linesOf(text: string): Array<{ line: number; text: string }> {
  return text
    .split("\n")
    .map((each, index) => ({ line: index + 1, text: each.replace(/\r$/, "") }))
    .filter((each) => each.text.trim() !== "");
}

/**
 * The text of a file, or of stdin for `-`.
 *
 * @throws UsageError where it cannot be read, or JSON cannot hold a line: another text would name
 *   another file
 */
export function readLinesOf(path: string): string {
  const source = path === "-" ? "stdin" : path;
  let bytes: Buffer;
  try {
    bytes = readFileSync(path === "-" ? 0 : path);
  } catch (error) {
    throw new UsageError(`--each: ${source} cannot be read: ${(error as Error).message}`);
  }
  if (!isUtf8(bytes)) throw unfitLine(bytes, source);
  return bytes.toString("utf8").replace(/^\ufeff/, "");
}

/** The error for the first line that is not UTF-8. */
function unfitLine(bytes: Buffer, source: string): UsageError {
  for (let line = 1, from = 0; ; line++) {
    const end = bytes.indexOf("\n", from);
    const its = bytes.subarray(from, end === -1 ? bytes.length : end);
    if (!isUtf8(its) || end === -1)
      return new UsageError(
        `${source}, line ${line} is not valid UTF-8: ${JSON.stringify(its.toString("utf8"))}; nothing was submitted`,
        "parameters are JSON, which holds no other bytes; rename the file, or let an operation read the list",
      );
    from = end + 1;
  }
}

/**
 * Submits all operations, in their order. Each request is recorded as a whole or not at all.
 *
 * @param onSubmitted - called after each request with its operations
 * @throws Error that names the line which the daemon refuses, and how many operations were
 *   submitted before
 */
export async function submitAll(
  client: Client,
  all: readonly Numbered[],
  onSubmitted: (operations: Operation[]) => void,
): Promise<number> {
  let submitted = 0;
  for (const part of partsOf(all)) {
    try {
      const key = newKey();
      const send = (values: SecretValues) =>
        client.submit(
          part.map(({ body }) => addSecretValues(body, values)),
          key,
        );
      const operations = await withSecretValues(client.socket, send);
      submitted += operations.length;
      onSubmitted(operations);
    } catch (error) {
      throw withLine(error, part, submitted);
    }
  }
  return submitted;
}

function partsOf(all: readonly Numbered[]): Numbered[][] {
  const parts: Numbered[][] = [];
  let bytes = 0;
  for (const each of all) {
    const size = Buffer.byteLength(JSON.stringify(each.body));
    const last = parts.at(-1);
    if (last === undefined || last.length >= MAX_BATCH || bytes + size > MOST_BYTES) {
      parts.push([each]);
      bytes = size;
    } else {
      last.push(each);
      bytes += size;
    }
  }
  return parts;
}

/** The daemon names the item of the request; a person knows the line of the file. */
function withLine(error: unknown, part: readonly Numbered[], submitted: number): unknown {
  if (!(error instanceof LiveopsError)) return error;
  const before =
    submitted === 0
      ? "nothing was submitted"
      : `${count(submitted, "operation")} before this part ${submitted === 1 ? "was" : "were"} submitted`;
  // An error of the schema names its place in the body.
  error.message = error.message.replaceAll(/the body's \[(\d+)\](\.?)/g, (_, index, dot) => {
    return `line ${part[Number(index)]!.line}${dot === "" ? "" : "'s "}`;
  });
  const item = /^batch of \d+ rejected: item (\d+): /.exec(error.message);
  const line = item ? part[Number(item[1]) - 1]?.line : undefined;
  if (item && line !== undefined)
    error.message = `line ${line}: ${error.message.slice(item[0].length)}; ${before}`;
  else if (submitted > 0) error.message += `; ${before}`;
  return error;
}
