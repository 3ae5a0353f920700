/** `--params JSON|@file|-`: an object, from the command line, a file or stdin. */
import { readFileSync } from "node:fs";
import { UsageError } from "../../protocol/command/failures.js";
import { isDeeper, lossInText } from "../../protocol/json-loss.js";
import { MAX_DEPTH } from "../../protocol/limits.js";

/** @throws UsageError where it can't be read, or is no JSON object. */
export function givenParams(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  const source = text === "-" ? "stdin" : text.startsWith("@") ? text.slice(1) : "--params";
  const json = source === "--params" ? text : read(text === "-" ? 0 : source, source);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new UsageError(
      `${source} is not JSON: ${(error as Error).message}`,
      `give an object: --params '{"name": "value"}', --params @file.json, or - for stdin`,
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError(`${source} must hold a JSON object, such as {"name": "value"}`);
  }
  if (isDeeper(value, MAX_DEPTH))
    throw new UsageError(
      `${source} is nested more than ${MAX_DEPTH} levels deep; pass the path of a file instead`,
    );
  const loss = lossInText(json, value);
  if (loss !== null) throw new UsageError(`${source}: ${loss.problem}`);
  return value as Record<string, unknown>;
}

function read(from: string | number, source: string): string {
  try {
    // Some editors begin a file with a mark of its encoding, which JSON does not know.
    return readFileSync(from, "utf8").replace(/^\ufeff/, "");
  } catch (error) {
    throw new UsageError(`--params: ${source} cannot be read: ${(error as Error).message}`);
  }
}
