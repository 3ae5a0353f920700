/** When a change of the config file takes effect. */
import type { Config } from "./config-types.js";

/** `live`: at a reload of the daemon. `command`: at the next command. `dashboard`: when `liveops-tui` starts again. */
export type Reload = "live" | "restart" | "command" | "dashboard";

/** By setting. The daemon applies the live ones; `npm run docs` writes the table of docs/configuration.md. */
export const RELOAD: Record<keyof Config, Reload> = {
  stateDir: "restart",
  socket: "restart",
  ops: "live",
  concurrency: "live",
  queues: "live",
  hooks: "live",
  autostart: "command",
  notify: "dashboard",
  theme: "dashboard",
  mouse: "dashboard",
  links: "dashboard",
  keys: "dashboard",
  cgroup: "restart",
  logLevel: "live",
  metrics: "live",
  traces: "restart",
  env: "live",
  fleet: "restart",
  maxQueued: "live",
  maxQueuedBytes: "live",
  maxBody: "restart",
  maxLog: "live",
  maxTypeWait: "live",
  maxChainLength: "live",
  maxDaemonLog: "live",
  maxConnections: "live",
  keepFinished: "live",
  keepDays: "live",
  hookTimeout: "live",
  stallAfter: "live",
  nice: "live",
};
