/** A setting of the config file, as the tables describe it. */
import type { JsonSchema } from "../schema/json-schema.js";
import type { OwnKeywords } from "../schema/misfit.js";

/** A setting that is not a limit. */
export interface Setting {
  /** In Markdown. */
  description: string;
  /** Absent: none, or it depends on the machine. */
  default?: unknown;
  /** In Markdown, where `default` does not tell it. */
  defaultText?: string;
  schema: JsonSchema & OwnKeywords;
  /** Makes the whole value of a valid one. Default: the value itself. */
  whole?: (value: never) => unknown;
}

/** The type of the values that a schema takes. */
export type ValueOf<S> = S extends { enum: readonly (infer V)[] }
  ? V
  : S extends { anyOf: readonly (infer Branch)[] }
    ? ValueOf<Branch>
    : S extends { type: "array"; items: infer Item }
      ? ValueOf<Item>[]
      : S extends { type: "object"; properties: infer P; required: readonly (infer R)[] }
        ? { [K in keyof P & R]: ValueOf<P[K]> } & {
            [K in Exclude<keyof P, R>]?: ValueOf<P[K]> | undefined;
          }
        : S extends { type: "object"; properties: infer P }
          ? { [K in keyof P]?: ValueOf<P[K]> | undefined }
          : S extends { type: "object"; additionalProperties: infer Member }
            ? Record<string, ValueOf<Member>>
            : S extends { type: infer T extends keyof Plain }
              ? Plain[T]
              : never;

interface Plain {
  string: string;
  boolean: boolean;
  integer: number;
  number: number;
}

/** The type of the whole values of a setting. */
export type WholeOf<S extends { schema: unknown }> = S extends { whole: (value: never) => infer W }
  ? W
  : ValueOf<S["schema"]>;
