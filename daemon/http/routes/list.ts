/** `GET /v1/operations`: newest first, filtered, in pages. */
import { Refusal } from "../../../protocol/errors.js";
import { definition, type RoutePlugin } from "../route-definition.js";

export const listRoute: RoutePlugin = (app, { context }, done) => {
  app.route({
    ...definition("list"),
    handler: ({ query }) => {
      const { state, op, chain, q, limit, before } = query;
      const filter = { state, op, chain, q, before: before === undefined ? undefined : orderOf(before) };
      const entries = context.store.list(filter, limit + 1);
      const page = entries.slice(0, limit);
      const more = entries.length > limit && limit > 0;
      return {
        operations: page.map((entry) => context.present(entry)),
        next: more ? page.at(-1)!.order.toString(36) : null,
        total: context.store.count(filter),
      };
    },
  });
  done();
};

function orderOf(before: string): number {
  const order = Number.parseInt(before, 36);
  if (!/^[0-9a-z]+$/.test(before) || !Number.isSafeInteger(order)) {
    throw new Refusal("LIVEOPS_BAD_REQUEST", "the query's before takes the `next` of an earlier page");
  }
  return order;
}
