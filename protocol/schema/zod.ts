/**
 * What the table of submit fields uses of zod. Its namespace as a value would put all of zod into
 * each bundle.
 */
import * as z from "zod/mini";
import type { Zod } from "../submit-field.js";

export const ZOD: Zod = {
  array: z.array,
  enum: z.enum,
  gte: z.gte,
  int: z.int,
  iso: z.iso,
  literal: z.literal,
  lte: z.lte,
  maxLength: z.maxLength,
  minLength: z.minLength,
  nullable: z.nullable,
  optional: z.optional,
  record: z.record,
  regex: z.regex,
  strictObject: z.strictObject,
  string: z.string,
  union: z.union,
  unknown: z.unknown,
};
