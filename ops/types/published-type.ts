/**
 * Reads the parameters of a type that another host has published, by their JSON Schema. Code of
 * the type does not run, so the title and stages are those that hold for all parameters.
 */
import { z } from "zod";
import type { OperationType } from "../../protocol/replies.js";
import { saidBy } from "../../protocol/submit-fields.js";
import { LiveOperation } from "../sdk/live-operation.js";
import { type Given, type Prepared, prepare } from "./prepare.js";
import type { OperationCtor } from "./read-type.js";

/** @throws Refusal LIVEOPS_PARAMS_INVALID */
export async function preparePublished(type: OperationType, given: Given): Promise<Prepared> {
  const { op, title, stages, params } = type;
  const Type = class extends LiveOperation {
    static op = op;
    static title = title;
    static stages = stages ?? [];
    static params =
      params === null
        ? z.looseObject({})
        : z.fromJSONSchema(params as Parameters<typeof z.fromJSONSchema>[0]);
    async run() {}
  };
  return { ...(await prepare(Type as unknown as OperationCtor, given)), ...saidBy(type) };
}
