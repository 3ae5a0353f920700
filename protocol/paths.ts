/**
 * Where the routes are: without their schemas (`routes.ts`), which the daemon loads when it answers already.
 */
export const PATHS = {
  submit: { method: "POST", path: "/v1/operations", status: 201, takes: true },
  list: { method: "GET", path: "/v1/operations", status: 200, takes: true },
  show: { method: "GET", path: "/v1/operations/:id", status: 200, takes: true },
  remove: { method: "DELETE", path: "/v1/operations/:id", status: 200, takes: true },
  log: { method: "GET", path: "/v1/operations/:id/log", status: 200, takes: true },
  events: { method: "GET", path: "/v1/operations/:id/events", status: 200, takes: true },
  cancel: { method: "POST", path: "/v1/operations/:id/cancel", status: 200, takes: true },
  retry: { method: "POST", path: "/v1/operations/:id/retry", status: 200, takes: true },
  watch: { method: "GET", path: "/v1/watch", status: 200, takes: true },
  types: { method: "GET", path: "/v1/ops", status: 200, takes: false },
  history: { method: "GET", path: "/v1/ops/:op/history", status: 200, takes: true },
  daemon: { method: "GET", path: "/v1/daemon", status: 200, takes: false },
  backup: { method: "POST", path: "/v1/daemon/backup", status: 200, takes: true },
  stop: { method: "POST", path: "/v1/daemon/stop", status: 200, takes: true },
} as const;

/** A route's name: the client's method has it too. */
export type RouteName = keyof typeof PATHS;
