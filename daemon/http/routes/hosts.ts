/** `GET /v1/hosts`, `POST /v1/hosts/:host/lost` and `POST /v1/drain`. */
import { definition, type RoutePlugin } from "../route-definition.js";

export const hostRoutes: RoutePlugin = (app, { context }, done) => {
  const { hosts } = context;
  app.route({ ...definition("hosts"), handler: () => hosts.describe() });
  app.route({ ...definition("declareLost"), handler: ({ params }) => hosts.declareLost(params.host) });
  app.route({ ...definition("drain"), handler: ({ body }) => hosts.drain(body.draining) });
  done();
};
