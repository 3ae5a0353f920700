/** `--hook`: commands that run after the operation. */
import { UsageError } from "../../../protocol/failures.js";
import { MAX_HOOK, OPERATION_HOOKS, type OperationHook } from "../../../protocol/hooks.js";
import { alternatives } from "../../../protocol/text/alternatives.js";
import { namedValue, type SubmitOption } from "./option.js";

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
    const hooks: Partial<Record<OperationHook, string>> = {};
    for (const word of hook) {
      const [name, command] = namedValue("--hook", word, OPERATION_HOOKS);
      if (command.trim() === "" || command.length > MAX_HOOK)
        throw new UsageError(`--hook ${name} takes a command for sh -c, at most ${MAX_HOOK} characters`);
      hooks[name] = command;
    }
    return hook.length === 0 ? {} : { hooks };
  },
};
