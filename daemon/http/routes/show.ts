import { definition, type RoutePlugin } from "../route-definition.js";

export const showRoute: RoutePlugin = (app, { context }, done) => {
  app.route({ ...definition("show"), handler: ({ params }) => context.whole(context.find(params.id)) });
  done();
};
