import { definition, type RoutePlugin } from "../route-definition.js";

export const removeRoute: RoutePlugin = (app, { context }, done) => {
  app.route({
    ...definition("remove"),
    handler: async ({ params }) => {
      const removed = context.whole(context.find(params.id));
      await context.lifecycle.remove(removed.id);
      return removed;
    },
  });
  done();
};
