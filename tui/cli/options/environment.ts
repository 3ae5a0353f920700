/**
 * The environment that a command gives to an operation: `--env`, and what the config file allows.
 */
import { submitVariables } from "../../../protocol/client/submit-place.js";
import { isReserved, type Variables } from "../../../protocol/environment.js";
import { UsageError } from "../../../protocol/failures.js";
import type { SubmitOption } from "./option.js";

export interface EnvironmentOptions {
  /** In the order of the command line. */
  env?: string[];
}

export const ENVIRONMENT: SubmitOption<EnvironmentOptions> = {
  add(command, form) {
    if (form === "edit") return;
    command.option(
      "--env <name[=value]>",
      "Set an environment variable of the operation; without =value, send the value of this shell (repeatable)",
      (word: string, earlier: string[] = []) => [...earlier, word],
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
 * @throws UsageError where a variable is not set, or a name is not valid
 */
export function givenVariables(
  options: EnvironmentOptions,
  env: Variables = process.env,
): Record<string, string> {
  const given: Record<string, string> = {};
  for (const word of options.env ?? []) Object.assign(given, fromWord(word, env));
  return given;
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

function checkName(where: string, name: string): void {
  if (name === "" || /[\s\0]/.test(name))
    throw new UsageError(
      `${where}: ${JSON.stringify(name)} is not the name of a variable; give NAME=value`,
    );
  if (isReserved(name))
    throw new UsageError(`${where}: the name ${name} is reserved for liveops; leave it out`);
}
