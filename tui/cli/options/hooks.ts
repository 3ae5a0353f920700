/** `--hook`: commands that run after the operation. */
import { UsageError } from "../../../protocol/failures.js";
import { MAX_HOOK, OPERATION_HOOKS } from "../../../protocol/hooks.js";
import { alternatives } from "../../../protocol/text/alternatives.js";
import { namedValues, type SubmitOption } from "./option.js";

export interface HookOptions {
  hook?: string[];
}

export const HOOKS: SubmitOption<HookOptions> = {
  add(command, form) {
    if (form !== "submit" && form !== "schedule") return;
    command.option(
      "--hook <name=command>",
      `Run the command with sh at ${alternatives(OPERATION_HOOKS)} of the operation (repeatable)`,
      (word: string, before: string[] = []) => [...before, word],
    );
  },
  fields({ hook = [] }) {
    const hooks = namedValues("--hook name=command", hook, OPERATION_HOOKS);
    for (const [name, command] of hooks)
      if (command.trim() === "" || command.length > MAX_HOOK)
        throw new UsageError(`--hook ${name} takes a command for sh -c of 1 to ${MAX_HOOK} characters`);
    return hooks.size === 0 ? {} : { hooks: Object.fromEntries(hooks) };
  },
};
