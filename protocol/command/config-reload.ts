/** When a change of the config file takes effect. */
import type { Config } from "./config.js";

/** `live`: at a reload of the daemon. `dashboard`: when `liveops-tui` starts the next time. */
export type Reload = "live" | "restart" | "dashboard";

/** By setting. The daemon applies the live ones; `npm run docs` writes the table of docs/configuration.md. */
export const RELOAD: Record<keyof Config, Reload> = {
  stateDir: "restart",
  socket: "restart",
  ops: "live",
  concurrency: "live",
  queues: "live",
  hooks: "live",
  notify: "dashboard",
  theme: "dashboard",
  mouse: "dashboard",
  links: "dashboard",
  keys: "dashboard",
  cgroup: "restart",
  logLevel: "live",
  metrics: "live",
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
