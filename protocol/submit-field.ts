/** What a field of a submit is, and what the rows of the tables are made of. */
import type * as zod from "zod/mini";

/** What the schemas of the table use of zod. */
export type Zod = Pick<
  typeof zod,
  | "array"
  | "enum"
  | "gte"
  | "int"
  | "iso"
  | "literal"
  | "lte"
  | "maxLength"
  | "minLength"
  | "nullable"
  | "optional"
  | "record"
  | "regex"
  | "strictObject"
  | "string"
  | "union"
  | "unknown"
>;

/** The commands that have submit options. */
export type Form = "submit" | "run" | "schedule" | "again" | "edit";

/** What stands together in help, in the record and on the screen. */
export type Group =
  | "parameters"
  | "label"
  | "directory"
  | "session"
  | "environment"
  | "queue"
  | "dependencies"
  | "start"
  | "hosts"
  | "history"
  | "type"
  | "run";

/** A schema, and its description. */
interface Part {
  schema: (z: Zod) => zod.ZodMiniType;
  about: string;
}

interface Flag {
  name: string;
  /** By command; a command without a text has no such flag. */
  help: Partial<Record<Form, string>>;
  /** It may be repeated, or has a list separated by commas. */
  isList?: true;
  /** The flag that cannot be given beside it, as commander names its value. */
  conflicts?: string;
  /**
   * The fields of the request. Default: the value, under the name of the field.
   *
   * @throws UsageError for a wrong value
   */
  fields?: (value: never, form: Form) => object;
}

export interface SubmitField {
  group: Group;
  /** Absent: a file of `tui/cli/options/` has the flags. */
  flag?: Flag;
  /** As the requests take it; an absent one does not. */
  submit?: Part;
  again?: Part;
  edit?: Part;
  record?: Part;
  /** As the daemon lists the types. */
  type?: Part;
  /** As the event of a start has it. */
  started?: Part;
  /** The value of most types; the policy of an attempt has another one. Default: it has none. */
  usual?: string;
  /** What the value of a type says of the record. Default: nothing. */
  says?: (value: never) => object;
  /** Value of a record whose submission leaves the field out. */
  standard?: unknown;
  /**
   * Key of the record whose value the next operation of the chain gets, unless its type says
   * another. Default: none.
   */
  next?: string;
  /** `again` takes it from the finished operation. */
  isRepeated?: true;
  /** A value as the record keeps it. */
  normal?: (value: never) => unknown;
  /** The row of `show` and of the screen. `isAlways`: also with the standard value. */
  row?: { label: string; kind: "text" | "place" | "start" | "operations"; isAlways?: true };
}

export const part = <S extends zod.ZodMiniType>(schema: (z: Zod) => S, about = "") => ({
  schema,
  about,
});

export const words = (z: Zod) => z.array(z.string());

/** The help of a flag of submit, schedule and again. */
export function help(text: string, ofChange = text): Flag["help"] {
  return { submit: text, schedule: text, again: `${ofChange} (default: that of the operation)` };
}
