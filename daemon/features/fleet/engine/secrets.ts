/**
 * Values of environment variables are kept apart from the decision that sets them: who may only
 * view the fleet gets the names, with empty values.
 */
import type { Decision } from "../../../store/decision.js";

type Env = Record<string, string>;

/** The decision with other values of the variables that it sets. */
function withEnv(decision: Decision, change: (env: Env) => Env): Decision {
  switch (decision.kind) {
    case "submitted":
      return { ...decision, env: change(decision.env) };
    case "finished": {
      const { successor } = decision;
      if (!successor) return decision;
      const { submitted } = successor;
      return {
        ...decision,
        successor: { ...successor, submitted: { ...submitted, env: change(submitted.env) } },
      };
    }
    case "retried":
    case "restored": {
      const { entry } = decision;
      return entry.env ? { ...decision, entry: { ...entry, env: change(entry.env) } } : decision;
    }
    default:
      return decision;
  }
}

/**
 * Splits a decision into its text without values and the values; `secret` null: it sets no
 * variable.
 */
export function splitSecrets(decision: Decision): { body: string; secret: string | null } {
  let values: Env = {};
  const empty = withEnv(decision, (env) => {
    values = env;
    return Object.fromEntries(Object.keys(env).map((name) => [name, ""]));
  });
  const secret = Object.keys(values).length > 0 ? JSON.stringify(values) : null;
  return { body: JSON.stringify(empty), secret };
}

/** The decision with its values, where `secret` could be read. */
export function joinSecrets(body: string, secret: string | null): Decision {
  const decision = JSON.parse(body) as Decision;
  return secret === null ? decision : withEnv(decision, () => JSON.parse(secret) as Env);
}
