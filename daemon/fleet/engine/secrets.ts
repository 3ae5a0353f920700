/**
 * Values of environment variables are kept apart from the decision that sets them: who may only view the fleet gets the
 * names, with empty values.
 */
import type { Decision } from "../../store/decision.js";

type Env = Record<string, string>;

/** The variables that a decision sets; null: none. */
function envOf(decision: Decision): Env | null {
  switch (decision.kind) {
    case "submitted":
      return decision.env;
    case "edited":
      return decision.env ?? null;
    case "finished":
      return decision.successor?.submitted.env ?? null;
    case "retried":
    case "restored":
      return decision.entry.env ?? null;
    default:
      return null;
  }
}

/** The decision with other values of its variables. */
function withEnv(decision: Decision, env: Env): Decision {
  switch (decision.kind) {
    case "submitted":
    case "edited":
      return { ...decision, env };
    case "finished": {
      const { successor } = decision;
      if (!successor) return decision;
      return { ...decision, successor: { ...successor, submitted: { ...successor.submitted, env } } };
    }
    case "retried":
    case "restored":
      return { ...decision, entry: { ...decision.entry, env } };
    default:
      return decision;
  }
}

/** Splits a decision into its text without values and the values; `secret` null: it sets no variable. */
export function splitSecrets(decision: Decision): { body: string; secret: string | null } {
  const env = envOf(decision);
  const names = env === null ? [] : Object.keys(env);
  if (names.length === 0) return { body: JSON.stringify(decision), secret: null };
  const empty = Object.fromEntries(names.map((name) => [name, ""]));
  return { body: JSON.stringify(withEnv(decision, empty)), secret: JSON.stringify(env) };
}

/** The decision with its values, where `secret` could be read. */
export function joinSecrets(body: string, secret: string | null): Decision {
  const decision = JSON.parse(body) as Decision;
  return secret === null ? decision : withEnv(decision, JSON.parse(secret) as Env);
}
