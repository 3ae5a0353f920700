/** Restores the worker's own environment after each operation, whatever the operation changed. */
import { WORKER_VARIABLE } from "../os/process-identity.js";

let own: Record<string, string | undefined> | null = null;

/** Adds an operation's variables. Reading all variables is slow, so this process's own are read once. */
export function enterEnvironment(added: Record<string, string>): void {
  own ??= { ...process.env };
  Object.assign(process.env, added);
  // Last, so that no operation can remove the mark from the processes it starts.
  const mark = own[WORKER_VARIABLE];
  if (WORKER_VARIABLE in added && mark !== undefined) process.env[WORKER_VARIABLE] = mark;
}

export function leaveEnvironment(): void {
  if (own === null) return;
  // Copied once: each read of a variable asks the system.
  const now = { ...process.env };
  for (const name of Object.keys(now)) if (!(name in own)) delete process.env[name];
  for (const [name, value] of Object.entries(own)) if (now[name] !== value) process.env[name] = value;
}
