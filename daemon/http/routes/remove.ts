/** `DELETE /v1/operations/:id`: a finished operation, with its run files. */
import type { FastifyInstance } from "fastify";
import type { Context } from "../../context.js";
import { bind } from "../route.js";

export function removeRoute(app: FastifyInstance, context: Context): void {
  bind(app, "remove", async ({ params }) => {
    const removed = context.whole(context.find(params.id));
    await context.lifecycle.remove(removed.id);
    return removed;
  });
}
