/**
 * The environment of an operation: that of its submit, on top of the worker's own, which has only
 * the base and what `env.fromDaemon` permits (`daemon/child-environment.ts`). Restored after each
 * operation, whatever the operation changed.
 */
import { isReserved } from "../../protocol/environment.js";

let own: Record<string, string | undefined> | null = null;

/**
 * Sets an operation's variables. Reading all variables is slow, so this process's own are read
 * once.
 *
 * @param submitted variables of the submit; reserved names are left out, so that no submit can
 *   remove the mark
 * @param operation the variables of `operationVariables`
 */
export function enterEnvironment(
  submitted: Record<string, string>,
  operation: Record<string, string>,
): void {
  own ??= { ...process.env };
  for (const [name, value] of Object.entries(submitted))
    if (!isReserved(name)) process.env[name] = value;
  Object.assign(process.env, operation);
}

export function leaveEnvironment(): void {
  if (own === null) return;
  // Copied once: each read of a variable asks the system.
  const now = { ...process.env };
  for (const name of Object.keys(now)) if (!(name in own)) delete process.env[name];
  for (const [name, value] of Object.entries(own))
    if (now[name] !== value) process.env[name] = value;
}
