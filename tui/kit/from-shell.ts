/** Variables and secrets that an operation type takes from the shell of its submit. */

import { remoteOf } from "../../protocol/client/address.js";
import { Refusal } from "../../protocol/errors.js";

/** What is added to a request. */
export interface ShellValues {
  shell: Record<string, string>;
  /** Values by their source, such as `env:TOKEN`. */
  secrets: Record<string, string>;
}

/**
 * Sends a request. If the daemon replies that the type takes variables of the shell, sends it again with those of this
 * process. Another machine gets none: a person names what leaves this one.
 *
 * @param prompt - asks for a secret of this name; absent: nobody can be asked
 * @throws the refusal where this process has none of them
 */
export async function withShellValues<T>(
  socket: string,
  send: (values: ShellValues) => Promise<T>,
  prompt?: (name: string) => Promise<string>,
): Promise<T> {
  try {
    return await send({ shell: {}, secrets: {} });
  } catch (error) {
    const isAsked = error instanceof Refusal && error.code === "LIVEOPS_VARIABLE_MISSING";
    if (!isAsked || remoteOf(socket) !== null) throw error;
    const { variables = [], secrets = [] } = error.extra;
    const values: ShellValues = { shell: {}, secrets: {} };
    for (const name of variables) if (process.env[name] !== undefined) values.shell[name] = process.env[name];
    for (const source of secrets) {
      const [, kind, name = ""] = /^(env|prompt):(.*)$/s.exec(source) ?? [];
      const value = kind === "env" ? process.env[name] : await prompt?.(name);
      if (value !== undefined && value !== "") values.secrets[source] = value;
    }
    if (Object.keys({ ...values.shell, ...values.secrets }).length === 0) throw error;
    return send(values);
  }
}

/** The body with these values. */
export function addShellValues<B extends object & { secrets?: Record<string, string> | undefined }>(
  body: B,
  { shell, secrets }: ShellValues,
): B {
  return {
    ...body,
    ...(Object.keys(shell).length > 0 && { shell }),
    ...(Object.keys(secrets).length > 0 && { secrets: { ...body.secrets, ...secrets } }),
  };
}
