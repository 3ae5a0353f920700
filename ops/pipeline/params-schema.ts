/**
 * The zod schema of a pipeline's parameters: `--help`, the form, `name=value` arguments and the
 * checks use it.
 */
import { z } from "liveops";
import type { PipelineParam } from "./definition.js";
import { whyNotVariable, whyTooMuch } from "./limits.js";

/** Where the worker reads the value of a secret; `prompt:` is typed at the submit. */
const SECRET_SOURCE = /^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:.+|prompt:[A-Za-z_][A-Za-z0-9_]*)$/s;

/** @param description - of the pipeline; null: none */
export function paramsSchema(params: readonly PipelineParam[], description: string | null = null) {
  // No prototype: a parameter may be called like a method of objects.
  const shape: Record<string, z.ZodType> = Object.create(null);
  for (const param of params) shape[param.name] = paramSchema(param);
  const schema = z.object(shape).superRefine((values, context) => {
    const bytes = Object.values(values).reduce<number>(
      (sum, value) => sum + Buffer.byteLength(String(value ?? "")),
      0,
    );
    const problem = whyTooMuch(bytes);
    if (problem !== null) context.addIssue(problem);
  });
  return description === null ? schema : schema.describe(description);
}

function paramSchema(param: PipelineParam): z.ZodType {
  let schema = param.secret ? secretSchema() : valueSchema(param);
  const about = [param.description ?? "", param.secret ? SECRET_HINT : ""]
    .filter(Boolean)
    .join("; ");
  const standard = param.default ?? param.from;
  if (standard !== undefined) schema = schema.default(standard);
  else if (!param.required) schema = schema.optional();
  return about === "" ? schema : schema.describe(about);
}

const SECRET_HINT = "a secret: env:NAME, file:PATH or prompt:";

/** The message never shows the value, which may be the secret itself. */
function secretSchema(): z.ZodType {
  const schema = z.string().refine((value) => SECRET_SOURCE.test(value), {
    message: "takes env:NAME, file:PATH or prompt:, so that the secret itself is never stored",
  });
  return schema.meta({ writeOnly: true });
}

function valueSchema(param: Pick<PipelineParam, "type" | "enum">): z.ZodType {
  const { type, enum: values } = param;
  if (values !== undefined) return z.literal([...values]);
  if (type === "string")
    return z.string().superRefine((text, context) => {
      const problem = whyNotVariable(text);
      if (problem !== null) context.addIssue(problem);
    });
  if (type === "list") return z.array(valueSchema({ ...param, type: "string" }));
  if (type === "boolean") return z.boolean();
  return type === "integer" ? z.int() : z.number();
}
