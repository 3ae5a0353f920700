/**
 * Values of environment variables are kept apart from the decision that sets them: who may only view the fleet gets the
 * names, with empty values.
 */
import type { Decision } from "../../store/decision.js";

type Env = Record<string, string>;

/** All places of variables in a decision, in a fixed order. */
function places(decision: Decision): Array<{ env?: Env }> {
  switch (decision.kind) {
    case "submitted":
    case "edited":
      return [decision];
    case "finished":
      return decision.successor ? [decision.successor.submitted] : [];
    case "retried":
    case "restored":
      return [decision.entry];
    default:
      return [];
  }
}

/** Splits a decision into its text without values and the values; `secret` null: it sets no variable. */
export function splitSecrets(decision: Decision): { body: string; secret: string | null } {
  const envs = places(decision).map(({ env }) => env ?? null);
  if (envs.every((env) => env === null || Object.keys(env).length === 0))
    return { body: JSON.stringify(decision), secret: null };
  const copy = structuredClone(decision);
  for (const place of places(copy)) if (place.env) place.env = withoutValues(place.env);
  return { body: JSON.stringify(copy), secret: JSON.stringify(envs) };
}

/** The decision with its values, where `secret` could be read. */
export function joinSecrets(body: string, secret: string | null): Decision {
  const decision = JSON.parse(body) as Decision;
  if (secret === null) return decision;
  const envs = JSON.parse(secret) as Array<Env | null>;
  for (const [index, place] of places(decision).entries()) {
    const env = envs[index];
    if (env) place.env = env;
  }
  return decision;
}

function withoutValues(env: Env): Env {
  return Object.fromEntries(Object.keys(env).map((name) => [name, ""]));
}
