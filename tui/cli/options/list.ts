/** The submit options, in the order of `--help`. A new one is a file of this folder and an entry here. */
import { Command } from "commander";
import type { GlobalOptions } from "../../../protocol/client/daemon-address.js";
import { CWD } from "./cwd.js";
import { ENVIRONMENT } from "./environment.js";
import { FORCE } from "./force.js";
import { HOOKS } from "./hooks.js";
import { HOSTS } from "./hosts.js";
import { LABEL } from "./label.js";
import { LIMITS } from "./limits.js";
import type { Bodies, Context, Form } from "./option.js";
import { PARAMS } from "./params.js";
import { QUEUE } from "./queue.js";
import { START } from "./start.js";

const OPTIONS = [PARAMS, FORCE, LABEL, CWD, QUEUE, HOSTS, START, HOOKS, ENVIRONMENT, LIMITS] as const;

type FieldsOf = (typeof OPTIONS)[number]["fields"];

/** What commander reads of the flags of all submit options. */
export type SubmitFlags = GlobalOptions &
  (FieldsOf extends (given: infer Given, context: Context) => unknown ? Given : never);

/** Adds the submit options that the command has. */
export function addSubmitOptions(command: Command, form: Form): Command {
  for (const option of OPTIONS) option.add(command, form);
  return command;
}

/**
 * The fields of the request that the options give.
 *
 * @throws UsageError for a wrong value
 */
export async function submitFields<F extends keyof Bodies>(
  given: SubmitFlags,
  context: Context & { form: F },
): Promise<Partial<Bodies[F]>> {
  const fields = {};
  for (const option of OPTIONS) Object.assign(fields, await option.fields(given, context));
  return fields;
}

/** The flags of a command, for a message: `--label, --queue`. */
export function flagNames(form: Form): string {
  return addSubmitOptions(new Command(), form)
    .options.map(({ long }) => long)
    .join(", ");
}
