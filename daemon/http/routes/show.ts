/** `GET /v1/operations/:id`. */
import type { FastifyInstance } from "fastify";
import type { Context } from "../../context.js";
import { bind } from "../route.js";

export function showRoute(app: FastifyInstance, context: Context): void {
  bind(app, "show", ({ params }) => context.whole(context.find(params.id)));
}
