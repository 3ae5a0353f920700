/**
 * The submit options, in the order of `--help`. A new one is a row of the table of submit fields,
 * or a file of this folder where its value needs more than the row can say.
 */
import { Command, Option } from "commander";
import type { GlobalOptions } from "../../../protocol/client/daemon-address.js";
import type { Form, Group } from "../../../protocol/submit-field.js";
import { fieldsWith } from "../../../protocol/submit-fields.js";
import { CWD, type CwdOptions } from "./cwd.js";
import { ENVIRONMENT, type EnvironmentOptions } from "./environment.js";
import type { Bodies, Context, SubmitOption } from "./option.js";
import { PARAMS, type ParamsOptions } from "./params.js";
import { START, type StartOptions } from "./start.js";

/** What commander reads of the flags that the commands look at. */
export interface SubmitFlags
  extends GlobalOptions,
    ParamsOptions,
    CwdOptions,
    StartOptions,
    EnvironmentOptions {
  label?: string;
  force?: true;
}

/** By group: the options with a file of this folder; null: only those of the table. */
const GROUPS: Record<WithFlags, SubmitOption<SubmitFlags> | null> = {
  parameters: PARAMS,
  label: null,
  directory: CWD,
  session: null,
  queue: null,
  hosts: null,
  dependencies: null,
  start: START,
  environment: ENVIRONMENT,
};

/** The other groups are those of the type. */
type WithFlags = Exclude<Group, "history" | "type" | "run">;

// The keys of GROUPS are groups.
const OWN = Object.entries(GROUPS) as Array<[WithFlags, SubmitOption<SubmitFlags> | null]>;

/** Adds the submit options that the command has. */
export function addSubmitOptions(command: Command, form: Form): Command {
  for (const [group, own] of OWN) {
    own?.add(command, form);
    for (const [, { flag }] of fieldsWith("flag", group)) {
      const text = flag.help[form];
      if (text === undefined) continue;
      const option = new Option(flag.name, text).conflicts(flag.conflicts ?? []);
      if (flag.isList) option.argParser(listed);
      command.addOption(option);
    }
  }
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
  const values: Record<string, unknown> = { ...given };
  const fields = {};
  for (const [group, own] of OWN) {
    Object.assign(fields, await own?.fields?.(given, context));
    for (const [name, { flag }] of fieldsWith("flag", group)) {
      const value = values[new Option(flag.name).attributeName()];
      if (value === undefined) continue;
      // The row of the table says what its flag reads.
      Object.assign(fields, flag.fields?.(value as never, context.form) ?? { [name]: value });
    }
  }
  return fields;
}

/** Collects the values of a flag that may be repeated, or has a list separated by commas. */
function listed(text: string, before: string[] = []): string[] {
  return [...before, ...text.split(",").filter(Boolean)];
}

/** The flags of a command, for a message: `--label, --queue`. */
export function flagNames(form: Form): string {
  return addSubmitOptions(new Command(), form)
    .options.map(({ long }) => long)
    .join(", ");
}
