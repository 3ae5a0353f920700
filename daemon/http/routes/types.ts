/** `GET /v1/ops`: the operation types, the files that do not load, the names that are shadowed. */
import type { FastifyInstance } from "fastify";
import type { Context } from "../../context.js";
import { bind } from "../route.js";

export function typesRoute(app: FastifyInstance, context: Context): void {
  bind(app, "types", () => context.loader.types());
}
