/** What a client has to know of each route at run time, without the schemas of `routes.ts`. */
export interface Path {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
  /** The client's input is the query or the body. Absent: the route takes neither. */
  sends?: "query" | "body";
  /** The request has an idempotency key, so the client may repeat it. */
  key?: true;
  /** The reply is a stream of lines; a stream that ends without this line is a lost connection. */
  lastLine?: "end";
  /** The client accepts a daemon of any version, to show or stop it. */
  anyVersion?: true;
  /** The reply may take as long as the daemon replies to other requests. */
  isSlow?: true;
}

export const PATHS = {
  submit: { method: "POST", path: "/v1/operations", sends: "body", key: true },
  list: { method: "GET", path: "/v1/operations", sends: "query" },
  show: { method: "GET", path: "/v1/operations/:id" },
  edit: { method: "PATCH", path: "/v1/operations/:id", sends: "body" },
  remove: { method: "DELETE", path: "/v1/operations/:id" },
  log: { method: "GET", path: "/v1/operations/:id/log", sends: "query" },
  why: { method: "GET", path: "/v1/operations/:id/why", sends: "query" },
  events: { method: "GET", path: "/v1/operations/:id/events", sends: "query", lastLine: "end" },
  attach: { method: "GET", path: "/v1/operations/:id/terminal", lastLine: "end" },
  input: { method: "POST", path: "/v1/operations/:id/terminal", sends: "body" },
  shell: { method: "POST", path: "/v1/operations/:id/shell" },
  submitChild: { method: "POST", path: "/v1/operations/:id/children", sends: "body" },
  cancel: { method: "POST", path: "/v1/operations/:id/cancel" },
  pause: { method: "POST", path: "/v1/operations/:id/pause" },
  resume: { method: "POST", path: "/v1/operations/:id/resume" },
  approve: { method: "POST", path: "/v1/operations/:id/approve", sends: "body" },
  reject: { method: "POST", path: "/v1/operations/:id/reject", sends: "body" },
  cancelAll: { method: "POST", path: "/v1/cancel", sends: "body", lastLine: "end" },
  retryAll: { method: "POST", path: "/v1/retry", sends: "body", lastLine: "end" },
  removeAll: { method: "POST", path: "/v1/remove", sends: "body", lastLine: "end" },
  queues: { method: "GET", path: "/v1/queues" },
  setQueue: { method: "POST", path: "/v1/queues/:queue", sends: "body" },
  removeQueue: { method: "DELETE", path: "/v1/queues/:queue" },
  pauseQueue: { method: "POST", path: "/v1/pause", sends: "body" },
  resumeQueue: { method: "POST", path: "/v1/resume", sends: "body" },
  schedules: { method: "GET", path: "/v1/schedules" },
  addSchedule: { method: "POST", path: "/v1/schedules", sends: "body" },
  removeSchedule: { method: "DELETE", path: "/v1/schedules/:schedule" },
  runSchedule: { method: "POST", path: "/v1/schedules/:schedule/run", key: true },
  retry: { method: "POST", path: "/v1/operations/:id/retry", sends: "body" },
  again: { method: "POST", path: "/v1/operations/:id/again", sends: "body", key: true },
  hosts: { method: "GET", path: "/v1/hosts" },
  declareLost: { method: "POST", path: "/v1/hosts/:host/lost" },
  drain: { method: "POST", path: "/v1/drain", sends: "body" },
  openSession: { method: "GET", path: "/v1/sessions/:session", lastLine: "end" },
  watch: { method: "GET", path: "/v1/watch", sends: "query", lastLine: "end" },
  types: { method: "GET", path: "/v1/ops" },
  history: { method: "GET", path: "/v1/ops/:op/history", sends: "query" },
  forecast: { method: "GET", path: "/v1/forecast" },
  daemon: { method: "GET", path: "/v1/daemon", anyVersion: true },
  stop: { method: "POST", path: "/v1/daemon/stop", sends: "body", anyVersion: true, isSlow: true },
  metrics: { method: "GET", path: "/metrics" },
} as const satisfies Record<string, Path>;

/** The name of a route, which is also the name of the client's method. */
export type RouteName = keyof typeof PATHS;
