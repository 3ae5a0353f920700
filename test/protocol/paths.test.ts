/** The table of paths beside that of schemas: what is said twice is said alike. */
import { expect, test } from "vitest";
import { PATHS, type RouteName } from "../../protocol/paths.js";
import { ROUTES, type Route } from "../../protocol/routes.js";

test.each(Object.keys(PATHS) as RouteName[])("%s takes something where it has a schema for it", (name) => {
  const { params, query, body }: Route = ROUTES[name];
  expect(PATHS[name].takes).toBe([params, query, body].some((schema) => schema !== undefined));
});
