/** What `daemon.cjs` gives the commands: the daemon, and what features do without one. */
export { openFleetClient } from "./features/fleet/fleet-client.js";
export * from "./main.js";
