/** Values of secrets that an operation type takes from the shell of its submit. */
import { remoteOf } from "../../protocol/client/address.js";
import { Refusal } from "../../protocol/errors.js";

/** By their source, such as `env:TOKEN`. */
export type SecretValues = Record<string, string>;

/**
 * Sends a request. If the daemon replies that the type takes secrets of the shell, sends it again
 * with those of this process. Another machine gets none: a person names what leaves this one.
 *
 * @param prompt - asks for a secret of this name; absent: nobody can be asked
 * @throws the refusal where this process has none of them
 */
export async function withSecretValues<T>(
  socket: string,
  send: (secrets: SecretValues) => Promise<T>,
  prompt?: (name: string) => Promise<string>,
): Promise<T> {
  try {
    return await send({});
  } catch (error) {
    const isAsked = error instanceof Refusal && error.code === "LIVEOPS_SECRET_MISSING";
    if (!isAsked || remoteOf(socket) !== null) throw error;
    const values: SecretValues = {};
    for (const source of error.extra.secrets ?? []) {
      const [, kind, name = ""] = /^(env|prompt):(.*)$/s.exec(source) ?? [];
      const value = kind === "env" ? process.env[name] : await prompt?.(name);
      if (value !== undefined && value !== "") values[source] = value;
    }
    if (Object.keys(values).length === 0) throw error;
    return send(values);
  }
}

/** The body with these values. */
export function addSecretValues<B extends object & { secrets?: SecretValues | undefined }>(
  body: B,
  secrets: SecretValues,
): B {
  return Object.keys(secrets).length === 0
    ? body
    : { ...body, secrets: { ...body.secrets, ...secrets } };
}
