/** The routes of operation types: `GET /v1/ops` and `GET /v1/ops/:op/history`. */
import { likenessBy } from "../../../protocol/estimate/likeness.js";
import { unknownType } from "../../../protocol/text/unknown-name.js";
import { type Context, definition, type RoutePlugin } from "../route-definition.js";

export const typeRoutes: RoutePlugin = (app, { context }, done) => {
  app.route({ ...definition("types"), handler: () => context.types.types() });
  app.route({
    ...definition("history"),
    handler: async ({ params, query }) => {
      // A type that no longer loads is known by its operations.
      if ((await context.store.archive.count({ op: params.op })) === 0)
        await mustBeLoaded(context, params.op);
      return context.durations.of(likenessBy(params.op, query.key));
    },
  });
  done();
};

async function mustBeLoaded({ types }: Context, op: string): Promise<void> {
  const { ops, errors } = await types.types();
  const names = ops.map((type) => type.op);
  if (!names.includes(op)) throw unknownType(op, names, errors.length);
}
