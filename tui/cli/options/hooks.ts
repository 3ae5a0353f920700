/** `--on-success`, `--on-failure`, `--on-finish` and `--on-stall`: commands that run after the operation. */
import { UsageError } from "../../../protocol/failures.js";
import { HOOK_TIMES, MAX_HOOK, OPERATION_HOOKS, type OperationHook } from "../../../protocol/hooks.js";
import type { SubmitOption } from "./option.js";

export type HookOptions = Partial<Record<OperationHook, string>>;

export const HOOKS: SubmitOption<HookOptions> = {
  add(command, form) {
    if (form !== "submit" && form !== "schedule") return;
    for (const hook of OPERATION_HOOKS)
      command.option(`${flagOf(hook)} <command>`, `Run this command with sh when ${HOOK_TIMES[hook]}`);
  },
  fields(given) {
    const hooks: HookOptions = {};
    for (const hook of OPERATION_HOOKS) {
      const command = given[hook];
      if (command === undefined) continue;
      if (command.trim() === "" || command.length > MAX_HOOK)
        throw new UsageError(`${flagOf(hook)} takes a command for sh -c, at most ${MAX_HOOK} characters`);
      hooks[hook] = command;
    }
    return Object.keys(hooks).length === 0 ? {} : { hooks };
  },
};

function flagOf(hook: OperationHook): string {
  return `--${hook.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
