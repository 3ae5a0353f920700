/** `POST /v1/operations/:id/cancel`: answered once it is recorded; the operation stops when it can. */
import type { FastifyInstance } from "fastify";
import type { Context } from "../../context.js";
import { bind } from "../route.js";

export function cancelRoute(app: FastifyInstance, context: Context): void {
  bind(app, "cancel", async ({ params }) => {
    const { id } = context.find(params.id).record;
    await context.lifecycle.cancel(id);
    context.executor.stopOperation(id);
    return context.whole(context.find(id));
  });
}
