/** Method and path of each route, for code that does not need the schemas of `routes.ts`. */
export const PATHS = {
  submit: { method: "POST", path: "/v1/operations" },
  list: { method: "GET", path: "/v1/operations" },
  show: { method: "GET", path: "/v1/operations/:id" },
  edit: { method: "PATCH", path: "/v1/operations/:id" },
  remove: { method: "DELETE", path: "/v1/operations/:id" },
  log: { method: "GET", path: "/v1/operations/:id/log" },
  events: { method: "GET", path: "/v1/operations/:id/events" },
  cancel: { method: "POST", path: "/v1/operations/:id/cancel" },
  retry: { method: "POST", path: "/v1/operations/:id/retry" },
  again: { method: "POST", path: "/v1/operations/:id/again" },
  pause: { method: "POST", path: "/v1/operations/:id/pause" },
  resume: { method: "POST", path: "/v1/operations/:id/resume" },
  queues: { method: "GET", path: "/v1/queues" },
  setQueue: { method: "POST", path: "/v1/queues/:queue" },
  removeQueue: { method: "DELETE", path: "/v1/queues/:queue" },
  pauseQueue: { method: "POST", path: "/v1/pause" },
  resumeQueue: { method: "POST", path: "/v1/resume" },
  watch: { method: "GET", path: "/v1/watch" },
  types: { method: "GET", path: "/v1/ops" },
  history: { method: "GET", path: "/v1/ops/:op/history" },
  forecast: { method: "GET", path: "/v1/forecast" },
  daemon: { method: "GET", path: "/v1/daemon" },
  backup: { method: "POST", path: "/v1/daemon/backup" },
  openapi: { method: "GET", path: "/openapi.json" },
  stop: { method: "POST", path: "/v1/daemon/stop" },
} as const;

/** The name of a route, which is also the name of the client's method. */
export type RouteName = keyof typeof PATHS;
