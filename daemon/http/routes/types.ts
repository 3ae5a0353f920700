import { definition, type RoutePlugin } from "../route-definition.js";

export const typesRoute: RoutePlugin = (app, { context }, done) => {
  app.route({ ...definition("types"), handler: () => context.loader.types() });
  done();
};
