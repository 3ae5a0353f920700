import { definition, type RoutePlugin } from "../route-definition.js";

export const cancelRoute: RoutePlugin = (app, { context }, done) => {
  app.route({
    ...definition("cancel"),
    handler: async ({ params }) => {
      const { id } = context.find(params.id).record;
      await context.lifecycle.cancel(id);
      context.executor.stopOperation(id);
      return context.whole(context.find(id));
    },
  });
  done();
};
