/** `GET /openapi.json`. */
import { openapi } from "../openapi.js";
import { definition, type RoutePlugin } from "../route-definition.js";

export const openapiRoute: RoutePlugin = (app, _options, done) => {
  app.route({ ...definition("openapi"), handler: () => openapi() });
  done();
};
