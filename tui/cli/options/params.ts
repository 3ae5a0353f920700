/** `--params` and `--tty`. */
import { readFileSync } from "node:fs";
import { UsageError } from "../../../protocol/failures.js";
import { MAX_DEPTH } from "../../../protocol/limits.js";
import { isDeeper, lossInText } from "../../../protocol/text/json-loss.js";
import type { SubmitOption } from "./option.js";

export interface ParamsOptions {
  params?: string;
  tty?: boolean;
}

const NEW =
  "Parameters as a JSON object, @file, or - for stdin; name=value arguments override them";
const TEXTS = {
  submit: NEW,
  run: NEW,
  schedule: NEW,
  again: "Replace all parameters: a JSON object, @file, or - for stdin",
};

export const PARAMS: SubmitOption<ParamsOptions> = {
  add(command, form) {
    if (form === "edit") return;
    command.option("--params <json>", TEXTS[form]);
    if (form === "submit" || form === "run")
      command.option(
        "--tty",
        "Run the program on a terminal, as tty=true; liveops attach answers its questions",
      );
  },
  // The commands read these flags, because a pipeline file changes the parameters.
};

/** The arguments with that of `--tty`, which a type without the parameter refuses. */
export function withTty(set: string[], tty = false): string[] {
  return tty ? [...set, "tty=true"] : set;
}

/**
 * The object of `--params JSON|@file|-`; undefined where the option is absent.
 *
 * @throws UsageError where the parameters cannot be read, or are not a JSON object
 */
export function givenParams(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  let source = text.startsWith("@") ? text.slice(1) : "--params";
  if (text === "-") source = "stdin";
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
    // Some editors begin a file with a byte order mark, which JSON.parse refuses.
    return readFileSync(from, "utf8").replace(/^\ufeff/, "");
  } catch (error) {
    throw new UsageError(`--params: ${source} cannot be read: ${(error as Error).message}`);
  }
}
