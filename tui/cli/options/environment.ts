/** The environment that a command gives to an operation: `--env`, `--env-file`, and what the config file allows. */
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { submitVariables } from "../../../protocol/client/submit-place.js";
import { isReserved, type Variables } from "../../../protocol/environment.js";
import { UsageError } from "../../../protocol/failures.js";
import type { SubmitOption } from "./option.js";

/** An `--env` or `--env-file` of the command line. */
type GivenVariable = { word: string } | { file: string };

export interface EnvironmentOptions {
  /** All these options together, in the order of the command line. */
  env?: GivenVariable[];
}

export const ENVIRONMENT: SubmitOption<EnvironmentOptions> = {
  add(command) {
    const given: GivenVariable[] = [];
    const add = (variable: GivenVariable) => {
      given.push(variable);
      command.setOptionValue("env", given);
      return given;
    };
    command
      .option(
        "--env <name[=value]>",
        "Set an environment variable of the operation; without =value, send the value of this shell (repeatable)",
        (word: string) => add({ word }),
      )
      .option(
        "--env-file <file>",
        "Set the variables of a file with lines NAME=value; later options override earlier ones (repeatable)",
        (file: string) => add({ file }),
      );
  },
  fields(given, { form, client, allow }) {
    const env = givenVariables(given);
    if (form === "again" || form === "edit") return Object.keys(env).length === 0 ? {} : { env };
    return { env: { ...submitVariables(client.socket, allow), ...env } };
  },
};

/**
 * The variables of the command line; a later option overrides an earlier one.
 *
 * @throws UsageError where a variable is not set, a name is not valid, or a file cannot be read
 */
export function givenVariables(
  options: EnvironmentOptions,
  env: Variables = process.env,
): Record<string, string> {
  const given: Record<string, string> = {};
  for (const variable of options.env ?? []) Object.assign(given, variablesOf(variable, env));
  return given;
}

function variablesOf(variable: GivenVariable, env: Variables): Record<string, string> {
  return "file" in variable ? fromFile(variable.file) : fromWord(variable.word, env);
}

function fromWord(word: string, env: Variables): Record<string, string> {
  const cut = word.indexOf("=");
  const name = cut === -1 ? word : word.slice(0, cut);
  checkName(`--env ${word}`, name);
  if (cut !== -1) return { [name]: word.slice(cut + 1) };
  const value = env[name];
  if (value !== undefined) return { [name]: value };
  throw new UsageError(
    `--env ${name}: the variable is not set in this shell`,
    `set it, or give a value: --env ${name}=VALUE`,
  );
}

function fromFile(file: string): Record<string, string> {
  let text: string;
  try {
    // Some editors begin a file with a byte order mark.
    text = readFileSync(file, "utf8").replace(/^\ufeff/, "");
  } catch (error) {
    throw new UsageError(`--env-file: ${file} cannot be read: ${(error as Error).message}`);
  }
  const variables = parseEnv(text) as Record<string, string>;
  for (const [name, value] of Object.entries(variables)) {
    checkName(`--env-file ${file}`, name);
    if (value.includes("\0")) throw new UsageError(`--env-file ${file}: ${name} contains a null character`);
  }
  if (Object.keys(variables).length === 0 && /^\s*[^#\s]/m.test(text))
    throw new UsageError(`--env-file ${file}: no line has the form NAME=value`);
  return variables;
}

function checkName(where: string, name: string): void {
  if (name === "" || /[\s\0]/.test(name))
    throw new UsageError(`${where}: ${JSON.stringify(name)} is not the name of a variable; give NAME=value`);
  if (isReserved(name))
    throw new UsageError(`${where}: the name ${name} is reserved for liveops; leave it out`);
}
