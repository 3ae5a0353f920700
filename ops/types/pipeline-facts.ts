/**
 * What the text of a pipeline says to those that submit it: its secrets, and what follows it. The
 * type may come from another bundle, so a symbol of the process names the property.
 */

import type { Actions } from "../../protocol/actions.js";
import type { UsedName } from "../../protocol/pipeline/used-names.js";
import type { OperationCtor } from "./read-type.js";

/** Sources of secrets whose value is a variable or is typed, such as `env:TOKEN`, by parameter. */
export type SecretSources = Readonly<Record<string, string>>;

export interface PipelineFacts {
  /** Seconds between a stop request and the kill. */
  gracePeriod: number;
  secretSources: SecretSources;
  /** Name of the type with which the chain continues; null: none. */
  next: string | null;
  uses: readonly UsedName[];
  /** What the key `on` says; null: nothing. */
  actions: Actions | null;
  /** The accepted input, in which each secret names its source, also one that the file gives. */
  input: Record<string, unknown>;
}

/** @param params - parsed, with defaults */
type Read = (params: unknown, input: Record<string, unknown>) => PipelineFacts;

const KEY = Symbol.for("liveops.pipeline-facts");

export function setPipelineFacts(Type: object, read: Read): void {
  Object.defineProperty(Type, KEY, { value: read });
}

/** Null: the type is no pipeline. */
export function readPipelineFacts(
  Type: OperationCtor,
  params: unknown,
  input: Record<string, unknown>,
): PipelineFacts | null {
  return (Type as { [KEY]?: Read })[KEY]?.(params, input) ?? null;
}

/** The secrets without a value. */
export function missingIn(
  sources: SecretSources,
  env: Readonly<Record<string, string | undefined>>,
  values: Readonly<Record<string, string>> = {},
): SecretSources {
  const isMissing = (source: string) => {
    const [, name] = /^env:(.*)$/s.exec(source) ?? [];
    return !(source in values) && (name === undefined || (env[name] ?? "") === "");
  };
  return Object.fromEntries(Object.entries(sources).filter(([, source]) => isMissing(source)));
}

/** The values of secrets that are variables, by source. */
export function valuesOf(
  sources: SecretSources,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.values(sources).flatMap((source) => {
      const value = env[/^env:(.*)$/s.exec(source)?.[1] ?? ""] ?? "";
      return value === "" ? [] : [[source, value]];
    }),
  );
}
